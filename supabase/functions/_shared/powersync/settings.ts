import { decodeJsonSecret, isJsonObject, type Secret } from "./secret.ts";
import { type CheckedSetting, PowerSyncAuthError, type RequiredSetting } from "./errors.ts";

/** Names and values as the platform hands them over. An empty value counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What every token has in common. */
export interface TokenSettings {
  /** The PowerSync instance, without trailing slash. */
  readonly url: string;
  /** `aud`: one audience as text, several as an array (RFC 7519, section 4.1.3). */
  readonly audience: string | string[];
  /** `iss`; PowerSync does not check it. */
  readonly issuer: string;
  /** `exp - iat` in seconds. */
  readonly lifetimeSeconds: number;
}

/** How a Supabase user's access token is checked. */
export interface UserTokenSettings {
  /** The project's URL, without trailing slash. */
  readonly supabaseUrl: string;
  /** `SUPABASE_JWKS`: the project's signing keys and those of third-party issuers it trusts. */
  readonly inlineKeys: readonly Record<string, unknown>[];
  /** The one `iss` to accept; `undefined` is any whose path ends in `/auth/v1`. */
  readonly issuer: string | undefined;
  /** `server` asks the Auth server about every token. */
  readonly sessionCheck: "token" | "server";
}

/** PowerSync refuses more (PSYNC_S2104). */
const MAX_LIFETIME_SECONDS = 86_400;
/** Clients renew when 30 s remain. */
const MIN_LIFETIME_SECONDS = 60;
const DEFAULT_LIFETIME_SECONDS = 300;

/** An issuer with `supabase.co` in it makes PowerSync print misleading hints, so it is not the project's URL. */
const DEFAULT_ISSUER = "powersync-auth";

/** Printable ASCII without spaces: what a URL may consist of. The URL parser drops line breaks without a word. */
const URL_CHARACTERS = /^[\x21-\x7e]+$/;

/** The platform's environment, as it is now. */
export function readEnvironment(): Environment {
  return Deno.env.toObject();
}

/**
 * The key secrets, sorted by name: `POWERSYNC_PRIVATE_KEY` and `POWERSYNC_PRIVATE_KEY_…` sign,
 * `POWERSYNC_PUBLIC_KEY` and `POWERSYNC_PUBLIC_KEY_…` are published besides.
 */
export function readKeySecrets(environment: Environment): { signing: Secret[]; extra: Secret[] } {
  return {
    signing: secretsNamed(environment, /^POWERSYNC_PRIVATE_KEY(_|$)/),
    extra: secretsNamed(environment, /^POWERSYNC_PUBLIC_KEY(_|$)/),
  };
}

/**
 * What every token has in common.
 *
 * @throws {PowerSyncAuthError} `POWERSYNC_URL_MISSING`, `POWERSYNC_URL_INVALID`, `POWERSYNC_AUDIENCE_INVALID`,
 * `POWERSYNC_TOKEN_TTL_INVALID`
 */
export function readTokenSettings(environment: Environment): TokenSettings {
  const url = required(environment, "POWERSYNC_URL", readUrl, "supabase secrets set POWERSYNC_URL=https://…");
  return {
    url,
    audience: readAudience(environment) ?? url,
    issuer: value(environment, "POWERSYNC_ISSUER") ?? DEFAULT_ISSUER,
    lifetimeSeconds: readLifetime(environment),
  };
}

/**
 * How a Supabase user's access token is checked.
 *
 * @throws {PowerSyncAuthError} `SUPABASE_URL_MISSING`, `SUPABASE_URL_INVALID`, `SUPABASE_JWKS_INVALID`,
 * `POWERSYNC_SESSION_CHECK_INVALID`
 */
export function readUserTokenSettings(environment: Environment): UserTokenSettings {
  return {
    supabaseUrl: required(environment, "SUPABASE_URL", readUrl, "Supabase sets it in every Edge Function"),
    inlineKeys: readInlineKeys(environment),
    issuer: value(environment, "POWERSYNC_USER_ISSUER"),
    sessionCheck: readSessionCheck(environment),
  };
}

/**
 * The API keys a client may show: every publishable key, and the legacy `anon` key.
 *
 * @throws {PowerSyncAuthError} `SUPABASE_PUBLISHABLE_KEYS_MISSING` when there is none at all,
 * `SUPABASE_PUBLISHABLE_KEYS_INVALID`
 */
export function readApiKeys(environment: Environment): [string, ...string[]] {
  const [first, ...others] = [
    ...readPublishableKeys(environment),
    value(environment, "SUPABASE_PUBLISHABLE_KEY"),
    value(environment, "SUPABASE_ANON_KEY"),
  ].filter((key) => key !== undefined);
  if (first !== undefined) return [first, ...others];
  throw new PowerSyncAuthError("SUPABASE_PUBLISHABLE_KEYS_MISSING", {
    message: "The platform provides no API key to compare with.",
    hint: "Self-hosted: set SUPABASE_PUBLISHABLE_KEY. Supabase itself sets SUPABASE_PUBLISHABLE_KEYS.",
  });
}

/** The list of other trusted identity providers as it stands in the secret, or `undefined`. */
export function readIdentityProviders(environment: Environment): string | undefined {
  return value(environment, "POWERSYNC_IDENTITY_PROVIDERS");
}

/** The platform's name for this isolate, for the log. */
export function readExecutionId(environment: Environment): string {
  return value(environment, "SB_EXECUTION_ID") ?? "unknown";
}

function value(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

function secretsNamed(environment: Environment, pattern: RegExp): Secret[] {
  return Object.keys(environment).filter((name) => pattern.test(name)).sort().flatMap((name) => {
    const found = value(environment, name);
    return found === undefined ? [] : [{ name, value: found }];
  });
}

function required<T>(
  environment: Environment,
  name: RequiredSetting & CheckedSetting,
  read: (name: CheckedSetting, text: string) => T,
  fix: string,
): T {
  const text = value(environment, name);
  if (text !== undefined) return read(name, text);
  throw new PowerSyncAuthError(`${name}_MISSING`, {
    message: `${name} is not set.`,
    hint: `Set it: ${fix}.`,
  });
}

function invalid(name: CheckedSetting, state: string, fix: string): PowerSyncAuthError {
  return new PowerSyncAuthError(`${name}_INVALID`, {
    message: `${name} cannot be used: it ${state}.`,
    hint: fix,
  });
}

/** Not normalised: PowerSync compares the audience character by character. A trailing slash would be a mismatch. */
function readUrl(name: CheckedSetting, text: string): string {
  const url = URL_CHARACTERS.test(text) ? URL.parse(text) : null;
  if (
    url === null || !/^https?:$/.test(url.protocol) || /[<>?#]/.test(text) || url.username || url.password
  ) {
    const fix =
      `Set an http(s) URL without user name, query or fragment: supabase secrets set ${name}=https://…`;
    throw invalid(name, "is not a plain URL", fix);
  }
  return text.replace(/\/+$/, "");
}

function readAudience(environment: Environment): string | string[] | undefined {
  const text = value(environment, "POWERSYNC_AUDIENCE");
  if (text === undefined) return undefined;
  const [first, ...others] = text.split(",").map((audience) => audience.trim()).filter((audience) =>
    audience !== ""
  );
  if (first !== undefined) return others.length === 0 ? first : [first, ...others];
  throw invalid(
    "POWERSYNC_AUDIENCE",
    "names no audience",
    "supabase secrets set POWERSYNC_AUDIENCE=<audience>,<another>, or unset it to use POWERSYNC_URL.",
  );
}

function readLifetime(environment: Environment): number {
  const text = value(environment, "POWERSYNC_TOKEN_TTL");
  if (text === undefined) return DEFAULT_LIFETIME_SECONDS;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (seconds >= MIN_LIFETIME_SECONDS && seconds <= MAX_LIFETIME_SECONDS) return seconds;
  throw invalid(
    "POWERSYNC_TOKEN_TTL",
    `is no whole number of seconds from ${MIN_LIFETIME_SECONDS} to ${MAX_LIFETIME_SECONDS}`,
    `supabase secrets set POWERSYNC_TOKEN_TTL=${DEFAULT_LIFETIME_SECONDS}`,
  );
}

function readSessionCheck(environment: Environment): "token" | "server" {
  const text = value(environment, "POWERSYNC_SESSION_CHECK") ?? "token";
  if (text === "token" || text === "server") return text;
  throw invalid(
    "POWERSYNC_SESSION_CHECK",
    "is neither `token` nor `server`",
    "supabase secrets set POWERSYNC_SESSION_CHECK=server, or unset it.",
  );
}

/** `{"keys":[…]}` or a bare array. */
function readInlineKeys(environment: Environment): Record<string, unknown>[] {
  const text = value(environment, "SUPABASE_JWKS");
  if (text === undefined) return [];
  const decoded = decodeJsonSecret(text);
  const found = decoded.ok ? decoded.value : undefined;
  const keys = isJsonObject(found) ? found.keys : found;
  if (Array.isArray(keys) && keys.every(isJsonObject)) return keys;
  throw invalid("SUPABASE_JWKS", "is not a JWKS", "Supabase sets it; self-hosted, set a JWKS or unset it.");
}

/** `{"default":"sb_publishable_…", …}` */
function readPublishableKeys(environment: Environment): string[] {
  const text = value(environment, "SUPABASE_PUBLISHABLE_KEYS");
  if (text === undefined) return [];
  const decoded = decodeJsonSecret(text);
  const keys = decoded.ok && isJsonObject(decoded.value) ? Object.values(decoded.value) : [undefined];
  if (keys.every((key): key is string => typeof key === "string" && key !== "")) return keys;
  throw invalid(
    "SUPABASE_PUBLISHABLE_KEYS",
    "is no JSON object of names and keys",
    "Supabase sets it; self-hosted, set SUPABASE_PUBLISHABLE_KEY instead.",
  );
}
