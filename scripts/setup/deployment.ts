/** Which deployment, or the server on this computer, a command is about: its secrets file and the address of its JWKS. */
import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { shown } from "../cli/shown.ts";
import { type EnvVariables, readEnvFile } from "./env-file.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "./local-only.ts";
import { findProject } from "./project.ts";
import { isLoopback, jwksUrlOf } from "./project-url.ts";
import { assertJwksUrl } from "./remote-jwks.ts";

/** The flags that name them. */
export interface DeploymentFlags {
  readonly "env-file"?: string | undefined;
  readonly project?: string | undefined;
  readonly "jwks-url"?: string | undefined;
}

/** What a command found. */
export interface Deployment {
  /** The file that was read, or would have been. */
  readonly envFile: string;
  /** `undefined` when there is no such file. */
  readonly variables: EnvVariables | undefined;
  /** The JWKS of the project that is named or linked; `undefined` when the file says which, or the server here is meant. */
  readonly jwksUrl: string | undefined;
  /** The published keys are meant, not those of the file. */
  readonly isPublished: boolean;
  /** Which project it is, as a sentence. */
  readonly project: string;
}

/**
 * The deployment that the flags name, else the one of the linked project if `.env.production` exists, else the server on
 * this computer. The file's own SUPABASE_URL comes before the link.
 *
 * @throws {CommandError} A flag names no project, or a file cannot be read.
 */
export async function findDeployment(
  flags: DeploymentFlags,
  invocation: Invocation,
): Promise<Deployment> {
  const { "env-file": named, "jwks-url": url } = flags;
  if (url !== undefined && flags.project !== undefined) {
    throw new CommandError("--project and --jwks-url both name the JWKS: leave one out.");
  }
  if (url !== undefined) assertJwksUrl(url);
  const project = await findProject(flags.project, invocation);
  const address = url ?? project?.url;
  const isHere = address === undefined || isLoopback(address);
  const usual = isHere ? [LOCAL_ENV_FILE] : [PRODUCTION_ENV_FILE, LOCAL_ENV_FILE];
  const files = (named === undefined ? usual : [named]).map((file) => invocation.path(file));
  const { envFile, variables } = await readFirst(files);
  const isLocal = isLocalEnvFile(envFile);
  const found = { envFile, variables, jwksUrl: undefined, isPublished: false };
  if (url !== undefined) {
    return { ...found, jwksUrl: url, isPublished: true, project: `JWKS: ${shown(url)} (--jwks-url).` };
  }
  const own = variables?.SUPABASE_URL?.trim();
  if (flags.project === undefined && own) {
    return { ...found, project: `Project: ${shown(own)} (SUPABASE_URL in the file).` };
  }
  if (project === undefined) {
    return {
      ...found,
      project: "Project: this computer. None is linked: for a deployment, link it or pass --project.",
    };
  }
  const { ref, from } = project;
  if (flags.project === undefined && isLocal) {
    const linked = `For the linked project ${ref}: --env-file ${PRODUCTION_ENV_FILE}`;
    return { ...found, project: `Project: this computer. ${linked}` };
  }
  return {
    ...found,
    jwksUrl: jwksUrlOf(project.url),
    // A file that has the deployment's keys needs no network.
    isPublished: flags.project !== undefined && named === undefined && (isLocal || variables === undefined),
    project: `Project: ${shown(ref ?? project.url)} (${from}).`,
  };
}

/** The first file that exists; else the first one's name. */
async function readFirst(
  files: readonly string[],
): Promise<{ envFile: string; variables: EnvVariables | undefined }> {
  for (const envFile of files) {
    const variables = await readEnvFile(envFile);
    if (variables !== undefined) return { envFile, variables };
  }
  return { envFile: files[0] ?? "", variables: undefined };
}
