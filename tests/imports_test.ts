import { assertEquals } from "@std/assert";

const SCRIPTS = new URL("../scripts/", import.meta.url);

/** Which folders of scripts/ the files of a folder may import from, besides their own; commands may use all. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  add: ["cli", "setup"],
  cli: [],
  powersync: ["cli"],
  setup: ["cli"],
  keys: ["cli", "powersync", "setup"],
  doctor: ["cli", "powersync", "setup"],
  docs: ["cli", "doctor", "powersync", "setup"],
  dev: ["cli", "keys", "powersync", "setup"],
};

/** Every module of scripts/ with the modules there that it imports, by their paths in scripts/. */
async function readImports(folder = ""): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, SCRIPTS))) {
    if (isDirectory) { for (const entry of await readImports(`${folder}${name}/`)) imports.set(...entry); }
    if (!name.endsWith(".ts")) continue;
    const file = new URL(folder + name, SCRIPTS);
    const found = (await Deno.readTextFile(file)).matchAll(/(?:from|import\() ?"(\.[^"]+)"/g);
    const paths = [...found].map(([, path = ""]) => new URL(path, file).href)
      .filter((href) => href.startsWith(SCRIPTS.href));
    imports.set(folder + name, paths.map((href) => href.slice(SCRIPTS.href.length)));
  }
  return imports;
}

/** Modules that lead back to themselves. */
function cycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    (imports.get(from) ?? []).some((next) =>
      next === to || (!seen.has(next) && reaches(next, to, seen.add(next)))
    );
  return [...imports.keys()].filter((module) => reaches(module, module));
}

const IMPORTS = await readImports();

Deno.test("the scripts have no import cycle", () => {
  assertEquals(cycles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c"]);
  assertEquals(cycles(IMPORTS), []);
});

Deno.test("a folder of the scripts imports only from those below it, and no command", () => {
  const folderOf = (module: string) => module.includes("/") ? module.split("/")[0] ?? "" : "a command";
  const upward = [...IMPORTS].flatMap(([module, paths]) => {
    const folder = folderOf(module);
    return paths.filter((path) =>
      folderOf(path) !== folder && BELOW[folder]?.includes(folderOf(path)) === false
    ).map((path) => `${module} imports ${path}`);
  });
  assertEquals(upward, []);
  assertEquals(
    [...new Set([...IMPORTS.keys()].map(folderOf))].sort(),
    ["a command", ...Object.keys(BELOW)].sort(),
  );
});
