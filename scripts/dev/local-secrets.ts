import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { encodeSecret, makeKeyPair } from "../keys/key-pair.ts";
import { type EnvVariables, openEnvFile, readEnvFile, updateEnvFile } from "../setup/env-file.ts";
import { assertGitIgnores } from "../setup/git-guard.ts";
import { assertUsable } from "../setup/inspect.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";

/** A self-hosted PowerSync Service's own port. */
const LOCAL_POWERSYNC_URL = "http://localhost:8080";

/** The secrets of development. */
export interface LocalSecrets {
  readonly variables: EnvVariables;
  /** The names of those that the file lacks. */
  readonly added: readonly string[];
  /** Writes these to the file. */
  readonly write: () => Promise<void>;
}

/**
 * Reads the `.env` file, and makes what development needs and the file lacks: a key whose `kid` marks it as local, and
 * the URL of a local PowerSync Service.
 *
 * @param path The `.env` file.
 * @throws {CommandError} The file cannot be used, or git would commit what is to be written to it.
 */
export async function prepareSecrets(path: string): Promise<LocalSecrets> {
  const file = await openEnvFile(path);
  const missing: Record<string, string> = {};
  if (readKeySecrets(file.variables).signing.length === 0) {
    const pair = await makeKeyPair("RS256", { prefix: LOCAL_KEY_PREFIX });
    missing.POWERSYNC_PUBLIC_KEY = encodeSecret(pair.publicJwk);
    missing.POWERSYNC_PRIVATE_KEY = encodeSecret(pair.privateJwk);
  }
  if (!file.variables.POWERSYNC_URL) missing.POWERSYNC_URL = LOCAL_POWERSYNC_URL;
  const variables = { ...file.variables, ...missing };
  await assertSecrets(variables, path);
  const added = Object.keys(missing);
  if (added.length > 0) await assertGitIgnores(path);
  return {
    variables,
    added,
    write: async () => {
      if (added.length > 0) await updateEnvFile(file, { set: missing });
    },
  };
}

/**
 * The secrets in the file, after a check that tokens can be made of them.
 *
 * @param path The `.env` file.
 * @throws {CommandError} The file is broken, or holds a secret that the functions could not use.
 */
export async function readLocalSecrets(path: string): Promise<EnvVariables> {
  const variables = await readEnvFile(path) ?? {};
  await assertSecrets(variables, path);
  return variables;
}

async function assertSecrets(variables: EnvVariables, path: string): Promise<void> {
  await assertUsable(variables, { file: path, names: Object.keys(SETTINGS) });
  try {
    signingKeyAt(await loadKeyRing(readKeySecrets(variables)), Date.now() / 1000);
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    throw new CommandError(`${path}: ${error.message} Correct that line, or delete it to get a new one.`);
  }
}
