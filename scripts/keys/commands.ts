/** The commands of other tools that a person runs after a key was made. */
import { type Invocation, shellWord } from "../cli/invocation.ts";

/** The project that the commands are for. */
export interface KeyProject {
  readonly invocation: Invocation;
  /** The reference of the linked project; `undefined` when none is linked. */
  readonly ref: string | undefined;
}

/** What a person needs to know about the file. */
export interface EnvFileState {
  readonly path: string;
  /** Why it must not be uploaded, as a sentence. */
  readonly localOnly: string | undefined;
  readonly hasUrl: boolean;
  /** What else must be corrected before the upload, each as a sentence. */
  readonly faults: readonly string[];
}

/** New secrets, and the file they were written to. */
interface NewSecrets {
  readonly project: KeyProject;
  readonly secrets: Readonly<Record<string, string>>;
  readonly envFile?: EnvFileState;
}

/** What sets the new secrets; nothing where they must not be uploaded. */
export function setCommands({ secrets, envFile, project: { invocation } }: NewSecrets): string[] {
  if (envFile?.localOnly !== undefined) return [];
  if (envFile !== undefined) {
    return [invocation.supabase("secrets", "set", "--env-file", envFile.path)];
  }
  return Object.entries(secrets).map(([name, value]) =>
    invocation.supabase("secrets", "set", `${name}=${value}`)
  );
}

/** What replaces the copy of the file on GitHub that `.github/workflows/deploy.yml` uses. */
export function githubCommands({ envFile, project: { invocation } }: NewSecrets): string[] {
  if (envFile === undefined || envFile.localOnly !== undefined) return [];
  const { dir } = invocation;
  const path = shellWord(invocation.pathInProject(envFile.path));
  const command = `gh secret set POWERSYNC_SECRETS --env production < ${path}`;
  // gh asks git which repository it is in.
  return [dir === undefined ? command : `(cd ${shellWord(dir)} && ${command})`];
}

/**
 * What removes secrets; nothing where the file is for this computer, whose keys are not uploaded. Unsetting one that is
 * not set is harmless.
 */
export function unsetCommands(
  names: readonly string[],
  { envFile, project }: Pick<NewSecrets, "envFile" | "project">,
): string[] {
  if (names.length === 0 || envFile?.localOnly !== undefined) return [];
  return [project.invocation.supabase("secrets", "unset", ...names)];
}
