/** The documents' code blocks and commands. */
import { ROOT } from "./run_script.ts";

/** A fenced block. */
export interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
  /** What the comment before it says: `claims.ts: organization`. */
  readonly marker: string | undefined;
  /** All text from the heading before it to the next one. */
  readonly section: string;
  /** `page:line`. */
  readonly place: string;
}

/** A command, from a block of shell or in backticks. */
export interface Command extends Pick<Block, "page" | "section" | "place"> {
  readonly text: string;
  /** A line of the block before it says that the tests do not run what follows. */
  readonly isSaidNotRun?: boolean;
}

/** What a sentence says of code that no test holds. */
export const NOT_RUN = /\b(not|cannot|neither|nor|no) (be )?(run|compile)|\bnot compiled\b/i;

/** What a command in backticks begins with; in blocks of shell each line is one. */
const PROGRAMS =
  /^(?:aws|bash|cargo|curl|deno|docker|flutter|func|gcloud|gh|git|node|npm|npx|pnpm|supabase|wrangler|yarn) [\w-]/;

const FENCED = /^( *)```(\w*)\n(.*?)^ *```$/gms;

/** README.md, docs/ and .github/; CHANGELOG.md tells what was. */
export const PAGES: readonly string[] = [
  "README.md",
  ...["docs", ".github"].flatMap(filesIn).filter((path) => path.endsWith(".md")).sort(),
];

/** The files below a folder of the repository, by their paths there. */
export function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}${folder}`)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    // What is built there is not ours.
    if (isDirectory) return ["node_modules", "target"].includes(name) ? [] : filesIn(path);
    return [path];
  });
}

/** The text of a file of the repository. */
export function readFile(path: string): string {
  return Deno.readTextFileSync(`${ROOT}${path}`);
}

/** The blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  const text = readFile(page);
  return [...text.matchAll(FENCED)].map(({ index, 1: indent = "", 2: language = "", 3: code = "" }) => ({
    page,
    language,
    text: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    marker: /<!-- ([^>]+?) -->\s*$/.exec(text.slice(0, index))?.[1],
    ...placeOf(page, text, index),
  }));
}

/** Every line of shell of a page. */
export function shellOf(page: string): string {
  return blocksOf(page).filter(({ language }) => language === "sh").map(({ text }) => text).join("");
}

/** Where something is, and its section. */
function placeOf(page: string, text: string, index: number): Pick<Block, "section" | "place"> {
  const masked = text.replaceAll(FENCED, (block) => block.replaceAll("#", " "));
  const headings = [...masked.matchAll(/^#+ /gm)].map((heading) => heading.index);
  const start = headings.findLast((heading) => heading <= index) ?? 0;
  const end = headings.find((heading) => heading > index) ?? text.length;
  return { section: text.slice(start, end), place: `${page}:${text.slice(0, index).split("\n").length}` };
}

/** Whether a block is a file of docs/hosts or docs/connectors, or a part of one, perhaps indented there. */
export function isShownFile(text: string): boolean {
  const indented = text.replaceAll(/^(?=.)/gm, "  ");
  return SHOWN_FILES.some((file) => file.includes(text) || file.includes(indented));
}

const SHOWN_FILES = ["docs/hosts", "docs/connectors"].flatMap(filesIn).filter((path) => !path.endsWith(".md"))
  .map(readFile);

/** The commands of a page: those of its blocks of shell, and those in backticks. */
export function commandsIn(page: string): Command[] {
  const inBlocks = blocksOf(page).filter(({ language }) => language === "sh").flatMap((block) =>
    commandsOf(block.text).map((command) => ({ ...block, ...command }))
  );
  const whole = readFile(page);
  const prose = whole.replaceAll(FENCED, (block) => block.replaceAll(/[^\n]/g, " "));
  const inText = [...prose.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(({ index, 1: code = "" }) => ({
    page,
    text: code.replaceAll(/\s+/g, " ").replaceAll("\\", ""),
    ...placeOf(page, whole, index),
  })).filter(({ text }) => PROGRAMS.test(text));
  return [...inBlocks, ...inText];
}

/** The commands of a block of shell. */
function commandsOf(shell: string): Pick<Command, "text" | "isSaidNotRun">[] {
  let isSaidNotRun = false;
  return shell.replaceAll("\\\n", " ").split("\n").flatMap((line) => {
    const [, code = "", comment = ""] = /^(.*?)(?:(?:^| )# (.*))?$/.exec(line) ?? [];
    isSaidNotRun ||= NOT_RUN.test(comment);
    const commands = code.replace(/^\((.*)\)$/, "$1").split(" && ").map((text) => text.trim());
    return commands.filter((text) => text !== "").map((text) => ({ text, isSaidNotRun }));
  });
}
