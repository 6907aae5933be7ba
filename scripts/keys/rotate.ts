import {
  loadKeyRing,
  type SigningKey,
  signingKeyAt,
} from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";
import type { EnvFile } from "../setup/env-file.ts";
import { assertUsable } from "../setup/inspect.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { assertSigningKeyNamed, type KeyPlan } from "./make-key.ts";
import { ISOLATE_RELOAD_SECONDS, safeRemovalTime } from "./rotation.ts";
import { readHalves } from "./secret-names.ts";

/** What a rotation needs. */
export interface RotationRequest {
  readonly nowSeconds: number;
  /** How long after now the new key starts to sign, in seconds. */
  readonly leadSeconds: number;
  /** The old key's secret; by default the one in the file, or POWERSYNC_PRIVATE_KEY. */
  readonly replaces: string | undefined;
  /** POWERSYNC_TOKEN_TTL; by default the file's, or its default. */
  readonly tokenLifetimeSeconds: number | undefined;
}

/**
 * A key that takes over from the one that signs now. The old private key is not needed, because Supabase does not return
 * secrets.
 *
 * @throws {CommandError} The file holds no such key.
 */
export async function planRotation(file: EnvFile | undefined, request: RotationRequest): Promise<KeyPlan> {
  const { nowSeconds, leadSeconds, replaces = "POWERSYNC_PRIVATE_KEY" } = request;
  const { path = "", variables = {} } = file ?? {};
  if (file !== undefined && file.text === undefined) {
    throw new CommandError(
      `There is no file ${path}, so there is no key to rotate: create the first one without --rotate.`,
    );
  }
  if (request.tokenLifetimeSeconds === undefined) {
    await assertUsable(variables, { file: path, names: ["POWERSYNC_TOKEN_TTL"] });
  }
  const lifetime = request.tokenLifetimeSeconds ?? readSetting(variables, "POWERSYNC_TOKEN_TTL");
  const { names, removable, isLocal } = file === undefined
    ? { names: [replaces], removable: [], isLocal: false }
    : await oldKeys(file, request, lifetime);
  // Unsetting a secret that is not set is harmless.
  const secretsOf = async (names: readonly string[]) =>
    (await Promise.all(names.map((name) => readHalves(variables, name)))).flatMap(({ secrets }) => secrets)
      .filter((name) => file === undefined || variables[name] !== undefined);
  const startsAt = nowSeconds + leadSeconds;
  return {
    isLocal,
    taken: names,
    rotation: {
      nowSeconds,
      startsAt,
      removableFrom: safeRemovalTime(startsAt, lifetime),
      tokenLifetimeSeconds: lifetime,
      replaced: await secretsOf(names),
      removed: await secretsOf(removable),
    },
  };
}

/** The keys of a file that the new one replaces, and those that are no longer needed. */
async function oldKeys(
  file: EnvFile,
  { replaces, nowSeconds }: RotationRequest,
  tokenLifetimeSeconds: number,
): Promise<{ names: string[]; removable: string[]; isLocal: boolean }> {
  const { path, variables } = file;
  const { signing, problems } = await loadKeyRing(readKeySecrets(variables));
  const broken = problems.find(({ secret }) => secret.startsWith("POWERSYNC_PRIVATE_KEY"));
  if (broken !== undefined) {
    throw new CommandError(`${path}: ${broken.error.message} Remove it from the file first.`);
  }
  if (signing.length === 0) await assertSigningKeyNamed(file);
  if (replaces !== undefined && !signing.some(({ secret }) => secret === replaces)) {
    throw new CommandError(
      `${path} has no ${replaces}: leave --replaces out to replace the key that is there.`,
    );
  }
  const removable = removableSecrets(signing, { nowSeconds, tokenLifetimeSeconds });
  const rest = signing.map(({ secret }) => secret).filter((secret) => !removable.includes(secret));
  const isLocal = signing.some(({ kid }) => kid.startsWith(LOCAL_KEY_PREFIX));
  return { names: replaces === undefined ? rest : [replaces], removable, isLocal };
}

/**
 * The secrets of keys that are no longer needed: they do not sign now or later, and their last token has expired.
 *
 * @param signing The signing keys of a file.
 * @param options `nowSeconds`: the time; `tokenLifetimeSeconds`: POWERSYNC_TOKEN_TTL.
 */
export function removableSecrets(
  signing: readonly SigningKey[],
  { nowSeconds, tokenLifetimeSeconds }: { nowSeconds: number; tokenLifetimeSeconds: number },
): string[] {
  if (signing.length === 0) return [];
  // The key that signed then may still have valid tokens (`safeRemovalTime`); older keys have none.
  const then = nowSeconds - tokenLifetimeSeconds - CLOCK_TOLERANCE_SECONDS - ISOLATE_RELOAD_SECONDS;
  const signedThen = signingKeyAt({ signing, problems: [] }, then).secret;
  return signing.filter(({ secret, notBefore = -Infinity }) => secret !== signedThen && notBefore <= then)
    .map(({ secret }) => secret);
}
