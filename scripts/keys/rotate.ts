import { loadKeyRing, type SigningKey } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvFile, EnvVariables } from "../setup/env-file.ts";
import { assertUsable } from "../setup/inspect.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { encodeSecret, makeKeyPair } from "./key-pair.ts";
import {
  assertSigningKeyNamed,
  type KeyRequest,
  readOwnFile,
  refusePrintedLocalKey,
  storeKey,
} from "./new-key.ts";
import { removableSecrets } from "./removable.ts";
import type { KeyReport } from "./report.ts";
import { assertGone, leakComments, leakedKeys, leakedNames, type OldKeys } from "./leaked.ts";
import { RESTART_DELAY_SECONDS, rotationSecretName, safeRemovalTime, secretNamesOf } from "./rotation.ts";

const NO_FILE: EnvFile = { path: "", text: undefined, variables: {} };

/** What a rotation needs. */
export interface RotationRequest extends KeyRequest {
  readonly nowSeconds: number;
  /** How long after now the new key starts to sign, in seconds. */
  readonly leadSeconds: number;
  /** The old key's secret; by default the one in the file, or POWERSYNC_PRIVATE_KEY. */
  readonly replaces: string | undefined;
  /** POWERSYNC_TOKEN_TTL; by default the file's, or its default. */
  readonly tokenLifetimeSeconds: number | undefined;
  /** The old key has leaked: it leaves the file, and no token signed with it is waited for. */
  readonly leaked: boolean;
}

/**
 * Makes a key that takes over from the one that signs now. The old private key is not needed, because Supabase does not
 * return secrets.
 *
 * @throws {CommandError} The file holds no such key, or git would commit it.
 */
export async function rotateKey(request: RotationRequest): Promise<KeyReport> {
  refusePrintedLocalKey(request);
  const { alg, kid, envFile, live, nowSeconds, leadSeconds, leaked } = request;
  if (leaked && envFile === undefined && request.replaces === undefined) {
    throw new CommandError(
      "Without --env-file, name the leaked key's secret with --replaces: `supabase secrets list` shows all names.",
    );
  }
  const file = envFile === undefined ? undefined : await readOwnFile(envFile);
  const variables = file?.variables;
  const lifetime = request.tokenLifetimeSeconds ?? await lifetimeIn(file);
  const startsAt = nowSeconds + leadSeconds;
  const old = variables === undefined
    ? { names: [request.replaces ?? "POWERSYNC_PRIVATE_KEY"], removable: [], keyIds: [], local: false }
    : await oldKeys(variables, { ...request, lifetime, file });
  const leakedBefore = leakedNames(file?.text ?? "");
  const taken = [...old.names, ...old.removable, ...leakedBefore, ...Object.keys(variables ?? {})];
  const name = rotationSecretName(nowSeconds, taken);
  const prefix = old.local ? { prefix: LOCAL_KEY_PREFIX } : {};
  const pair = await makeKeyPair(alg, { kid, notBefore: startsAt, ...prefix });
  const removed = bothHalves(old.removable, variables);
  if (leaked) await assertGone(variables ?? {}, { removed, keyIds: old.keyIds, kid });
  const stored = await storeKey(pair, {
    file,
    secrets: { [name]: encodeSecret(pair.privateJwk) },
    remove: removed,
    comments: leaked ? leakComments(old, nowSeconds) : [],
  });
  return {
    ...stored,
    ...(live === undefined ? {} : { live }),
    rotation: {
      nowSeconds,
      startsAt,
      removableFrom: leaked ? nowSeconds : safeRemovalTime(startsAt, lifetime),
      tokenLifetimeSeconds: lifetime,
      replaced: leaked
        ? bothHalves(new Set([...old.names, ...leakedBefore]), undefined)
        : bothHalves(old.names, variables),
      removed,
      ...(leaked ? { leaked: { keyIds: old.keyIds, restartFrom: nowSeconds + RESTART_DELAY_SECONDS } } : {}),
    },
  };
}

/** The keys of a file that the new one replaces, and those that leave the file, with their key IDs if they leaked. */
async function oldKeys(
  variables: EnvVariables,
  { replaces, nowSeconds, lifetime, envFile, leaked, file }: RotationRequest & {
    lifetime: number;
    file: EnvFile | undefined;
  },
): Promise<OldKeys> {
  const { signing, problems } = await loadKeyRing(readKeySecrets(variables));
  const broken = problems.find(({ secret }) => secret.startsWith("POWERSYNC_PRIVATE_KEY"));
  if (broken !== undefined) {
    throw new CommandError(`${envFile}: ${broken.error.message} Remove it from the file first.`);
  }
  if (signing.length === 0 && file !== undefined) await assertSigningKeyNamed(file);
  if (leaked) return leakedKeys(signing, { replaces, envFile });
  if (replaces !== undefined && !signing.some(({ secret }) => secret === replaces)) {
    throw new CommandError(
      `${envFile} has no ${replaces}: leave --replaces out to replace the key that is there.`,
    );
  }
  const removable = removableSecrets(signing, { nowSeconds, tokenLifetimeSeconds: lifetime });
  const rest = signing.map(({ secret }) => secret).filter((secret) => !removable.includes(secret));
  const names = replaces === undefined ? rest : [replaces];
  return { names, removable, keyIds: [], local: signing.some(isLocal) };
}

function isLocal({ kid }: SigningKey): boolean {
  return kid.startsWith(LOCAL_KEY_PREFIX);
}

/** The names of both halves' secrets; of a file, those in it. Unsetting a secret that is not set is harmless. */
function bothHalves(privateNames: Iterable<string>, variables: EnvVariables | undefined): string[] {
  return [...privateNames].map(secretNamesOf).flatMap(({ privateName, publicName }) => {
    const hasTwin = variables === undefined || variables[publicName] !== undefined;
    return hasTwin ? [privateName, publicName] : [privateName];
  });
}

async function lifetimeIn({ path, variables }: EnvFile = NO_FILE): Promise<number> {
  await assertUsable(variables, { file: path, names: ["POWERSYNC_TOKEN_TTL"] });
  return readSetting(variables, "POWERSYNC_TOKEN_TTL");
}
