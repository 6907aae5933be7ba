import { basename } from "node:path";
import { CommandError } from "../cli/command.ts";
import { Invocation } from "../cli/invocation.ts";
import { fileError, readText } from "./secret-file.ts";

/**
 * The project that `--dir` names; as with `git -C`, every path after it is relative to its folder.
 *
 * @param dir The folder that holds `supabase/`; by default this repository, where the command was started.
 * @returns Where its files are, and how to print commands for it.
 * @throws {CommandError} There is no such folder, it cannot be opened, or it has no `supabase/`.
 */
export async function openProject(dir: string | undefined): Promise<Invocation> {
  const invocation = new Invocation(dir);
  if (dir === undefined) return invocation;
  if (!await isFolder(dir)) {
    throw new CommandError(`${dir} is not a folder: name the one that holds supabase/.`);
  }
  if (!await isFolder(`${dir}/supabase`)) {
    if (
      basename(await Deno.realPath(dir)) === "supabase" && await readText(`${dir}/config.toml`) !== undefined
    ) {
      throw new CommandError(`${dir} is the folder supabase itself: name the folder that holds it.`);
    }
    throw new CommandError(
      `${dir} has no folder supabase. This creates it: ${invocation.supabase("init")}`,
    );
  }
  return invocation;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw fileError(error, `${path} cannot be opened`, "it");
  }
}
