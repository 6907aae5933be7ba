/** The only check of a set of secrets; needs no network. Words only: the commands that fix a finding are elsewhere. */
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { decodeJsonSecret, isJsonObject, unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import {
  readSetting,
  type Setting,
  type SettingName,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { parseDuration } from "../cli/duration.ts";
import type { EnvVariables } from "./env-file.ts";
import { type Finding, finding, refusedByFunctions, tried } from "./finding.ts";
import { inspectClientKeys, inspectKeys } from "./key-findings.ts";
import { LOCAL_KEY_PREFIX } from "./local-only.ts";
import { mendedValue } from "./mend-value.ts";
import { inspectNames } from "./name-findings.ts";
import { inspectAudiences, inspectPowerSyncUrl, type UrlOptions } from "./powersync-url.ts";
import { isHttpUrl, withoutTrailingSlash } from "./project-url.ts";
import { readSharedKey, SHARED_KEY_NAME } from "./shared-key.ts";

export type { Finding, Place } from "./finding.ts";

/** The address of an instance of PowerSync Cloud. */
const CLOUD_URL = /^https:\/\/[\da-f]{24}\.powersync\.journeyapps\.com$/;

/** What a set of secrets is checked for. */
export interface InspectOptions extends UrlOptions {
  /** The project's URL, where the platform sets it; by default the set's own. */
  readonly supabaseUrl?: string | undefined;
}

/**
 * Checks every name, every setting and every key of a set of secrets. What the functions would refuse is an error.
 *
 * @param variables Names and values. What Supabase sets itself may be missing.
 * @param options Where they are used.
 */
export async function inspect(variables: EnvVariables, options: InspectOptions): Promise<Finding[]> {
  const names = inspectNames(variables);
  // The value that a misspelt name has is checked as well.
  const meant = withNames(variables, names.filter(({ severity }) => severity === "error"));
  const found = [
    ...names,
    ...await inspectKeys(meant),
    ...Object.keys(SETTINGS).filter(isSettingName).flatMap((name) => inspectSetting(meant, name, options)),
    ...inspectPowerSyncUrl("POWERSYNC_URL", meant.POWERSYNC_URL ?? "", options),
    ...inspectAudiences("POWERSYNC_AUDIENCE", valueOf(meant, "POWERSYNC_AUDIENCE") ?? [], options),
    ...inspectIssuer(meant),
    ...inspectClientKeys(meant),
    ...options.place === "local" ? inspectSharedKey(meant) : inspectPlace(meant),
  ];
  return await Promise.all(found.map(async (finding): Promise<Finding> => {
    const mended = await mendedValue(finding.name, meant[finding.name] ?? "");
    return mended === undefined ? finding : { ...finding, mendable: true };
  }));
}

/** The finding, if any, that marks a set of secrets as one for this computer. */
export function localOnly(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ id, severity }) => severity === "error" && id.startsWith("local-"));
}

/**
 * Refuses a file in which something that a command needs cannot be used; what is missing may have been set elsewhere.
 *
 * @param variables The file's.
 * @param options `file`: its path, for the message. `names`: settings, or what the names of secrets begin with.
 * @throws {CommandError} Says what is wrong with the first of them.
 */
export async function assertUsable(
  variables: EnvVariables,
  { file, names }: { file: string; names: readonly string[] },
): Promise<void> {
  const found = (await inspect(variables, { place: "local" })).find(({ id, name, rename, severity }) =>
    severity === "error" && !id.endsWith("_MISSING") &&
    names.some((wanted) => wanted === (rename ?? name) || name.startsWith(`${wanted}_`))
  );
  if (found !== undefined) throw new CommandError(`${file}: ${found.message} ${found.hint}`.trim());
}

/**
 * Refuses an audience that no instance can have: PowerSync would refuse every token.
 *
 * @param given The values of `--audience`.
 * @throws {CommandError} Says what is wrong with the first of them.
 */
export function assertAudiences(given: readonly string[]): void {
  const [found] = inspectAudiences("--audience", given, { place: "local" })
    .filter(({ id }) => id === "url-placeholder");
  if (found !== undefined) throw new CommandError(found.message);
}

function withNames(variables: EnvVariables, misspelt: readonly Finding[]): EnvVariables {
  const rest = { ...variables };
  for (const { name, rename } of misspelt) {
    if (rename !== undefined) rest[rename] = rest[name];
    delete rest[name];
  }
  return rest;
}

function inspectSetting(
  variables: EnvVariables,
  name: SettingName,
  { supabaseUrl }: InspectOptions,
): Finding[] {
  // Checked by `inspectPowerSyncUrl`, which says more, unless it is missing.
  if (name === "POWERSYNC_URL" && unwrap(variables[name] ?? "", name) !== "") return [];
  const issuers = supabaseIssuers(variables, supabaseUrl);
  const error = tried(() => {
    const value = readSetting(variables, name);
    if (name !== "POWERSYNC_IDENTITY_PROVIDERS" || typeof value !== "string") return undefined;
    return void parseIdentityProviders(value, issuers);
  });
  const { byPlatform }: Setting<unknown> = SETTINGS[name];
  if (error === undefined || (byPlatform && error.code === `${name}_MISSING`)) return [];
  const correct = likelyValue(variables, name, issuers);
  const hint = correct === undefined ? error.hint : `Set it to ${correct}`;
  return [{ ...refusedByFunctions(name, error), ...(correct === undefined ? {} : { correct, hint }) }];
}

/** As the functions do: no other provider may claim the project's own issuers. */
function supabaseIssuers(variables: EnvVariables, supabaseUrl: string | undefined): string[] {
  const urls = [supabaseUrl && withoutTrailingSlash(supabaseUrl), valueOf(variables, "SUPABASE_URL")];
  const issuers = urls.map((url) => url === undefined ? url : `${url}/auth/v1`);
  return [...issuers, valueOf(variables, "POWERSYNC_USER_ISSUER")].filter((issuer) => issuer !== undefined);
}

/** A setting that can be read. */
function valueOf<Name extends SettingName>(
  variables: EnvVariables,
  name: Name,
): ReturnType<typeof readSetting<Name>> | undefined {
  const value = tried(() => readSetting(variables, name));
  return value instanceof PowerSyncAuthError ? undefined : value;
}

/** What a setting that is missing or cannot be read was meant to be. */
function likelyValue(
  variables: EnvVariables,
  name: SettingName,
  ownIssuers: readonly string[],
): string | undefined {
  const text = unwrap(variables[name] ?? "", name);
  if (name === "POWERSYNC_URL") {
    // As apps name it: VITE_POWERSYNC_URL.
    const names = Object.keys(variables).filter((other) => /(^|_)POWERSYNC_(\w+_)?URL$/.test(other));
    const values = names.map((other) => unwrap(variables[other] ?? "", other));
    return values.find(isHttpUrl) ?? Object.values(variables).find((value = "") => CLOUD_URL.test(value));
  }
  if (name === "POWERSYNC_IDENTITY_PROVIDERS") return withoutIssuers(text, ownIssuers);
  if (name === "POWERSYNC_TOKEN_TTL") {
    const seconds = parseDuration(text.replace(/\s+/g, ""));
    return seconds === undefined ? undefined : `${Math.min(Math.max(seconds, 60), 86_400)}`;
  }
  const lower = text.toLowerCase();
  return name === "POWERSYNC_SESSION_CHECK" && /^(token|server)$/.test(lower) ? lower : undefined;
}

/** The list of providers without those that need no entry. */
function withoutIssuers(list: string, issuers: readonly string[]): string | undefined {
  const decoded = decodeJsonSecret(list);
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const others = decoded.value.filter((entry) =>
    !isJsonObject(entry) || !issuers.includes(withoutTrailingSlash(`${entry.issuer}`))
  );
  return others.length === decoded.value.length ? undefined : JSON.stringify(others);
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
  return [finding("shared-key-invalid", SHARED_KEY_NAME, { message, hint: "Create another one." })];
}

/** What a deployment must not get. */
function inspectPlace(variables: EnvVariables): Finding[] {
  return Object.entries(variables).flatMap(([name, value = ""]) => {
    if (name === SHARED_KEY_NAME && value.trim() !== "") {
      const message = `${name} is a shared secret for development.`;
      return [finding("local-shared-key", name, { message })];
    }
    if (!/^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name) || !holdsLocalKey(value)) return [];
    const message = `${name} holds a key for development: its \`kid\` begins with "${LOCAL_KEY_PREFIX}".`;
    return [finding("local-key", name, { message })];
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

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
