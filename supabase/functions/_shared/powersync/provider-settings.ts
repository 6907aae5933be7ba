import type { PowerSyncAuthError } from "./errors.ts";
import { decodeJsonSecret, isJsonObject, isPlainText } from "./secret.ts";
import { unusableSetting, withoutSlash } from "./settings.ts";
import { SUPABASE } from "./user.ts";

/** An identity provider, beside Supabase Auth, whose users the project trusts: an entry of the list, and its defaults. */
export interface IdentityProvider {
  /** `iss`, character by character. */
  readonly issuer: string;
  /** `aud` must be, or contain, one of them. */
  readonly audience: string | readonly string[];
  /** The claim that names the audience: `aud`, unless the provider's tokens have none. */
  readonly audience_claim: string;
  /** Where the keys are; `undefined` is found by OIDC Discovery. */
  readonly jwks_uri?: string;
  /** The JWS algorithms to accept, all asymmetric. */
  readonly algorithms: readonly string[];
  /** The claim that names the user. */
  readonly subject_claim: string;
  /** What the subject of the PowerSync token starts with. */
  readonly subject_prefix: string;
  /** Kinds of tokens that are refused unless they are named: Keycloak's ID tokens, tokens bound to a key. */
  readonly allow: readonly string[];
}

type Entry = Pick<IdentityProvider, "issuer" | "audience"> & Partial<IdentityProvider>;

/** What jose verifies with a public key on the hosted runtime (RFC 7518, RFC 8037, RFC 9864). */
const ALGS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"];

/** RFC 9449 calls proof of possession DPoP. */
const ALLOWABLE = ["ID", "DPoP"];

/** Registered claims that do not name an audience. */
const NO_AUDIENCE_CLAIMS = ["iss", "sub", "exp", "iat", "nbf", "jti"];

/** What each field is where it is set, in words and as a test. An empty prefix leaves the provider's subjects as they are. */
const FIELDS: Readonly<Record<keyof IdentityProvider, readonly [string, (value: unknown) => boolean]>> = {
  issuer: ["text without surrounding space", isText],
  audience: ["text or a list of texts", (value) => isText(value) || isListOf(isText)(value)],
  audience_claim: [
    "a claim that names an audience",
    (value) => isText(value) && !NO_AUDIENCE_CLAIMS.includes(value),
  ],
  jwks_uri: ["an https URL", (value) => isText(value) && isSafeUrl(value)],
  algorithms: [`a list of ${ALGS.join(", ")}`, isListOf(isOneOf(ALGS))],
  subject_claim: ["text without surrounding space", isText],
  subject_prefix: ["text without control characters", (value) => value === "" || isPlainText(value)],
  allow: [`a list of ${ALLOWABLE.join(", ")}`, isListOf(isOneOf(ALLOWABLE))],
};

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
  supabaseIssuers: readonly (string | undefined)[] = [],
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
  assertEntry(entry, number);
  const { issuer, jwks_uri, subject_prefix } = entry;
  // A path is added to it, so it has neither query nor fragment (OpenID Connect Discovery 1.0, section 3).
  if (jwks_uri === undefined && (!isSafeUrl(issuer) || /[?#]/.test(issuer))) {
    throw wrongField("issuer", number, "an https URL, as OIDC Discovery needs; or set `jwks_uri`");
  }
  if (subject_prefix === undefined && issuer.includes("|")) {
    throw wrongField("issuer", number, "free of `|`; set `subject_prefix`");
  }
  return {
    audience_claim: "aud",
    algorithms: ALGS,
    subject_claim: "sub",
    // So users of two providers never collide, nor with Supabase Auth, whose IDs are UUIDs.
    subject_prefix: `${issuer}|`,
    allow: [],
    ...entry,
  };
}

function assertEntry(entry: unknown, number: number): asserts entry is Entry {
  if (!isJsonObject(entry)) throw invalid(`entry ${number} is not an object`);
  if (Object.keys(entry).some((name) => !Object.hasOwn(FIELDS, name))) {
    throw invalid(`entry ${number} has a field other than ${Object.keys(FIELDS).join(", ")}`);
  }
  for (const [name, [wanted, isRight]] of Object.entries(FIELDS)) {
    const isOptional = !["issuer", "audience"].includes(name);
    if (isOptional && entry[name] === undefined) continue;
    if (!isRight(entry[name])) throw wrongField(name, number, wanted);
  }
}

function isListOf(isRight: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length > 0 && value.every(isRight);
}

function isOneOf(accepted: readonly unknown[]): (value: unknown) => boolean {
  return (value) => accepted.includes(value);
}

function isText(value: unknown): value is string {
  return isPlainText(value) && value.trim() === value;
}

/** Keys must not come over a connection that others can change; loopback is for development. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname));
}

function wrongField(name: string, number: number, wanted: string): PowerSyncAuthError {
  return invalid(`\`${name}\` of entry ${number} is not ${wanted}`);
}

function invalid(state: string): PowerSyncAuthError {
  return unusableSetting("POWERSYNC_IDENTITY_PROVIDERS", state);
}
