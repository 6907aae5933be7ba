import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { readJwks } from "../powersync/jwks.ts";
import type { ConfiguredKey } from "../setup/client-auth.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { fetchJwks } from "../setup/remote-jwks.ts";
import { readSharedKey, SHARED_KEY_NAME } from "../setup/shared-key.ts";

/** The members of a public key in the configuration; nothing else is copied from a JWKS. */
const MEMBERS = ["kty", "kid", "alg", "use", "crv", "n", "e", "x", "y"];

/**
 * The keys of an `.env` file for an inline configuration: the public halves, and the shared secret.
 *
 * @throws {CommandError} The file has no usable key.
 */
export async function keysOfFile(
  variables: EnvVariables,
  { envFile, invocation }: { envFile: string; invocation: Invocation },
): Promise<ConfiguredKey[]> {
  const { published } = await loadKeyRing(readKeySecrets(variables));
  const shared = readSharedKey(variables[SHARED_KEY_NAME]?.trim() ?? "");
  const keys = [...published.map(configured), ...(shared === undefined ? [] : [shared])];
  if (keys.length > 0) return keys;
  throw new CommandError(
    `There is no key in ${envFile}. This creates one: ${
      invocation.task("keys", ...invocation.envFile(envFile))
    }`,
  );
}

/**
 * The keys that a JWKS shows now.
 *
 * @throws {CommandError} PowerSync could not use it, or it has a private key.
 */
export async function keysOfJwks(url: string): Promise<ConfiguredKey[]> {
  const { keys, results } = readJwks(await fetchJwks(url));
  const failure = results.find(({ outcome }) => outcome === "failed");
  if (failure !== undefined) {
    throw new CommandError(`The JWKS at ${url} cannot be used: ${failure.seen} ${failure.fix}`);
  }
  return keys.map(({ jwk }) => configured(jwk));
}

function configured(jwk: unknown): ConfiguredKey {
  if (!isJsonObject(jwk)) return {};
  return Object.fromEntries(MEMBERS.flatMap((name) => {
    const value = jwk[name];
    return typeof value === "string" ? [[name, value]] : [];
  }));
}
