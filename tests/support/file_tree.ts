import { dirname, join } from "node:path";

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
    if (!isDirectory) files.set(name, await Deno.readTextFile(join(folder, name)));
    else {for (const [path, content] of await readTree(join(folder, name))) {
        files.set(`${name}/${path}`, content);
      }}
  }
  return files;
}
