import type { JWK } from "jose";
import type { Algorithm } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { type EnvFile, openEnvFile, readEnvFile, updateEnvFile } from "../setup/env-file.ts";
import { assertGitIgnores } from "../setup/git-guard.ts";
import { assertUsable, inspect, localOnly } from "../setup/inspect.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { encodeSecret, makeKeyPair } from "./key-pair.ts";
import { leakedNames, rotationSecretName } from "./secret-names.ts";

/** What is asked for. */
export interface KeyRequest extends Pick<KeyReport, "invocation" | "ref" | "live"> {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  /** The file to write to; printed when missing. */
  readonly envFile: string | undefined;
  readonly nowSeconds: number;
}

/** What kind of key it is, and what becomes of the keys that are there. */
export interface KeyPlan {
  /** A key for this computer must be known as one, wherever the file is copied to. */
  readonly isLocal: boolean;
  /** The new key takes over from others; `undefined` for a project's first key. */
  readonly rotation?: Rotation;
  /** Lines to add to the file. */
  readonly comments?: readonly string[];
  /** What its secret must not be called, besides the names in the file. */
  readonly taken?: readonly string[];
}

/** A rotation's times in seconds since 1970, and what it replaces. */
export interface Rotation {
  readonly nowSeconds: number;
  readonly startsAt: number;
  readonly removableFrom: number;
  readonly tokenLifetimeSeconds: number;
  /** The secrets of the old key, both halves. */
  readonly replaced: readonly string[];
  /** Secrets removed from the file: those of still older keys, which nothing needs, or of a leaked one. */
  readonly removed: readonly string[];
  /** The key IDs of what leaked, as far as the file tells; no token of theirs is waited for. */
  readonly leaked?: readonly string[];
}

/** What was made, for a person and for a machine. */
export interface KeyReport {
  readonly invocation: Invocation;
  /** The reference of the linked project; `undefined` when none is linked. */
  readonly ref: string | undefined;
  readonly publicJwk: JWK;
  /** Names and values of the new secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The file they were written to; without one they are printed. */
  readonly envFile?: EnvFileState;
  readonly rotation?: Rotation | undefined;
  /** What the live JWKS shows, when it was looked at. */
  readonly live?: { readonly url: string; readonly keyIds: readonly string[] } | undefined;
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

/**
 * Makes a key, and writes it to the file if there is one.
 *
 * @param request What is asked for.
 * @param planFor Looks at the file first, and refuses what would lose a key.
 * @throws {CommandError} The plan is refused, or git would commit the file.
 */
export async function makeKey(
  { alg, kid, envFile, nowSeconds, ...about }: KeyRequest,
  planFor: (file: EnvFile | undefined) => Promise<KeyPlan>,
): Promise<KeyReport> {
  // Printed, it would come with commands that upload it.
  if (kid?.startsWith(LOCAL_KEY_PREFIX) && envFile === undefined) {
    throw new CommandError(
      `A key whose kid begins with "${LOCAL_KEY_PREFIX}" must stay on this computer: add --env-file ${LOCAL_ENV_FILE}.`,
    );
  }
  const file = envFile === undefined ? undefined : await readOwnFile(envFile);
  const { isLocal, rotation, comments = [], taken = [] } = await planFor(file);
  const prefix = isLocal ? { prefix: LOCAL_KEY_PREFIX } : {};
  const { publicJwk, privateJwk } = await makeKeyPair(alg, { kid, notBefore: rotation?.startsAt, ...prefix });
  const names = [...taken, ...leakedNames(file), ...Object.keys(file?.variables ?? {})];
  const secrets = rotation === undefined
    // Both halves, as the original example names them.
    ? { POWERSYNC_PUBLIC_KEY: encodeSecret(publicJwk), POWERSYNC_PRIVATE_KEY: encodeSecret(privateJwk) }
    : { [rotationSecretName(nowSeconds, names)]: encodeSecret(privateJwk) };
  const report = { ...about, publicJwk, secrets, rotation };
  if (file === undefined) return report;
  await updateEnvFile(file, { set: secrets, remove: rotation?.removed ?? [], comments });
  return { ...report, envFile: await stateOf(file.path) };
}

/** A project's first key: one that is in the file is replaced only with `force`. */
export async function planFirstKey(file: EnvFile | undefined, { force = false }): Promise<KeyPlan> {
  if (file === undefined) return { isLocal: false };
  const present = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"].filter((name) =>
    (file.variables[name] ?? "").trim() !== ""
  );
  if (present.length > 0 && !force) {
    throw new CommandError(
      `${file.path} already has ${
        present.join(" and ")
      }: rotate with --rotate, or replace the key in the file with --force.`,
    );
  }
  if (!force) await assertSigningKeyNamed(file);
  return { isLocal: isLocalEnvFile(file.path) };
}

/** A file that will be written to; `mend` as {@linkcode openEnvFile} does. */
export async function readOwnFile(path: string, { mend = false } = {}): Promise<EnvFile> {
  const file = await openEnvFile(path, { mend });
  await assertGitIgnores(path);
  return file;
}

/** A key under a misspelt name is renamed: a new one would refuse its tokens. */
export async function assertSigningKeyNamed({ path, variables }: EnvFile): Promise<void> {
  await assertUsable(variables, { file: path, names: ["POWERSYNC_PRIVATE_KEY"] });
}

async function stateOf(path: string): Promise<EnvFileState> {
  const findings = await inspect(await readEnvFile(path) ?? {}, { place: "deployment" });
  const errors = findings.filter(({ severity }) => severity === "error");
  const faults = errors.filter(({ id }) => !id.startsWith("local-") && id !== "POWERSYNC_URL_MISSING");
  return {
    path,
    localOnly: localOnly(findings)?.message,
    hasUrl: !errors.some(({ id }) => id === "POWERSYNC_URL_MISSING"),
    faults: faults.map(({ message, hint }) => `${message} ${hint}`.trimEnd()),
  };
}
