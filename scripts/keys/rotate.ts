import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvFile, EnvVariables } from "../setup/env-file.ts";
import { assertUsable } from "../setup/inspect.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import {
  assertSigningKeyNamed,
  type KeyRequest,
  readOwnFile,
  refusePrintedLocalKey,
  storeSuccessor,
} from "./new-key.ts";
import { removableSecrets } from "./removable.ts";
import type { KeyReport } from "./report.ts";
import { readHalves } from "./halves.ts";
import { leakedNames } from "./leaked.ts";
import { safeRemovalTime } from "./rotation.ts";

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
}

/**
 * Makes a key that takes over from the one that signs now. The old private key is not needed, because Supabase does not
 * return secrets.
 *
 * @throws {CommandError} The file holds no such key, or git would commit it.
 */
export async function rotateKey(request: RotationRequest): Promise<KeyReport> {
  refusePrintedLocalKey(request);
  const { envFile, nowSeconds, leadSeconds } = request;
  const file = envFile === undefined ? undefined : await readOwnFile(envFile);
  if (file !== undefined && file.text === undefined) {
    throw new CommandError(
      `There is no file ${file.path}, so there is no key to rotate: create the first one without --rotate.`,
    );
  }
  const variables = file?.variables;
  const lifetime = request.tokenLifetimeSeconds ?? await lifetimeIn(file);
  const startsAt = nowSeconds + leadSeconds;
  const { names, removable, isLocal } = file === undefined
    ? { names: [request.replaces ?? "POWERSYNC_PRIVATE_KEY"], removable: [], isLocal: false }
    : await oldKeys(file, { ...request, lifetime });
  const taken = [...names, ...removable, ...leakedNames(file), ...Object.keys(variables ?? {})];
  const removed = await bothHalves(removable, variables);
  const stored = await storeSuccessor(request, {
    file,
    startsAt,
    taken,
    isLocal,
    remove: removed,
  });
  return {
    ...stored,
    rotation: {
      nowSeconds,
      startsAt,
      removableFrom: safeRemovalTime(startsAt, lifetime),
      tokenLifetimeSeconds: lifetime,
      replaced: await bothHalves(names, variables),
      removed,
    },
  };
}

/** The keys of a file that the new one replaces, and those that are no longer needed. */
async function oldKeys(
  file: EnvFile,
  { replaces, nowSeconds, lifetime }: RotationRequest & { lifetime: number },
): Promise<{ names: string[]; removable: string[]; isLocal: boolean }> {
  const path = file.path;
  const { signing, problems } = await loadKeyRing(readKeySecrets(file.variables));
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
  const removable = removableSecrets(signing, { nowSeconds, tokenLifetimeSeconds: lifetime });
  const rest = signing.map(({ secret }) => secret).filter((secret) => !removable.includes(secret));
  const isLocal = signing.some(({ kid }) => kid.startsWith(LOCAL_KEY_PREFIX));
  return { names: replaces === undefined ? rest : [replaces], removable, isLocal };
}

/** The names of both halves' secrets; of a file, those in it. Unsetting a secret that is not set is harmless. */
async function bothHalves(names: readonly string[], variables: EnvVariables | undefined): Promise<string[]> {
  const halves = await Promise.all(names.map((name) => readHalves(variables ?? {}, name)));
  return halves.flatMap(({ secrets }) => secrets)
    .filter((name) => variables === undefined || variables[name] !== undefined);
}

async function lifetimeIn({ path, variables }: EnvFile = NO_FILE): Promise<number> {
  await assertUsable(variables, { file: path, names: ["POWERSYNC_TOKEN_TTL"] });
  return readSetting(variables, "POWERSYNC_TOKEN_TTL");
}
