import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import {
  KEY_SECRETS,
  readKeySecrets,
  readSetting,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { type EnvVariables, readEnvFile } from "../setup/env-file.ts";
import type { Finding } from "../setup/finding.ts";
import { inspect } from "../setup/inspect.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { type Check, checkOfFinding, passed, type Subject } from "./check.ts";
import type { EnvChange } from "./fix-context.ts";

/** A file with secrets. */
export interface SecretsFile {
  readonly path: string;
  readonly variables: EnvVariables;
  /** The file of local development, which may hold what no deployment may. */
  readonly local: boolean;
}

/**
 * The file with secrets: the one that is named, else the production file, else the one for this computer.
 *
 * @returns `undefined` when there is none.
 * @throws {CommandError} There is no such file, or it cannot be read.
 */
export async function findSecretsFile(
  named: string | undefined,
  invocation: Invocation,
): Promise<SecretsFile | undefined> {
  for (const file of named === undefined ? [PRODUCTION_ENV_FILE, LOCAL_ENV_FILE] : [named]) {
    const path = invocation.path(file);
    const variables = await readEnvFile(path);
    if (variables !== undefined) return { path, variables, local: isLocalEnvFile(path) };
  }
  if (named !== undefined) throw new CommandError(`There is no file ${invocation.path(named)}.`);
  return undefined;
}

/** What is known beside the file. */
export interface Surroundings {
  /** Seconds since 1970. */
  readonly nowSeconds: number;
  /** The project, whose own issuer no identity provider may claim. */
  readonly supabaseUrl: string | undefined;
  /** As {@linkcode inspect} takes it. */
  readonly isHere: boolean;
}

/** Whether a file's name says that it is for a deployment, even where that is tried on this computer. */
export function isForDeployment({ path, local }: SecretsFile): boolean {
  return !local && path.split(/[\\/]/).at(-1) === PRODUCTION_ENV_FILE;
}

const KEYS = { id: "key-secrets", title: "Key secrets" };

/** Checks a file with secrets, without any network. */
export async function checkSecrets(file: SecretsFile, surroundings: Surroundings): Promise<Check[]> {
  const { variables, local } = file;
  const { nowSeconds, supabaseUrl, isHere } = surroundings;
  const findings = await inspect(variables, { place: local ? "local" : "deployment", supabaseUrl, isHere });
  const { signing } = await loadKeyRing(readKeySecrets(variables));
  const checkOf = (finding: Finding) =>
    checkOfFinding(subjectOf(finding.name), finding, changeFor(finding, { canSign: signing.length > 0 }));
  // A misspelt name has been checked under the right one.
  const about = (wanted: string) => findings.some(({ name, rename }) => name === wanted || rename === wanted);
  const ofKeys = findings.filter(({ name }) => isKeyName(name));
  const ofNames = findings.filter(({ id, severity }) => id === "name-misspelt" && severity === "error");
  const others = findings.filter((finding) => !isKeyName(finding.name) && !ofNames.includes(finding));
  return [
    ...ofNames.map(checkOf),
    ...ofKeys.map(checkOf),
    ...(signing.length > 0 && ofKeys.every(({ severity }) => severity === "warning")
      ? [await describeKeys(variables, nowSeconds)]
      : []),
    ...(["POWERSYNC_URL", "POWERSYNC_TOKEN_TTL"] as const).filter((name) => !about(name)).map((name) =>
      passed(subjectOf(name), `It is ${readSetting(variables, name)}${name === "POWERSYNC_URL" ? "" : " s"}.`)
    ),
    ...others.map(checkOf),
  ];
}

async function describeKeys(variables: EnvVariables, nowSeconds: number): Promise<Check> {
  const ring = await loadKeyRing(readKeySecrets(variables));
  const { kid, alg, secret } = signingKeyAt(ring, nowSeconds);
  const count = ring.published.length === 1 ? "1 key" : `${ring.published.length} keys`;
  return passed(KEYS, `${secret} signs with ${alg}, kid "${kid}"; the JWKS will publish ${count}.`);
}

/** The values that a setting may have in any project. */
const SAFE_VALUES: Readonly<Record<string, string>> = {
  POWERSYNC_TOKEN_TTL_INVALID: "300",
  POWERSYNC_SESSION_CHECK_INVALID: "token",
};

/** Findings that end when the variable is gone: its default, or the public half of the signing key, takes its place. */
const REMOVABLE = [
  "KEY_IS_PRIVATE",
  "KEY_PAIR_MISMATCH",
  "KEY_ID_DUPLICATE",
  "POWERSYNC_OAUTH_CLIENTS_INVALID",
  "issuer-supabase",
  "local-shared-key",
];

/** The change of the file that ends a finding, where there is one. */
function changeFor(
  { id, name, severity, correct, rename, mendable }: Finding,
  { canSign }: { canSign: boolean },
): EnvChange | undefined {
  const set = correct === undefined ? {} : { set: { [name]: correct } };
  if (name === "POWERSYNC_URL" && severity === "error" && rename === undefined) {
    return { instance: true, ...set };
  }
  if (correct !== undefined) return set;
  if (rename !== undefined) return { rename: [name, rename] };
  // Without a change, edit-secrets repairs the value's format.
  if (mendable) return {};
  if (id === "secrets-swapped") return { rename: ["POWERSYNC_PUBLIC_KEY", "POWERSYNC_PRIVATE_KEY"] };
  if (REMOVABLE.includes(id)) return { remove: [name] };
  const safe = SAFE_VALUES[id];
  if (safe !== undefined) return { set: { [name]: safe } };
  if (severity === "warning") return undefined;
  // Without it, POWERSYNC_URL is the audience.
  if (name === "POWERSYNC_AUDIENCE") return { remove: [name] };
  if (!isKeyName(name)) return { byHand: true };
  const isNeeded = name.startsWith("POWERSYNC_PRIVATE_KEY") && !canSign;
  if (!isNeeded && id !== "local-key") return { remove: [name] };
  return isFirstKey(name) ? { newKey: true } : { newKey: true, remove: [name] };
}

function subjectOf(name: string): Subject {
  return isKeyName(name)
    ? { ...KEYS, title: name }
    : { id: name.toLowerCase().replaceAll("_", "-"), title: name };
}

/** One that a new key replaces. */
function isFirstKey(name: string): boolean {
  return Object.hasOwn(KEY_SECRETS, name);
}

function isKeyName(name: string): boolean {
  return /^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name);
}
