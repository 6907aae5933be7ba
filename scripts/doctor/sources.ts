/** What the doctor looks at when the command line does not say: the secrets file, and the project that is linked. */
import { CommandError } from "../cli/command.ts";
import { shown } from "../cli/shown.ts";
import { readEnvFile } from "../setup/env-file.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { LINK_FILE, linkedRef } from "../setup/project-folder.ts";
import { projectRef, projectUrl } from "../setup/project-url.ts";
import { redact } from "./redact.ts";
import type { SecretsFile } from "./secrets.ts";

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
 * The file with secrets: the one that is named, else the production file, else the one for this computer.
 *
 * @returns `undefined` when there is none.
 * @throws {CommandError} There is no such file, or it cannot be read.
 */
export async function findSecretsFile(
  named: string | undefined,
  { dir = "." } = {},
): Promise<SecretsFile | undefined> {
  for (const path of named === undefined ? [PRODUCTION_ENV_FILE, LOCAL_ENV_FILE] : [named]) {
    const variables = await readEnvFile(named === undefined && dir !== "." ? `${dir}/${path}` : path);
    if (variables !== undefined) return { path, variables, local: isLocalEnvFile(path) };
  }
  if (named !== undefined) throw new CommandError(`There is no file ${named}.`);
  return undefined;
}

/**
 * The project that is named, else the one that is linked.
 *
 * @returns `undefined` when there is neither.
 * @throws {CommandError} The name is neither a reference nor a URL.
 */
export async function findProject(
  named: string | undefined,
  { dir = "." } = {},
): Promise<Project | undefined> {
  const linked = await linkedRef({ dir });
  if (named === undefined) {
    return linked === undefined
      ? undefined
      : { url: `https://${linked}.supabase.co`, ref: linked, from: LINK_FILE };
  }
  const url = projectUrl(named);
  if (url === undefined) {
    throw new CommandError(
      `--project ${
        shown(redact(named))
      } is neither a project ref nor a URL: copy the ref from the dashboard's URL.`,
    );
  }
  return { url, ref: projectRef(named) ?? projectRef(url), from: "--project" };
}
