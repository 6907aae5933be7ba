import { join } from "node:path";
import type { HostProject } from "../hosts/project.ts";

/** How much code a module loads when it starts: its own files and those of packages, as they are written. */
export interface LoadedCode {
  readonly files: number;
  readonly kilobytes: number;
}

interface Metafile {
  readonly inputs: Record<string, {
    readonly bytes: number;
    readonly imports: readonly {
      readonly path: string;
      readonly kind: string;
      readonly external?: boolean;
    }[];
  }>;
}

/** Follows the imports of a module that are not dynamic, with esbuild, which resolves them as a bundle does. */
export async function loadedCode(project: HostProject, folder: string, entry: string): Promise<LoadedCode> {
  const metafile = join(folder, "meta.json");
  const { success, stderr } = await new Deno.Command(project.installed(".bin/esbuild"), {
    args: [entry, "--bundle", "--splitting", "--format=esm", "--outdir=measured", `--metafile=${metafile}`],
    cwd: folder,
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { inputs }: Metafile = JSON.parse(await Deno.readTextFile(metafile));
  const loaded = new Set<string>();
  const add = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind, external } of inputs[path]?.imports ?? []) {
      if (kind !== "dynamic-import" && !external) add(next);
    }
  };
  add(entry);
  const bytes = [...loaded].reduce((sum, path) => sum + (inputs[path]?.bytes ?? 0), 0);
  return { files: loaded.size, kilobytes: bytes / 1000 };
}
