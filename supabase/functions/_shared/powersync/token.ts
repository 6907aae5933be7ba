import type { JWTPayload } from "jose";
import { SignJWT } from "jose/jwt/sign";
import { PowerSyncAuthError } from "./errors.ts";
import { loadKeyRing, type SigningKey, signingKeyAt } from "./keys.ts";
import type { Surroundings } from "./log.ts";
import { once, within } from "./once.ts";
import { isJsonObject, isPlainText } from "./secret.ts";
import { type Environment, readKeySecrets, readSetting } from "./settings.ts";

/** The answer of both auth functions. */
export interface Credentials {
  readonly token: string;
  /** The PowerSync instance, as the original example called it. */
  readonly powersync_url: string;
  /** The same, as PowerSync's SDKs call it. */
  readonly endpoint: string;
  /** The token's subject. */
  readonly user_id: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

/** Set by us alone (RFC 7519, section 4.1). */
const RESERVED_CLAIMS = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/** Half of what PowerSync takes: above about 16 KB it answers a bare HTTP 431. */
const MAX_TOKEN_BYTES = 8192;

/** As long as a person waits for a look-up in a database. */
const CLAIMS_TIMEOUT_MS = 10_000;

/** A token may answer a later request with the same claims while it is this young. */
const REUSE_SECONDS = 15;
/** The same, as a part of its lifetime: at least 95 % of it is left. */
const REUSE_LIFETIME_PART = 0.05;

/** What every token of a project has in common. */
type TokenSettings = ReturnType<typeof readTokenSettings>;

/**
 * @throws {PowerSyncAuthError} `POWERSYNC_URL_MISSING`, `POWERSYNC_URL_INVALID`, `POWERSYNC_AUDIENCE_INVALID`,
 * `POWERSYNC_TOKEN_TTL_INVALID`
 */
export function readTokenSettings(environment: Environment) {
  const url = readSetting(environment, "POWERSYNC_URL");
  const [audience, ...others] = readSetting(environment, "POWERSYNC_AUDIENCE") ?? [url];
  return {
    url,
    // One as text, several as an array (RFC 7519, section 4.1.3).
    audience: others.length === 0 ? audience : [audience, ...others],
    issuer: readSetting(environment, "POWERSYNC_ISSUER"),
    lifetimeSeconds: readSetting(environment, "POWERSYNC_TOKEN_TTL"),
  };
}

/**
 * Makes the function that turns claims into credentials. It reads settings and keys on its first call and keeps them.
 *
 * @param options `claimsTimeoutMs`: how long `claims.ts` may take.
 * @returns A function of a thunk that yields what `claims.ts` returns; it answers the JSON of `Credentials`. It throws
 * every error of the settings, the keys and the claims; what `claims.ts` throws by accident becomes `CLAIMS_FAILED`.
 */
export function tokenIssuer(
  { environment, now, log, claimsTimeoutMs = CLAIMS_TIMEOUT_MS }: Surroundings & {
    readonly claimsTimeoutMs?: number | undefined;
  },
): (claims: () => unknown) => Promise<string> {
  const load = once(async () => {
    const settings = readTokenSettings(environment());
    const ring = await loadKeyRing({ signing: readKeySecrets(environment()).signing });
    signingKeyAt(ring, now() / 1000);
    for (const { error } of ring.problems) log(error);
    return { settings, ring };
  });
  // The token that was made last, or is being made: whoever comes meanwhile with the same claims waits for it.
  let last: { claims: string; key: SigningKey; issuedAt: number; answer: () => Promise<string> } | undefined;
  return async (makeClaims) => {
    const { settings, ring } = await load();
    const claims = asJson(await callClaims(makeClaims, claimsTimeoutMs));
    const seconds = now() / 1000;
    const key = signingKeyAt(ring, seconds);
    const age = seconds - (last?.issuedAt ?? NaN);
    // A token that seems to come from the future, because the clock was set back, is not reused.
    const isYoung = age >= 0 &&
      age <= Math.min(REUSE_SECONDS, settings.lifetimeSeconds * REUSE_LIFETIME_PART);
    if (last === undefined || last.claims !== claims || last.key !== key || !isYoung) {
      const answer = once(() => answerWith(claims, { ...settings, key, now: seconds }));
      last = { claims, key, issuedAt: Math.floor(seconds), answer };
    }
    return await last.answer();
  };
}

async function answerWith(
  claims: string,
  { url, ...options }: TokenSettings & { key: SigningKey; now: number },
): Promise<string> {
  const { token, subject, expiresAt } = await signToken(claims, options);
  const credentials: Credentials = {
    token,
    powersync_url: url,
    endpoint: url,
    user_id: subject,
    expires_at: new Date(expiresAt * 1000).toISOString(),
  };
  return JSON.stringify(credentials);
}

/**
 * Signs a PowerSync token.
 *
 * @param claims The JSON of what `claims.ts` returned: `sub` and any further claims. Hostile until checked here.
 * @param options `now`: seconds since 1970, from which `iat` and `exp` derive.
 * @throws {PowerSyncAuthError} `CLAIMS_NOT_AN_OBJECT`, `CLAIMS_RESERVED`, `CLAIMS_SUBJECT_INVALID`,
 * `CLAIMS_PARAMETERS_INVALID`, `TOKEN_TOO_LARGE`
 * @see RFC 7519, section 4.1; PowerSync KeyStore
 */
export async function signToken(
  claims: string,
  options: Omit<TokenSettings, "url"> & { readonly key: SigningKey; readonly now: number },
): Promise<{ token: string; subject: string; expiresAt: number }> {
  const { key, audience, issuer, lifetimeSeconds, now } = options;
  const checked = checkClaims(claims);
  const iat = Math.floor(now);
  const exp = iat + lifetimeSeconds;
  const token = await new SignJWT({ ...checked, iss: issuer, aud: audience, iat, exp })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" })
    .sign(key.privateKey);
  if (token.length > MAX_TOKEN_BYTES) {
    const message = `The token has ${token.length} bytes, more than ${MAX_TOKEN_BYTES}.`;
    throw new PowerSyncAuthError("TOKEN_TOO_LARGE", { message });
  }
  return { token, subject: checked.sub, expiresAt: exp };
}

/** What is checked is what is signed: the claims as JSON carries them. */
function checkClaims(claims: string): JWTPayload & { sub: string } {
  const copy: unknown = JSON.parse(claims);
  if (!isJsonObject(copy)) throw new PowerSyncAuthError("CLAIMS_NOT_AN_OBJECT");
  const reserved = RESERVED_CLAIMS.find((name) => Object.hasOwn(copy, name));
  if (reserved !== undefined) {
    throw new PowerSyncAuthError("CLAIMS_RESERVED", { message: `The claim \`${reserved}\` is reserved.` });
  }
  const { sub, parameters } = copy;
  if (!isPlainText(sub)) throw new PowerSyncAuthError("CLAIMS_SUBJECT_INVALID");
  // PowerSync refuses anything else.
  if (parameters !== undefined && !isJsonObject(parameters)) {
    throw new PowerSyncAuthError("CLAIMS_PARAMETERS_INVALID");
  }
  return { ...copy, sub };
}

/** What JSON does not know, a function for example, becomes `null`. */
function asJson(claims: unknown): string {
  try {
    return JSON.stringify(claims) ?? "null";
  } catch (cause) {
    throw new PowerSyncAuthError("CLAIMS_NOT_JSON", { cause });
  }
}

async function callClaims(makeClaims: () => unknown, timeoutMs: number): Promise<unknown> {
  try {
    const made = makeClaims();
    // Most projects look nothing up, and a timer costs more than their claims. A proxy of a client may be a function.
    const { then }: { then?: unknown } = Object(made);
    if (typeof then !== "function") return made;
    return await within<unknown>(timeoutMs, made, () => {
      const message = `The project's claims.ts did not return within ${timeoutMs / 1000} s.`;
      throw new PowerSyncAuthError("CLAIMS_FAILED", { message });
    });
  } catch (cause) {
    throw cause instanceof PowerSyncAuthError ? cause : new PowerSyncAuthError("CLAIMS_FAILED", { cause });
  }
}
