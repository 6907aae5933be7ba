import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { projectRef, projectUrl } from "./project-url.ts";
import { readText } from "./secret-file.ts";

/** `supabase link` writes the project's reference there. */
export const LINK_FILE = "supabase/.temp/project-ref";

/** A Supabase project. */
export interface Project {
  /** Without trailing slash. */
  readonly url: string;
  /** Its reference; `undefined` for a self-hosted one. */
  readonly ref: string | undefined;
  /** Who named it. */
  readonly from: string;
}

/**
 * The project that `--project` names, else the one that the folder of `--dir` is linked to.
 *
 * @returns `undefined` when there is neither, or when the command may not read files.
 * @throws {CommandError} The name is neither a reference nor a URL.
 */
export async function findProject(
  named: string | undefined,
  invocation: Invocation,
): Promise<Project | undefined> {
  if (named === undefined) {
    const from = invocation.path(LINK_FILE);
    const ref = await linkedRef(from);
    return ref === undefined ? undefined : { url: `https://${ref}.supabase.co`, ref, from };
  }
  const url = projectUrl(named);
  // It is not repeated: it may be a key.
  if (url !== undefined) return { url, ref: projectRef(named) ?? projectRef(url), from: "--project" };
  throw new CommandError("--project must be a project's ref or URL: copy the ref from the dashboard's URL.");
}

async function linkedRef(path: string): Promise<string | undefined> {
  // Whoever prints a key without permissions is not asked for one.
  const { state } = await Deno.permissions.query({ name: "read", path });
  if (state !== "granted") return undefined;
  return /^[a-z0-9]+$/.exec((await readText(path))?.text.trim() ?? "")?.[0];
}
