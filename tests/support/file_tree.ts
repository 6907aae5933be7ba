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

/** Makes a symbolic link; tests may not use Deno's own call, which needs more permissions. */
export async function makeLink(target: string, path: string): Promise<void> {
  const { success } = await new Deno.Command("sh", { args: ["-c", 'ln -s "$0" "$1"', target, path] })
    .output();
  if (!success) throw new Error(`${path} could not be made a link.`);
}
