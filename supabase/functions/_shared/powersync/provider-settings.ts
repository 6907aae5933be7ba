import { decodeJsonSecret, isJsonObject, isPlainText } from "./secret.ts";
import { unusableSetting, withoutSlash } from "./settings.ts";
import type { PowerSyncAuthError } from "./errors.ts";
import { SUPABASE } from "./user.ts";

/** An identity provider, beside Supabase Auth, whose users the project trusts. */
export interface IdentityProvider {
  /** `iss`, character by character. */
  readonly issuer: string;
  /** `aud` must be, or contain, one of them. */
  readonly audience: readonly string[];
  /** The claim that names the audience: `aud`, unless the provider's tokens have none. */
  readonly audienceClaim: string;
  /** Where the keys are; `undefined` is found by OIDC Discovery. */
  readonly jwksUri: string | undefined;
  /** The JWS algorithms to accept, all asymmetric. */
  readonly algorithms: readonly string[];
  /** The claim that names the user. */
  readonly subjectClaim: string;
  /** Kinds of tokens that are refused unless they are named: Keycloak's ID tokens, tokens bound to a key. */
  readonly allow: readonly string[];
  /** What the subject of the PowerSync token starts with. */
  readonly subjectPrefix: string;
}

/** What jose verifies with a public key on the hosted runtime (RFC 7518, RFC 8037, RFC 9864). */
const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "EdDSA",
  "Ed25519",
];

/** RFC 9449 calls proof of possession DPoP. */
const ALLOWABLE = ["ID", "DPoP"];

const FIELDS = [
  "issuer",
  "audience",
  "audience_claim",
  "jwks_uri",
  "algorithms",
  "subject_claim",
  "subject_prefix",
  "allow",
];

/** Registered claims that do not name an audience. */
const NO_AUDIENCE_CLAIMS = ["iss", "sub", "exp", "iat", "nbf", "jti"];

type Entry = Readonly<Record<string, unknown>>;

/**
 * Reads the list of trusted identity providers.
 *
 * @param text JSON, or base64 of it: a list of objects with `issuer`, `audience` and optional further fields.
 * @param supabaseIssuers The issuers of the project's own Supabase Auth, which no entry may claim; none where they are
 * not known.
 * @throws {PowerSyncAuthError} `POWERSYNC_IDENTITY_PROVIDERS_INVALID`, which names the entry and the field.
 */
export function parseIdentityProviders(
  text: string,
  supabaseIssuers: readonly string[] = [],
): IdentityProvider[] {
  const decoded = decodeJsonSecret(text);
  if (!decoded.ok) throw invalid(`it ${decoded.problem}`);
  if (!Array.isArray(decoded.value)) throw invalid("it is not a list");
  const providers = decoded.value.map((entry: unknown, index) => parseProvider(entry, index + 1));
  // `claims.ts` tells Supabase users by that word; a final slash of Supabase's issuers does not matter.
  const reserved = [SUPABASE, ...supabaseIssuers].map(withoutSlash);
  providers.forEach(({ issuer }, index) => {
    if (reserved.includes(withoutSlash(issuer))) {
      throw invalid(`\`issuer\` of entry ${index + 1} is Supabase Auth's own, which needs no entry`);
    }
    const first = providers.findIndex((other) => other.issuer === issuer);
    if (first !== index) throw invalid(`entry ${index + 1} has the \`issuer\` of entry ${first + 1}`);
  });
  return providers;
}

function parseProvider(entry: unknown, number: number): IdentityProvider {
  if (!isJsonObject(entry)) throw invalid(`entry ${number} is not an object`);
  if (Object.keys(entry).some((name) => !FIELDS.includes(name))) {
    throw invalid(`entry ${number} has a field other than ${FIELDS.map((name) => `\`${name}\``).join(", ")}`);
  }
  const field = fieldReader(entry, number);
  const issuer = field.text("issuer");
  const audienceClaim = field.optionalText("audience_claim") ?? "aud";
  if (NO_AUDIENCE_CLAIMS.includes(audienceClaim)) {
    throw field.error("audience_claim", "a claim that names an audience");
  }
  const jwksUri = field.optionalText("jwks_uri");
  if (jwksUri !== undefined && !isSafeUrl(jwksUri)) throw field.error("jwks_uri", "an https URL");
  // A path is added to it, so it has neither query nor fragment (OpenID Connect Discovery 1.0, section 3).
  if (jwksUri === undefined && (!isSafeUrl(issuer) || /[?#]/.test(issuer))) {
    throw field.error("issuer", "an https URL, as OIDC Discovery needs; or set `jwks_uri`");
  }
  return {
    issuer,
    audienceClaim,
    jwksUri,
    algorithms: field.listOf(ASYMMETRIC, "algorithms") ?? ASYMMETRIC,
    allow: field.listOf(ALLOWABLE, "allow") ?? [],
    audience: Array.isArray(entry.audience) ? field.list("audience") : [field.text("audience")],
    subjectClaim: field.optionalText("subject_claim") ?? "sub",
    subjectPrefix: field.prefix("subject_prefix") ?? defaultPrefix(issuer, field.error),
  };
}

/** So users of two providers never collide, nor with Supabase Auth, whose IDs are UUIDs. */
function defaultPrefix(issuer: string, error: (name: string, wanted: string) => PowerSyncAuthError): string {
  if (issuer.includes("|")) throw error("issuer", "free of `|`; set `subject_prefix`");
  return `${issuer}|`;
}

function fieldReader(entry: Entry, number: number) {
  const error = (name: string, wanted: string) => invalid(`\`${name}\` of entry ${number} is not ${wanted}`);
  const isText = (value: unknown): value is string => isPlainText(value) && value.trim() === value;
  return {
    error,
    text(name: string): string {
      const value = entry[name];
      if (isText(value)) return value;
      throw error(name, "text without surrounding space or control characters");
    },
    optionalText(name: string): string | undefined {
      return entry[name] === undefined ? undefined : this.text(name);
    },
    /** May be empty: then this provider's subjects are used as they are. */
    prefix(name: string): string | undefined {
      const value = entry[name];
      if (value === undefined || value === "" || isPlainText(value)) return value;
      throw error(name, "text without control characters");
    },
    list(name: string): string[] {
      const value = entry[name];
      if (Array.isArray(value) && value.length > 0 && value.every(isText)) return value;
      throw error(name, "a list of strings");
    },
    listOf(accepted: readonly string[], name: string): string[] | undefined {
      if (entry[name] === undefined) return undefined;
      const list = this.list(name);
      if (list.every((item) => accepted.includes(item))) return list;
      throw error(name, `a list of ${accepted.join(", ")}`);
    },
  };
}

/** Keys must not come over a connection that others can change; loopback is for development. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname));
}

function invalid(state: string): PowerSyncAuthError {
  return unusableSetting("POWERSYNC_IDENTITY_PROVIDERS", state);
}
