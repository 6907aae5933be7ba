/** What this repository brings to a project. */
import { join } from "node:path";
import { FUNCTION_NAMES } from "../setup/function-names.ts";

const SHARED = "supabase/functions/_shared/powersync";

/** The folders that are brought, from the project's folder. */
export const FOLDERS: readonly string[] = [
  SHARED,
  ...FUNCTION_NAMES.map((name) => `supabase/functions/${name}`),
];

/** The one file that belongs to whoever edits it. */
export const CLAIMS_FILE = `${SHARED}/claims.ts`;

/** One version of the functions. */
export interface Bundle {
  readonly version: string;
  /** The files' texts by their paths, which are the same in every project. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads the version that stands in a clone of this repository.
 *
 * @param root The clone's folder.
 */
export async function readBundle(root: string): Promise<Bundle> {
  const files = new Map<string, string>();
  for (const folder of FOLDERS) {
    const names = await Array.fromAsync(Deno.readDir(join(root, folder)), ({ name }) => name);
    for (const path of names.sort().map((name) => `${folder}/${name}`).filter(isBrought)) {
      files.set(path, await Deno.readTextFile(join(root, path)));
    }
  }
  const { version }: { version: string } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  return { version, files };
}

/** Whether a path can be one of ours, in any version. */
export function isBrought(path: string): boolean {
  const cut = path.lastIndexOf("/");
  return FOLDERS.includes(path.slice(0, cut)) && /^[\w-]+(\.ts|(?<=^deno)\.json)$/.test(path.slice(cut + 1));
}
