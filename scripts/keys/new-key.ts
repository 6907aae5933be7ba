import type { Algorithm } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { CommandError } from "../cli/command.ts";
import { type EnvChanges, type EnvFile, openEnvFile, readEnvFile, updateEnvFile } from "../setup/env-file.ts";
import { assertGitIgnores } from "../setup/git-guard.ts";
import { assertUsable, inspect, localOnly } from "../setup/inspect.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { encodeSecret, type KeyPair, makeKeyPair } from "./key-pair.ts";
import type { LiveKeys } from "./live-jwks.ts";
import type { EnvFileState, KeyProject } from "./commands.ts";
import type { KeyReport } from "./report.ts";
import { rotationSecretName } from "./rotation.ts";

/** What every kind of new key needs. */
export interface KeyRequest {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  /** The file to write to; printed when missing. */
  readonly envFile: string | undefined;
  readonly live: LiveKeys | undefined;
  readonly project: KeyProject;
}

/**
 * Makes a project's first key, in POWERSYNC_PRIVATE_KEY and POWERSYNC_PUBLIC_KEY as the original example names them.
 *
 * @throws {CommandError} The file holds keys already, or git would commit it.
 */
export async function makeNewKey(request: KeyRequest & { readonly force: boolean }): Promise<KeyReport> {
  const { envFile, force } = request;
  refusePrintedLocalKey(request);
  const file = envFile === undefined ? undefined : await readOwnFile(envFile);
  const present = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"].filter((name) =>
    (file?.variables[name] ?? "").trim() !== ""
  );
  if (file !== undefined && present.length > 0 && !force) {
    throw new CommandError(
      `${file.path} already has ${
        present.join(" and ")
      }: rotate with --rotate, or replace the key in the file with --force.`,
    );
  }
  if (file !== undefined && !force) await assertSigningKeyNamed(file);
  // A key for this computer must be known as one, wherever the file is copied to.
  const mark = envFile !== undefined && isLocalEnvFile(envFile) ? { prefix: LOCAL_KEY_PREFIX } : {};
  const pair = await makeKeyPair(request.alg, { kid: request.kid, ...mark });
  const secrets = {
    POWERSYNC_PUBLIC_KEY: encodeSecret(pair.publicJwk),
    POWERSYNC_PRIVATE_KEY: encodeSecret(pair.privateJwk),
  };
  return await storeKey(pair, { file, request, secrets });
}

/** A `dev-` key belongs in a local file; printed, it would come with commands that upload it. */
export function refusePrintedLocalKey({ kid, envFile }: KeyRequest): void {
  if (kid?.startsWith(LOCAL_KEY_PREFIX) !== true || envFile !== undefined) return;
  throw new CommandError(
    `A key whose kid begins with "${LOCAL_KEY_PREFIX}" must stay on this computer: add --env-file ${LOCAL_ENV_FILE}.`,
  );
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

/** Makes a key that takes over from another, in a secret of its own, and writes it to the file if there is one. */
export async function storeSuccessor(
  request: KeyRequest & { readonly nowSeconds: number },
  { file, startsAt, taken, isLocal, ...changes }: {
    file: EnvFile | undefined;
    startsAt: number;
    /** What its secret must not be called. */
    taken: readonly string[];
    isLocal: boolean;
  } & Pick<EnvChanges, "remove" | "comments">,
): Promise<KeyReport> {
  const { alg, kid, nowSeconds } = request;
  const prefix = isLocal ? { prefix: LOCAL_KEY_PREFIX } : {};
  const pair = await makeKeyPair(alg, { kid, notBefore: startsAt, ...prefix });
  const secrets = { [rotationSecretName(nowSeconds, taken)]: encodeSecret(pair.privateJwk) };
  return await storeKey(pair, { file, request, secrets, ...changes });
}

/** Writes new secrets to the file, if there is one. */
async function storeKey(
  { publicJwk }: KeyPair,
  { file, request: { live, project }, secrets, ...changes }: {
    file: EnvFile | undefined;
    request: KeyRequest;
    secrets: Readonly<Record<string, string>>;
  } & Pick<EnvChanges, "remove" | "comments">,
): Promise<KeyReport> {
  const report = { publicJwk, secrets, project, ...(live === undefined ? {} : { live }) };
  if (file === undefined) return report;
  await updateEnvFile(file, { set: secrets, ...changes });
  return { ...report, envFile: await stateOf(file.path) };
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
