/** The commands of other tools that a person runs after a key was made. */
import { shellWord } from "../cli/invocation.ts";
import type { KeyReport } from "./make-key.ts";

/** What sets the new secrets; nothing where they must not be uploaded. */
export function setCommands({ secrets, envFile, invocation }: KeyReport): string[] {
  if (envFile?.localOnly !== undefined) return [];
  const what = envFile === undefined
    ? Object.entries(secrets).map((secret) => [secret.join("=")])
    : [["--env-file", envFile.path]];
  return what.map((words) => invocation.supabase("secrets", "set", ...words));
}

/** What replaces the copy of the file on GitHub that `.github/workflows/deploy.yml` uses. */
export function githubCommands({ envFile, invocation }: KeyReport): string[] {
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
export function unsetCommands(names: readonly string[], { envFile, invocation }: KeyReport): string[] {
  if (names.length === 0 || envFile?.localOnly !== undefined) return [];
  return [invocation.supabase("secrets", "unset", ...names)];
}
