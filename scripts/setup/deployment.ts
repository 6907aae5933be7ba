/** Which deployment, or the server on this computer, a command is about: its secrets file and the address of its JWKS. */
import { CommandError } from "../cli/command.ts";
import { shown } from "../cli/shown.ts";
import { type EnvVariables, readEnvFile } from "./env-file.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "./local-only.ts";
import { LINK_FILE, linkedRef } from "./project-folder.ts";
import { isHttpUrl, isLoopback, jwksUrlOf, projectUrl } from "./project-url.ts";

/** The flags that name them. */
export interface DeploymentFlags {
  readonly "env-file"?: string | undefined;
  readonly project?: string | undefined;
  readonly "jwks-url"?: string | undefined;
}

/** What a command found. */
export interface Deployment {
  /** The file that was read, or would have been. */
  readonly file: string;
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
export async function findDeployment(flags: DeploymentFlags): Promise<Deployment> {
  const named = namedJwks(flags);
  const ref = await linkedRef();
  const isHere = named === undefined ? ref === undefined : isLoopback(named);
  const usual = isHere ? [LOCAL_ENV_FILE] : [PRODUCTION_ENV_FILE, LOCAL_ENV_FILE];
  const { file, variables } = await readFirst(flags["env-file"] === undefined ? usual : [flags["env-file"]]);
  const isLocal = isLocalEnvFile(file);
  const found = { file, variables, isPublished: false };
  if (named !== undefined) {
    // A file that has the deployment's keys needs no network.
    const isPublished = flags.project === undefined ||
      (flags["env-file"] === undefined && (isLocal || variables === undefined));
    const project = flags.project === undefined
      ? `JWKS: ${shown(named)} (--jwks-url).`
      : `Project: ${shown(flags.project)} (--project).`;
    return { ...found, jwksUrl: named, isPublished, project };
  }
  const own = variables?.SUPABASE_URL?.trim();
  if (own) {
    return { ...found, jwksUrl: undefined, project: `Project: ${shown(own)} (SUPABASE_URL in the file).` };
  }
  if (ref === undefined) {
    const project = "Project: this computer. None is linked: a deployment needs --project.";
    return { ...found, jwksUrl: undefined, project };
  }
  if (isLocal) {
    const project =
      `Project: this computer. For the linked project ${ref}: --env-file ${PRODUCTION_ENV_FILE}`;
    return { ...found, jwksUrl: undefined, project };
  }
  return {
    ...found,
    jwksUrl: jwksUrlOf(`https://${ref}.supabase.co`),
    project: `Project: ${ref} (${LINK_FILE}).`,
  };
}

/** The first file that exists; else the first one's name. */
async function readFirst(
  files: readonly string[],
): Promise<{ file: string; variables: EnvVariables | undefined }> {
  for (const file of files) {
    const variables = await readEnvFile(file);
    if (variables !== undefined) return { file, variables };
  }
  return { file: files[0] ?? LOCAL_ENV_FILE, variables: undefined };
}

function namedJwks({ "jwks-url": url, project }: DeploymentFlags): string | undefined {
  if (url !== undefined && project !== undefined) {
    throw new CommandError("--project and --jwks-url both name the JWKS: leave one out.");
  }
  if (project !== undefined) {
    const supabaseUrl = projectUrl(project);
    if (supabaseUrl !== undefined) return jwksUrlOf(supabaseUrl);
    throw new CommandError(
      "--project must be a project's ref or URL: copy the ref from the dashboard's URL.",
    );
  }
  if (url === undefined || isHttpUrl(url)) return url;
  throw new CommandError("--jwks-url must be an http(s) URL: the address of powersync-jwks.");
}
