import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { type Secret, unwrap } from "./secret.ts";
import {
  asWritten,
  commaSeparated,
  jwks,
  lifetime,
  MAX_LIFETIME_SECONDS,
  MIN_LIFETIME_SECONDS,
  namedKeys,
  plainUrl,
  sessionCheck,
  Unusable,
} from "./setting-values.ts";

/** Names and values as the platform hands them over. An empty value counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: what it is for, and how its text is read. */
export interface Setting<Value> {
  /** One sentence for the documentation. */
  readonly what: string;
  /** Set by Supabase in every Edge Function. */
  readonly byPlatform?: true;
  /** @throws {Unusable} */
  readonly read: (text: string) => Value;
  /** What an unset one amounts to. */
  readonly fallback?: Value;
  /** The code of an unset one, where there must be one. */
  readonly missing?: ErrorCode;
  /** The code of one that `read` refuses. */
  readonly invalid?: ErrorCode;
}

/** Every setting but the keys, which `KEY_SECRETS` names. */
export const SETTINGS = {
  POWERSYNC_URL: {
    what:
      "The http(s) URL of the PowerSync instance, without a trailing slash, user name, query or fragment.",
    read: plainUrl,
    missing: "POWERSYNC_URL_MISSING",
    invalid: "POWERSYNC_URL_INVALID",
  },
  POWERSYNC_AUDIENCE: {
    what: "The audience of the tokens, several separated by commas. Default: POWERSYNC_URL.",
    read: commaSeparated,
    invalid: "POWERSYNC_AUDIENCE_INVALID",
  },
  POWERSYNC_ISSUER: {
    // Not the project's URL: an issuer with `supabase.co` in it makes PowerSync print misleading hints.
    what: "The issuer of the tokens. PowerSync does not check it.",
    read: asWritten,
    fallback: "powersync-auth",
  },
  POWERSYNC_TOKEN_TTL: {
    what: `The lifetime of the tokens in seconds, ${MIN_LIFETIME_SECONDS} to ${MAX_LIFETIME_SECONDS}.`,
    read: lifetime,
    fallback: 300,
    invalid: "POWERSYNC_TOKEN_TTL_INVALID",
  },
  POWERSYNC_SESSION_CHECK: {
    what: "`token`: a user's access token is good until it expires. `server`: ask the Auth server each time.",
    read: sessionCheck,
    fallback: "token",
    invalid: "POWERSYNC_SESSION_CHECK_INVALID",
  },
  POWERSYNC_USER_ISSUER: {
    what:
      "The only `iss` of Supabase users' access tokens to accept. Default: any whose path ends in /auth/v1.",
    read: asWritten,
  },
  POWERSYNC_USER_AUDIENCE: {
    what: "The `aud` of Supabase users' access tokens: GOTRUE_JWT_AUD of a self-hosted Supabase.",
    read: asWritten,
    fallback: "authenticated",
  },
  POWERSYNC_OAUTH_CLIENTS: {
    what:
      "Client IDs of the project's OAuth 2.1 server whose tokens are accepted, separated by commas. Default: none.",
    read: commaSeparated,
    invalid: "POWERSYNC_OAUTH_CLIENTS_INVALID",
  },
  POWERSYNC_IDENTITY_PROVIDERS: {
    what: "Other identity providers to trust: a JSON list, as it is in single quotes or as base64.",
    read: asWritten,
    // Its list is parsed by provider-settings.ts, which is loaded only where there is one.
    invalid: "POWERSYNC_IDENTITY_PROVIDERS_INVALID",
  },
  SUPABASE_URL: {
    what: "The project's URL, as Supabase sets it in every Edge Function.",
    byPlatform: true,
    read: plainUrl,
    missing: "SUPABASE_URL_MISSING",
    invalid: "SUPABASE_URL_INVALID",
  },
  SUPABASE_JWKS: {
    what: "The project's signing keys, and those of third-party issuers that it trusts: a JWKS or an array.",
    byPlatform: true,
    read: jwks,
    fallback: [],
    invalid: "SUPABASE_JWKS_INVALID",
  },
  SUPABASE_PUBLISHABLE_KEYS: {
    what: "The project's publishable keys by name, as JSON.",
    byPlatform: true,
    read: namedKeys,
    fallback: [],
    invalid: "SUPABASE_PUBLISHABLE_KEYS_INVALID",
  },
  SUPABASE_PUBLISHABLE_KEY: { what: "A publishable key, for a self-hosted Supabase.", read: asWritten },
  SUPABASE_ANON_KEY: { what: "The legacy `anon` key.", byPlatform: true, read: asWritten },
  SB_EXECUTION_ID: {
    what: "The platform's name for an isolate, for the log.",
    byPlatform: true,
    read: asWritten,
    fallback: "unknown",
  },
} as const satisfies Record<string, Setting<unknown>>;

/** The secrets that hold keys: a name of these, or one of these followed by `_…`. */
export const KEY_SECRETS = {
  POWERSYNC_PRIVATE_KEY: "The key that signs: base64 of one private JWK. It is published too.",
  POWERSYNC_PUBLIC_KEY: "More keys to publish: base64 of a public JWK, of an array, or of a JWKS.",
} as const;

export type SettingName = keyof typeof SETTINGS;

type Read<S> = S extends { read: (text: string) => infer Value } ? Value : never;
type Unset<S> = S extends { missing: ErrorCode } ? never
  : S extends { fallback: infer Value } ? Value
  : undefined;

/** The platform's environment, as it is now. */
export function readEnvironment(): Environment {
  return Deno.env.toObject();
}

/**
 * Reads one setting, as people paste it.
 *
 * @throws {PowerSyncAuthError} The setting's `missing` or `invalid` code. The value is never repeated.
 */
export function readSetting<Name extends SettingName>(
  environment: Environment,
  name: Name,
): Read<(typeof SETTINGS)[Name]> | Unset<(typeof SETTINGS)[Name]>;
export function readSetting(environment: Environment, name: SettingName): unknown {
  const { read, fallback, missing, invalid }: Setting<unknown> = SETTINGS[name];
  const text = textOf(environment, name);
  if (text === undefined) {
    if (missing === undefined) return fallback;
    throw new PowerSyncAuthError(missing, { message: `${name} is not set.`, hint: hintFor(name) });
  }
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof Unusable) || invalid === undefined) throw error;
    throw unusableSetting(name, { code: invalid, state: `it ${error.message}` });
  }
}

/** The error of a setting that cannot be used: what it is for is how to correct it. */
export function unusableSetting(
  name: SettingName,
  { code, state }: { code: ErrorCode; state: string },
): PowerSyncAuthError {
  return new PowerSyncAuthError(code, { message: `${name} cannot be used: ${state}.`, hint: hintFor(name) });
}

function hintFor(name: SettingName): string {
  const { what }: Setting<unknown> = SETTINGS[name];
  return `Set ${name}: ${what.charAt(0).toLowerCase()}${what.slice(1)}`;
}

/** The key secrets, sorted by name: those that sign, and those that are only published. */
export function readKeySecrets(environment: Environment): { signing: Secret[]; extra: Secret[] } {
  return {
    signing: secretsNamed(environment, "POWERSYNC_PRIVATE_KEY"),
    extra: secretsNamed(environment, "POWERSYNC_PUBLIC_KEY"),
  };
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
    message: "SUPABASE_PUBLISHABLE_KEYS is not set.",
    hint: "Supabase sets SUPABASE_PUBLISHABLE_KEYS; elsewhere, set SUPABASE_PUBLISHABLE_KEY.",
  });
}

/** Whether Supabase's issuers end in a slash does not matter. */
export function withoutSlash<T>(issuer: T): T | string {
  return typeof issuer === "string" ? issuer.replace(/\/$/, "") : issuer;
}

function textOf(environment: Environment, name: string): string | undefined {
  return unwrap(environment[name] ?? "", name) || undefined;
}

function secretsNamed(environment: Environment, prefix: keyof typeof KEY_SECRETS): Secret[] {
  const isOne = (name: string) => name === prefix || name.startsWith(`${prefix}_`);
  return Object.keys(environment).filter(isOne).sort().flatMap((name) => {
    const value = textOf(environment, name);
    return value === undefined ? [] : [{ name, value }];
  });
}
