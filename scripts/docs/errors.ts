/** The codes, for docs/errors.md. */
import {
  type ErrorCode,
  ERRORS,
  type KeyErrorCode,
  PowerSyncAuthError,
} from "../../supabase/functions/_shared/powersync/errors.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import {
  readApiKeys,
  readSetting,
  type Setting,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { tried } from "../setup/finding.ts";
import { type Parts, table } from "./parts.ts";

/** The tables, and which codes each has: the first that matches counts. */
const SECTIONS: readonly (readonly [part: string, codes: RegExp])[] = [
  ["caller", /^(METHOD|USER_TOKEN|API_KEY|OAUTH_CLIENT)_/],
  ["claims", /^(CLAIMS_|TOKEN_TOO_LARGE)/],
  ["upstreams", /^(AUTH_SERVER|IDENTITY_PROVIDER)_/],
  ["keys", /^(KEY|POWERSYNC_PRIVATE_KEY)_/],
  ["settings", /_(MISSING|INVALID)$/],
  ["faults", /^/],
];

/** What stands for the general message of a key's code: an answer names the secret and the fault. */
const KEY_FAULTS: Readonly<Record<KeyErrorCode, string>> = {
  KEY_MALFORMED: "The key was cut or edited, or is not a JWK.",
  KEY_IS_PUBLIC: "A public key is set as a signing key.",
  KEY_IS_PRIVATE: "A private key is set as a public key.",
  KEY_IS_SYMMETRIC: "The key is a shared secret (`kty: oct`).",
  KEY_UNSUPPORTED: "PowerSync or the host's runtime does not support this kind of key.",
  KEY_TOO_WEAK: "The RSA key is too short, or its exponent is unsafe.",
  KEY_INCONSISTENT: "The members of the key do not belong together.",
  KEY_ID_DUPLICATE: "Two signing keys have the same `kid`. The second one is left out.",
  KEY_PAIR_MISMATCH: "A public key has the `kid` of another key. It is left out.",
};

/** What the page adds to a code's own message and hint. */
const MORE: Readonly<Partial<Record<ErrorCode, { readonly cause?: string; readonly fix?: string }>>> = {
  USER_TOKEN_INVALID: {
    cause: "It was changed, belongs to another project or an unlisted provider, or its session has ended.",
    fix: "If every user gets it, [the log says why](#why-in-the-log).",
  },
  USER_TOKEN_IS_API_KEY: { cause: "supabase-js sends a legacy anon key while nobody is signed in." },
  USER_TOKEN_TOO_LARGE: {
    cause: "It has more than 16,384 characters, or is too long for Supabase Auth or its gateway.",
  },
  API_KEY_MISSING: { cause: "Neither the `apikey` header nor the bearer has one." },
  API_KEY_INVALID: {
    cause: "Or the function knows only the legacy `anon` key; then the message says so.",
    fix: "Self-hosted, set `SUPABASE_PUBLISHABLE_KEY`.",
  },
  API_KEY_IS_SECRET: { cause: "A `service_role` key is one too." },
  OAUTH_CLIENT_NOT_ALLOWED: { fix: "[More](supabase-auth.md#third-party-apps)" },
  CLAIMS_REFUSED: { cause: "Your [claims.ts](claims.md) refused it; the answer has your own sentence." },
  CLAIMS_FAILED: { cause: "Or it took longer than 10 s." },
  CLAIMS_NOT_AN_OBJECT: { fix: "It must return `{ sub, … }`." },
  CLAIMS_NOT_JSON: { cause: "For example, they have a `BigInt`." },
  CLAIMS_RESERVED: {
    cause: "It is `iss`, `aud`, `exp`, `iat`, `nbf` or `jti`.",
    fix: "Leave the claim out; use [a setting](settings.md).",
  },
  CLAIMS_SUBJECT_INVALID: { cause: "Malformed Unicode is refused too." },
  CLAIMS_PARAMETERS_INVALID: { fix: "Return an object, or leave it out." },
  TOKEN_TOO_LARGE: { cause: "It has more than 8 KB.", fix: "Return fewer claims." },
  AUTH_SERVER_UNAVAILABLE: {
    cause:
      "It took longer than 5 s, or answered with an error. [More](supabase-auth.md#when-supabase-auth-does-not-answer)",
    fix: "PowerSync's SDKs try again by themselves.",
  },
  AUTH_SERVER_LIMIT_REACHED: {
    cause: "[The limits](supabase-auth.md#limits-on-requests-to-supabase-auth)",
    fix: "If it does not pass, someone may be sending invented tokens.",
  },
  IDENTITY_PROVIDER_MISCONFIGURED: {
    cause:
      "The Discovery document belongs to another issuer or names no safe `jwks_uri`, or the answer is a 404 or 410, is not JSON or is not a JWKS.",
    fix: "[The entry](identity-providers.md)",
  },
  POWERSYNC_PRIVATE_KEY_MISSING: { fix: "[Create one](keys.md#the-first-key)" },
  KEY_UNSUPPORTED: { fix: "[More](keys.md#which-keys-are-published)" },
  POWERSYNC_IDENTITY_PROVIDERS_INVALID: {
    cause: "This is an example: the message names the entry and the field.",
    fix: "[More](identity-providers.md)",
  },
  SUPABASE_URL_MISSING: { cause: "`POWERSYNC_IDENTITY_PROVIDERS` names no provider either." },
  SUPABASE_JWKS_INVALID: { cause: "Only in the log: the function goes on with the published keys." },
  SUPABASE_PUBLISHABLE_KEYS_INVALID: {
    cause: "Or the gateway in front of Supabase Auth refuses each of the keys.",
    fix: "Check that a publishable key is active.",
  },
  INTERNAL_ERROR: { fix: "Report it with that line." },
};

/** A value that no setting accepts. */
const UNUSABLE = "[0]";

/** The errors that the settings throw: the message of a setting's code names the setting. */
function settingErrors(): Map<ErrorCode, PowerSyncAuthError> {
  const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
  const reads = names.flatMap((name) => {
    const { required, read }: Setting<unknown> = SETTINGS[name];
    return [
      ...(required ? [() => readSetting({}, name)] : []),
      ...(read === undefined ? [] : [() => readSetting({ [name]: UNUSABLE }, name)]),
    ];
  });
  const read = [...reads, () => readApiKeys({}), () => parseIdentityProviders(UNUSABLE)];
  const errors = read.map((one) => tried<unknown>(one)).filter((one) => one instanceof PowerSyncAuthError);
  return new Map(errors.map((error) => [error.code, error]));
}

/** A table for each section. */
export function errorParts(): Parts {
  const errors = settingErrors();
  const faults: Readonly<Partial<Record<ErrorCode, string>>> = KEY_FAULTS;
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const rowOf = (code: ErrorCode) => {
    const { message, hint } = errors.get(code) ?? ERRORS[code];
    const { cause = [], fix = [] } = MORE[code] ?? {};
    const cells = [[faults[code] ?? message, cause], [hint, fix]].map((cell) => cell.flat().join(" "));
    return [`\`${code}\``, `${ERRORS[code].status}`, ...cells];
  };
  const sectionOf = (code: ErrorCode) => SECTIONS.find(([, pattern]) => pattern.test(code))?.[0];
  const tables = SECTIONS.map(([part]) => {
    const rows = codes.filter((code) => sectionOf(code) === part).map(rowOf);
    return [part, table(["code", "status", "message", "hint"], rows)];
  });
  return Object.fromEntries(tables);
}
