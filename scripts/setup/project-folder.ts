/** The project that a command works on: its folder, and the Supabase project that it is linked to. */
import { CommandError } from "../cli/command.ts";
import { Invocation } from "../cli/invocation.ts";
import { readText } from "./secret-file.ts";

/** `supabase link` writes the project's reference there. */
export const LINK_FILE = "supabase/.temp/project-ref";

/**
 * Changes into the folder that `--dir` names, as `git -C` does: every path after it is relative to that folder.
 *
 * @param dir The folder that holds `supabase/`; by default the command stays where it is, in this repository.
 * @returns How to print commands for this project.
 * @throws {CommandError} There is no such folder, it cannot be opened, or it has no `supabase/`.
 */
export async function enterProject(dir: string | undefined): Promise<Invocation> {
  const invocation = new Invocation(dir);
  if (dir === undefined) return invocation;
  const what = "--dir names the folder that holds supabase/";
  if (!await isFolder(dir)) throw new CommandError(`${dir} is not a folder: ${what}.`);
  if (!await isFolder(`${dir}/supabase`)) {
    throw new CommandError(
      `${dir} has no folder supabase: ${what}. This creates it: ${invocation.supabase("init")}`,
    );
  }
  Deno.chdir(dir);
  return invocation;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(`${path} cannot be opened: check who owns it, and its permissions.`);
    }
    throw error;
  }
}

/**
 * The reference of the project that the folder is linked to.
 *
 * @returns `undefined` when it is not linked, or when the command may not read files.
 */
export async function linkedRef({ dir = "." } = {}): Promise<string | undefined> {
  const path = `${dir}/${LINK_FILE}`;
  // Whoever prints a key without permissions is not asked for one.
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") return undefined;
  return /^[a-z0-9]+$/.exec((await readText(path))?.text.trim() ?? "")?.[0];
}
