import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { decodeJsonSecret, isJsonObject, type Secret, unwrap } from "./secret.ts";

/** PowerSync refuses more (PSYNC_S2104). */
const MAX_LIFETIME_SECONDS = 86_400;
/** Clients renew a token when 30 s remain. */
const MIN_LIFETIME_SECONDS = 60;

/** Names and values as the platform hands them over. An empty value counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: what it is for, and how its text is read. Its codes are NAME_MISSING and NAME_INVALID. */
export interface Setting<Value> {
  /** One sentence for the documentation. */
  readonly what: string;
  /** Supabase sets it. */
  readonly byPlatform?: true;
  /** An unset one is an error. */
  readonly required?: true;
  /** Its value, or an `Unusable`; without this, the text as it is written. */
  readonly read?: (text: string) => Value;
  /** What an unset one amounts to. */
  readonly fallback?: Value;
}

/** Every setting but the keys, which `KEY_SECRETS` names. */
export const SETTINGS = {
  POWERSYNC_URL: {
    what: "The http(s) URL of the PowerSync instance, without trailing slash, user name, query or fragment.",
    read: plainUrl,
    required: true,
  },
  POWERSYNC_AUDIENCE: {
    what: "The audience of the tokens, several separated by commas. Default: POWERSYNC_URL.",
    read: commaSeparated,
  },
  POWERSYNC_ISSUER: {
    // Not the project's URL: an issuer with `supabase.co` in it makes PowerSync print misleading hints.
    what: "The issuer of the tokens. PowerSync does not check it.",
    fallback: "powersync-auth",
  },
  POWERSYNC_TOKEN_TTL: {
    what: `The lifetime of the tokens in seconds, ${MIN_LIFETIME_SECONDS} to ${MAX_LIFETIME_SECONDS}.`,
    read: lifetime,
    fallback: 300,
  },
  POWERSYNC_SESSION_CHECK: {
    what: "`token`: a user's access token is good until it expires. `server`: ask the Auth server each time.",
    read: sessionCheck,
    fallback: "token",
  },
  POWERSYNC_USER_ISSUER: {
    what: "The only `iss` of Supabase users to accept. Default: any whose path ends in /auth/v1, or none.",
  },
  POWERSYNC_USER_AUDIENCE: {
    what: "The `aud` of Supabase users' access tokens: GOTRUE_JWT_AUD of a self-hosted Supabase.",
    fallback: "authenticated",
  },
  POWERSYNC_OAUTH_CLIENTS: {
    what: "OAuth clients of the project whose tokens are accepted: client IDs, separated by commas.",
    read: commaSeparated,
  },
  POWERSYNC_IDENTITY_PROVIDERS: {
    // provider-settings.ts parses the list. It is loaded only where there is one.
    what: "Other identity providers to trust: a JSON list, in single quotes or as base64.",
  },
  SUPABASE_URL: {
    what: "The URL of the Supabase project.",
    byPlatform: true,
    read: plainUrl,
    required: true,
  },
  SUPABASE_JWKS: {
    what: "The project's signing keys, and those of third-party issuers that it trusts: a JWKS or an array.",
    byPlatform: true,
    read: jwks,
    fallback: [],
  },
  SUPABASE_PUBLISHABLE_KEYS: {
    what: "The project's publishable keys by name, as JSON.",
    byPlatform: true,
    read: namedKeys,
    fallback: [],
  },
  SUPABASE_PUBLISHABLE_KEY: {
    what: "The project's publishable key; without Supabase, any long text that the app sends as `apikey`.",
  },
  SUPABASE_ANON_KEY: { what: "The legacy `anon` key.", byPlatform: true },
  SB_EXECUTION_ID: {
    what: "The platform's name for an isolate, for the log.",
    byPlatform: true,
    fallback: "unknown",
  },
} as const satisfies Record<string, Setting<unknown>>;

/** The secrets that hold keys: a name of these, or one of these followed by `_…`. */
export const KEY_SECRETS = {
  POWERSYNC_PRIVATE_KEY: "The key that signs: a private JWK, base64 or JSON. Its public half is published.",
  POWERSYNC_PUBLIC_KEY: "More keys to publish: a public JWK, an array or a JWKS, as base64 or as JSON.",
} as const;

/** What `read` throws: the rest of the sentence "NAME cannot be used: it …". */
class Unusable extends Error {}

export type SettingName = keyof typeof SETTINGS;

type Read<S> = S extends { read: (text: string) => infer Value } ? Value : string;
type Unset<S> = S extends { required: true } ? never
  : S extends { fallback: infer Value } ? Value
  : undefined;

/** The environment of Deno, or of Node and whatever resembles it, as it is now. Some hosts pass theirs instead. */
export function readEnvironment(
  globals: { Deno?: { env: { toObject(): Environment } }; process?: { env?: Environment } } = globalThis,
): Environment {
  // In this order: to look at `process` costs 10 ms of a cold start of Deno.
  return globals.Deno?.env.toObject() ?? globals.process?.env ?? {};
}

export function isSet(environment: Environment, name: SettingName): boolean {
  return textOf(environment, name) !== undefined;
}

/**
 * Reads one setting, as people paste it.
 *
 * @throws {PowerSyncAuthError} NAME_MISSING or NAME_INVALID. The value is never repeated.
 */
export function readSetting<Name extends SettingName>(
  environment: Environment,
  name: Name,
): Read<(typeof SETTINGS)[Name]> | Unset<(typeof SETTINGS)[Name]>;
export function readSetting(environment: Environment, name: SettingName): unknown {
  const { read = (text) => text, fallback, required }: Setting<unknown> = SETTINGS[name];
  const text = textOf(environment, name);
  if (text === undefined && required) throw settingError(name, "MISSING", "is not set");
  try {
    return text === undefined ? fallback : read(text);
  } catch (error) {
    throw error instanceof Unusable ? unusableSetting(name, `it ${error.message}`) : error;
  }
}

/** The error of a setting that cannot be used. */
export function unusableSetting(name: SettingName, state: string): PowerSyncAuthError {
  return settingError(name, "INVALID", `cannot be used: ${state}`);
}

/** What a setting is for is how to correct it. */
function settingError(name: SettingName, fault: "MISSING" | "INVALID", state: string): PowerSyncAuthError {
  // A test holds that every setting with such a fault has the code.
  const code = `${name}_${fault}` as ErrorCode;
  return new PowerSyncAuthError(code, {
    message: `${name} ${state}.`,
    hint: `Set ${name}: ${SETTINGS[name].what}`,
  });
}

/** The key secrets, sorted by name: those that sign, and those that are only published. */
export function readKeySecrets(environment: Environment): { signing: Secret[]; extra: Secret[] } {
  const named = (prefix: keyof typeof KEY_SECRETS) =>
    Object.keys(environment).filter((name) => name === prefix || name.startsWith(`${prefix}_`)).sort()
      .map((name) => ({ name, value: textOf(environment, name) ?? "" }))
      .filter(({ value }) => value !== "");
  return { signing: named("POWERSYNC_PRIVATE_KEY"), extra: named("POWERSYNC_PUBLIC_KEY") };
}

/**
 * The API keys that a client may send: every publishable key, and the legacy `anon` key.
 *
 * @throws {PowerSyncAuthError} `SUPABASE_PUBLISHABLE_KEYS_MISSING`, `SUPABASE_PUBLISHABLE_KEYS_INVALID`
 */
export function readApiKeys(environment: Environment): [string, ...string[]] {
  const [first, ...others] = [
    ...readSetting(environment, "SUPABASE_PUBLISHABLE_KEYS"),
    readSetting(environment, "SUPABASE_PUBLISHABLE_KEY"),
    readSetting(environment, "SUPABASE_ANON_KEY"),
  ].filter((key) => key !== undefined);
  if (first !== undefined) return [first, ...others];
  throw new PowerSyncAuthError("SUPABASE_PUBLISHABLE_KEYS_MISSING", {
    message: "Neither SUPABASE_PUBLISHABLE_KEYS nor SUPABASE_PUBLISHABLE_KEY is set.",
    hint: `Set SUPABASE_PUBLISHABLE_KEY: ${SETTINGS.SUPABASE_PUBLISHABLE_KEY.what}`,
  });
}

/** Whether Supabase's issuers end in a slash does not matter. */
export function withoutSlash<T>(issuer: T): T | string {
  return typeof issuer === "string" ? issuer.replace(/\/$/, "") : issuer;
}

function textOf(environment: Environment, name: string): string | undefined {
  return unwrap(environment[name] ?? "", name) || undefined;
}

/** Not normalised: PowerSync compares the audience character by character. A trailing slash would be a mismatch. */
function plainUrl(text: string): string {
  // Printable ASCII without spaces: the URL parser drops line breaks without a word.
  const url = /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && !/[<>?#]/.test(text);
  if (!isPlain || url.username !== "" || url.password !== "") throw new Unusable("is not a plain URL");
  return text.replace(/\/+$/, "");
}

/** One value or several. A list as JSON, or quotation marks around single values, would become part of them. */
function commaSeparated(text: string): [string, ...string[]] {
  const [first, ...others] = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
  const isQuoted = /^\[.*\]$|["'`“”‘’]\s*,|,\s*["'`“”‘’]/s.test(text);
  if (first !== undefined && !isQuoted) return [first, ...others];
  throw new Unusable("must be values separated by commas, without brackets and quotation marks");
}

function lifetime(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (seconds >= MIN_LIFETIME_SECONDS && seconds <= MAX_LIFETIME_SECONDS) return seconds;
  throw new Unusable(`must be a whole number of seconds, ${MIN_LIFETIME_SECONDS} to ${MAX_LIFETIME_SECONDS}`);
}

function sessionCheck(text: string): "token" | "server" {
  if (text === "token" || text === "server") return text;
  throw new Unusable("is neither `token` nor `server`");
}

/** The members of a JWKS or of an array; whether they are keys is not checked. */
function jwks(text: string): Record<string, unknown>[] {
  const value = json(text);
  const keys = isJsonObject(value) ? value.keys : value;
  if (Array.isArray(keys) && keys.every(isJsonObject)) return keys;
  throw new Unusable("is not a JWKS");
}

/** The API keys of an object whose members are their names. */
function namedKeys(text: string): string[] {
  const value = json(text);
  const keys = isJsonObject(value) ? Object.values(value) : [undefined];
  if (keys.every((key): key is string => typeof key === "string" && key !== "")) return keys;
  throw new Unusable("is not a JSON object of names and keys");
}

function json(text: string): unknown {
  const decoded = decodeJsonSecret(text);
  if (decoded.ok) return decoded.value;
  throw new Unusable(decoded.problem);
}
