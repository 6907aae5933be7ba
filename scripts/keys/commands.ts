/** The commands of other tools that a person runs after a key was made. */
import { shellWord } from "../cli/invocation.ts";

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
  readonly secrets: Readonly<Record<string, string>>;
  readonly envFile?: EnvFileState;
}

/** What sets the new secrets; nothing where they must not be uploaded. */
export function setCommands({ secrets, envFile }: NewSecrets): string[] {
  if (envFile !== undefined) return envFile.localOnly === undefined ? [uploadCommand(envFile.path)] : [];
  return Object.entries(secrets).map(([name, value]) => `supabase secrets set ${name}=${value}`);
}

/** What uploads a file. */
export function uploadCommand(path: string): string {
  return `supabase secrets set --env-file ${shellWord(path)}`;
}

/** What replaces the copy of the file on GitHub that `.github/workflows/deploy.yml` uses. */
export function githubCommands({ envFile }: NewSecrets): string[] {
  if (envFile === undefined || envFile.localOnly !== undefined) return [];
  return [`gh secret set POWERSYNC_SECRETS --env production < ${shellWord(envFile.path)}`];
}

/**
 * What removes secrets; nothing where the file is for this computer, whose keys are not uploaded. Unsetting one that is
 * not set is harmless.
 */
export function unsetCommands(names: readonly string[], { envFile }: Pick<NewSecrets, "envFile">): string[] {
  if (names.length === 0 || envFile?.localOnly !== undefined) return [];
  return [`supabase secrets unset ${names.join(" ")}`];
}
