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

/**
 * Writes what development needs and the file lacks: a key whose `kid` marks it as local, and the URL of a local PowerSync
 * Service.
 *
 * @param path The `.env` file.
 * @returns The names of the secrets it wrote.
 * @throws {CommandError} The file cannot be used, or git would commit it.
 */
export async function addMissingSecrets(path: string): Promise<string[]> {
  const file = await openEnvFile(path);
  const { variables } = file;
  const missing: Record<string, string> = {};
  if (readKeySecrets(variables).signing.length === 0) {
    const pair = await makeKeyPair("RS256", { prefix: LOCAL_KEY_PREFIX });
    missing.POWERSYNC_PUBLIC_KEY = encodeSecret(pair.publicJwk);
    missing.POWERSYNC_PRIVATE_KEY = encodeSecret(pair.privateJwk);
  }
  if (!variables.POWERSYNC_URL) missing.POWERSYNC_URL = LOCAL_POWERSYNC_URL;
  const names = Object.keys(missing);
  if (names.length > 0) {
    await assertGitIgnores(path);
    await updateEnvFile(file, { set: missing });
  }
  return names;
}

/**
 * The secrets in the file, after a check that tokens can be made of them.
 *
 * @param path The `.env` file.
 * @throws {CommandError} The file is broken, or holds a secret that the functions could not use.
 */
export async function readLocalSecrets(path: string): Promise<EnvVariables> {
  const variables = await readEnvFile(path) ?? {};
  await assertUsable(variables, { file: path, names: Object.keys(SETTINGS) });
  try {
    const ring = await loadKeyRing(readKeySecrets(variables));
    signingKeyAt(ring, Date.now() / 1000);
    return variables;
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    throw new CommandError(`${path}: ${error.message} Correct that line, or delete it to get a new one.`);
  }
}
