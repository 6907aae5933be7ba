import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Why the functions do not run: their code cannot be loaded. */
export interface LoadProblem {
  /** What the runtime printed, without colors. */
  readonly text: string;
  /** The file that is wrong, relative to the project, and the line in it, where the text names them. */
  readonly file?: string;
  readonly line?: number;
}

/** How the runtime names the place: in its own errors, in a stack, of an import map, and the `.env` file's reader. */
const PLACES = [
  /\b(?:at |\()(file:\/\/[^\n()]+):(\d+):\d+/,
  /'(file:\/\/[^']+)' import map[^]* at line (\d+)/,
  /^(\/[^\n]+?|[A-Z]:\\[^\n]+?), line (\d+): /,
] as const;

/** The runtime's hint is for a project that has one deno.json. */
const UNKNOWN_IMPORT = /"([^"]+)"[^"]* not in import map from .*(?:\n.*hint: .*`deno add (npm|jsr):.*)?/;

/**
 * Why the functions cannot be loaded.
 *
 * @param printed What the runtime printed.
 * @param root The project's folder.
 */
export function loadProblem(printed: string, root: string): LoadProblem {
  const [, place = "", line] = PLACES.map((pattern) => pattern.exec(printed)).find(Boolean) ?? [];
  const file = place === "" ? "" : relative(root, pathOf(place)).replaceAll("\\", "/");
  // The functions' deno.json belong to `add`, which takes an edited one for a conflict.
  const said = printed.replace(UNKNOWN_IMPORT, (found, name: string, registry = "npm") => {
    const [problem] = found.split("\n");
    return `${problem}\n  hint: Write \`${registry}:${name}\` in the import`;
  });
  // A stack does not encode what is special in a URL.
  const roots = [`${pathToFileURL(root).href}/`, `file://${root}/`];
  const text = roots.reduce((rest, url) => rest.replaceAll(url, ""), said);
  if (file === "" || file.startsWith("..")) return { text };
  return { text, file, ...(line === undefined ? {} : { line: Number(line) }) };
}

function pathOf(place: string): string {
  if (!place.startsWith("file:")) return place;
  return fileURLToPath(URL.parse(place)?.href ?? place);
}

/** A problem for the terminal, where one line is a message. */
export function oneLine({ text }: LoadProblem): string {
  return text.replace(/\s*\n[\s|~^]*/g, " ").trim();
}
