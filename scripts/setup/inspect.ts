/** The only check of a set of secrets; needs no network. Words only: the commands that fix a finding are elsewhere. */
import { type ErrorCode, PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type KeyProblem, loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { decodeJsonSecret, isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import {
  KEY_SECRETS,
  readKeySecrets,
  readSetting,
  type Setting,
  type SettingName,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvVariables } from "./env-file.ts";
import { LOCAL_KEY_PREFIX } from "./local-only.ts";
import { inspectPowerSyncUrl, type UrlRule } from "./powersync-url.ts";
import { isLoopback } from "./project-url.ts";
import { readSharedKey, SHARED_KEY_NAME } from "./shared-key.ts";

/** Where the secrets are used: on this computer, or by a deployment, which must not get what is for this computer. */
export type Place = "local" | "deployment";

/** What the core does not check. */
type Rule =
  | UrlRule
  | "secret-not-a-jwk"
  | "secrets-swapped"
  | "issuer-supabase"
  | "shared-key-invalid"
  | LocalRule;

/** What makes a set of secrets one for this computer only. */
type LocalRule = "local-key" | "local-shared-key" | "local-url";

/** Something wrong with a set of secrets. */
export interface Finding {
  /** A code of the functions, or a rule of this file. */
  readonly id: ErrorCode | Rule;
  /** The secret or setting. */
  readonly name: string;
  /** With an error, something does not work or is not safe. */
  readonly severity: "error" | "warning";
  /** A sentence that names the secret and never repeats a key. */
  readonly message: string;
  /** What to do, without commands; empty when the message is enough. */
  readonly hint: string;
  readonly correct?: string;
  readonly rename?: string;
}

/**
 * Checks every setting and every key of a set of secrets.
 *
 * @param variables Names and values. What Supabase sets itself may be missing.
 * @param options `place`: where they are used.
 */
export async function inspect(
  variables: EnvVariables,
  { place }: { place: Place; supabaseUrl?: string },
): Promise<Finding[]> {
  return [
    ...await inspectKeys(variables),
    ...Object.keys(SETTINGS).filter(isSettingName).flatMap((name) => inspectSetting(variables, name)),
    ...inspectPowerSyncUrl("POWERSYNC_URL", variables.POWERSYNC_URL ?? "", { local: place === "local" })
      .map(({ id, severity, message, correct }) =>
        finding(id, "POWERSYNC_URL", {
          severity,
          message,
          hint: correct === undefined ? "" : `Set it to ${correct}`,
        })
      ),
    ...inspectIssuer(variables),
    ...place === "local" ? inspectSharedKey(variables) : inspectPlace(variables),
  ];
}

/** The findings that keep a set of secrets from being used; one that is missing may have been set elsewhere. */
export function unusable(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ id, severity }) => severity === "error" && !id.endsWith("_MISSING"));
}

/** The finding, if any, that marks a set of secrets as one for this computer. */
export function localOnly(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ id }) => id.startsWith("local-"));
}

/**
 * Refuses a file in which something that a command needs cannot be used.
 *
 * @param variables The file's.
 * @param options `file`: its path, for the message. `names`: settings, or what the names of secrets begin with.
 * @throws {CommandError} Says what is wrong with the first of them.
 */
export async function assertUsable(
  variables: EnvVariables,
  { file, names }: { file: string; names: readonly string[] },
): Promise<void> {
  const found = unusable(await inspect(variables, { place: "local" }))
    .find(({ name }) => names.some((wanted) => name === wanted || name.startsWith(`${wanted}_`)));
  if (found !== undefined) throw new CommandError(`${file}: ${found.message} ${found.hint}`.trim());
}

async function inspectKeys(variables: EnvVariables): Promise<Finding[]> {
  const secrets = readKeySecrets(variables);
  const { problems } = await loadKeyRing(secrets);
  const missing = secrets.signing.length > 0 ? [] : [
    errorFinding("POWERSYNC_PRIVATE_KEY", new PowerSyncAuthError("POWERSYNC_PRIVATE_KEY_MISSING")),
  ];
  const codeOf = (name: string) => problems.find(({ secret }) => secret === name)?.error.code;
  const swapped = codeOf("POWERSYNC_PRIVATE_KEY") === "KEY_IS_PUBLIC" &&
    codeOf("POWERSYNC_PUBLIC_KEY") === "KEY_IS_PRIVATE";
  if (!swapped) return [...missing, ...problems.map((problem) => keyFinding(problem, variables))];
  const others = problems.filter(({ secret }) => !Object.hasOwn(KEY_SECRETS, secret));
  return [
    finding("secrets-swapped", "POWERSYNC_PRIVATE_KEY", {
      message: "The values of POWERSYNC_PRIVATE_KEY and POWERSYNC_PUBLIC_KEY are swapped.",
    }),
    ...others.map((problem) => keyFinding(problem, variables)),
  ];
}

function keyFinding({ secret, error }: KeyProblem, variables: EnvVariables): Finding {
  // People paste them because they are called keys too.
  if (!/^\s*(-----BEGIN|sb_|[\w-]+\.[\w-]+\.[\w-]*\s*$)/.test(variables[secret] ?? "")) {
    return errorFinding(secret, error);
  }
  return { ...errorFinding(secret, error), id: "secret-not-a-jwk" };
}

function inspectSetting(variables: EnvVariables, name: SettingName): Finding[] {
  // Checked by `inspectPowerSyncUrl`, which says more, unless it is missing.
  if (name === "POWERSYNC_URL" && (variables[name] ?? "").trim() !== "") return [];
  try {
    const value = readSetting(variables, name);
    if (name === "POWERSYNC_IDENTITY_PROVIDERS" && typeof value === "string") parseIdentityProviders(value);
    return [];
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    const { byPlatform, missing }: Setting<unknown> = SETTINGS[name];
    return byPlatform && error.code === missing ? [] : [errorFinding(name, error)];
  }
}

function inspectIssuer({ POWERSYNC_ISSUER: issuer = "" }: EnvVariables): Finding[] {
  if (!issuer.includes("supabase.co")) return [];
  const message =
    "POWERSYNC_ISSUER contains supabase.co: PowerSync then logs misleading hints about Supabase Auth.";
  return [finding("issuer-supabase", "POWERSYNC_ISSUER", { severity: "warning", message })];
}

function inspectSharedKey(variables: EnvVariables): Finding[] {
  const value = variables[SHARED_KEY_NAME]?.trim() ?? "";
  if (value === "" || readSharedKey(value) !== undefined) return [];
  const message = `${SHARED_KEY_NAME} is not an HS256 key with a \`kid\` and 256 bits or more.`;
  return [finding("shared-key-invalid", SHARED_KEY_NAME, { message, hint: "Make another one." })];
}

/** What a deployment must not get. */
function inspectPlace(variables: EnvVariables): Finding[] {
  return Object.entries(variables).flatMap(([name, value = ""]) => {
    if (name === SHARED_KEY_NAME && value.trim() !== "") {
      const message = `${name} is a shared secret for development.`;
      return [finding("local-shared-key", name, { message })];
    }
    if (/^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name) && holdsLocalKey(value)) {
      const message = `${name} holds a key whose \`kid\` begins with "${LOCAL_KEY_PREFIX}".`;
      return [finding("local-key", name, { message })];
    }
    if (name !== "POWERSYNC_URL" || !isLoopback(value)) return [];
    return [finding("local-url", name, { message: `${name} is a URL of this computer.` })];
  });
}

function holdsLocalKey(secret: string): boolean {
  const { value } = { value: undefined, ...decodeJsonSecret(secret) };
  const listed = isJsonObject(value) && Array.isArray(value.keys) ? value.keys : value;
  const keys: unknown[] = Array.isArray(listed) ? listed : [listed];
  return keys.some((key) =>
    isJsonObject(key) && typeof key.kid === "string" && key.kid.startsWith(LOCAL_KEY_PREFIX)
  );
}

function errorFinding(name: string, { code, message, hint }: PowerSyncAuthError): Finding {
  return finding(code, name, { message, hint });
}

function finding(
  id: Finding["id"],
  name: string,
  { severity = "error", message, hint = "" }: Pick<Finding, "message"> & Partial<Finding>,
): Finding {
  return { id, name, severity, message, hint };
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
