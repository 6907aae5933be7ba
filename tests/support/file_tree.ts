import { dirname, join } from "node:path";
import { mustRun } from "./run_script.ts";

/** Writes files below a folder, by their paths. */
export async function writeTree(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), content);
  }
}

/** The files below a folder, by their paths; without `.temp`, where the Supabase CLI keeps its state. */
export async function readTree(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name === ".temp") continue;
    const path = join(folder, name);
    if (!isDirectory) files.set(name, await Deno.readTextFile(path));
    else for (const [inner, content] of await readTree(path)) files.set(`${name}/${inner}`, content);
  }
  return files;
}

/** Makes a symbolic link; tests may not use Deno's own call, which needs more permissions. */
export async function makeLink(target: string, path: string): Promise<void> {
  await mustRun("sh", ["-c", 'ln -s "$0" "$1"', target, path]);
}
