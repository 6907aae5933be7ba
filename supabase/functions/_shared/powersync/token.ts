import type { JWTPayload } from "jose";
import { SignJWT } from "jose/jwt/sign";
import { isJsonObject, isPlainText } from "./secret.ts";
import { type ClaimsErrorCode, PowerSyncAuthError } from "./errors.ts";
import type { SigningKey } from "./keys.ts";

/** What goes into every token besides the caller's claims. */
export interface TokenOptions {
  readonly key: SigningKey;
  readonly audience: string | string[];
  readonly issuer: string;
  /** `exp - iat` in seconds. */
  readonly lifetimeSeconds: number;
  /** The time of issue in seconds since 1970; `iat` and `exp` derive from it. */
  readonly now: number;
}

/** A signed token and what its owner needs to know of it. */
export interface IssuedToken {
  readonly token: string;
  readonly subject: string;
  /** `exp`: seconds since 1970. */
  readonly expiresAt: number;
}

/** Set by us alone (RFC 7519, section 4.1). */
const RESERVED_CLAIMS = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/** Half of what PowerSync takes: above about 16 KB it answers a bare HTTP 431. */
const MAX_TOKEN_BYTES = 8192;

const EDIT_CLAIMS = "Change supabase/functions/_shared/powersync/claims.ts and deploy again.";

/**
 * Signs a PowerSync token.
 *
 * @param claims What `claims.ts` returned: `sub` and any further claims. Hostile until checked here.
 * @param options Key, audience, issuer, lifetime and time.
 * @throws {PowerSyncAuthError} `CLAIMS_NOT_AN_OBJECT`, `CLAIMS_RESERVED`, `CLAIMS_SUBJECT_INVALID`,
 * `CLAIMS_PARAMETERS_INVALID`, `CLAIMS_NOT_JSON`, `TOKEN_TOO_LARGE`
 * @see RFC 7519, section 4.1; PowerSync KeyStore
 */
export async function issueToken(claims: unknown, options: TokenOptions): Promise<IssuedToken> {
  const { key, audience, issuer, lifetimeSeconds, now } = options;
  const checked = checkClaims(claims);
  const iat = Math.floor(now);
  const exp = iat + lifetimeSeconds;
  const token = await new SignJWT({ ...checked, iss: issuer, aud: audience, iat, exp })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" })
    .sign(key.privateKey);
  if (token.length > MAX_TOKEN_BYTES) {
    throw claimsError(
      "TOKEN_TOO_LARGE",
      `The token has ${token.length} bytes, more than ${MAX_TOKEN_BYTES}.`,
    );
  }
  return { token, subject: checked.sub, expiresAt: exp };
}

/** The claims as JSON carries them, so that what is checked is what is signed. */
function checkClaims(claims: unknown): JWTPayload & { sub: string } {
  const copy = asJson(claims);
  if (!isJsonObject(copy)) throw claimsError("CLAIMS_NOT_AN_OBJECT", "The claims are not an object.");
  const reserved = RESERVED_CLAIMS.find((name) => Object.hasOwn(copy, name));
  if (reserved !== undefined) throw claimsError("CLAIMS_RESERVED", `The claim \`${reserved}\` is reserved.`);
  const { sub, parameters } = copy;
  if (!isPlainText(sub)) {
    const message =
      "The claim `sub` is not a non-empty text of well-formed Unicode without control characters.";
    throw claimsError("CLAIMS_SUBJECT_INVALID", message);
  }
  // PowerSync refuses anything else.
  if (parameters !== undefined && !isJsonObject(parameters)) {
    throw claimsError("CLAIMS_PARAMETERS_INVALID", "The claim `parameters` is not an object.");
  }
  return { ...copy, sub };
}

function asJson(claims: unknown): unknown {
  try {
    const json = JSON.stringify(claims);
    return json === undefined ? undefined : JSON.parse(json);
  } catch (cause) {
    throw claimsError("CLAIMS_NOT_JSON", "The claims cannot be written as JSON.", cause);
  }
}

function claimsError(code: ClaimsErrorCode, message: string, cause?: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError(code, { message, hint: EDIT_CLAIMS, cause });
}
