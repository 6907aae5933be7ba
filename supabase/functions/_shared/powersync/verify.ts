import type { JWTPayload, ProtectedHeaderParameters } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { JOSEError, JWSSignatureVerificationFailed } from "jose/errors";
import { decodeJwt } from "jose/jwt/decode";
import { jwtVerify } from "jose/jwt/verify";
import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { KeyNotFound, type KeySet, KeysUnavailable } from "./key-set.ts";
import { isCanonicalBase64url } from "./secret.ts";
import type { VerifiedUser } from "./user.ts";

/** No access token comes near; hosts accept about as much in all headers together. */
const MAX_TOKEN_CHARACTERS = 16_384;

/**
 * What an access or ID token calls itself, if anything (RFC 9068, section 2.1). Issuers sign other kinds with the same
 * keys, logout tokens for example (RFC 8725, section 3.11).
 */
const TOKEN_TYPE = /^(application\/)?(at\+)?jwt$/i;

/** Why a user token is refused, and what the caller hears of it: never which check failed. */
const CODES = {
  malformed: "USER_TOKEN_INVALID",
  type: "USER_TOKEN_INVALID",
  algorithm: "USER_TOKEN_INVALID",
  issuer: "USER_TOKEN_INVALID",
  audience: "USER_TOKEN_INVALID",
  subject: "USER_TOKEN_INVALID",
  role: "USER_TOKEN_INVALID",
  times: "USER_TOKEN_INVALID",
  "not-yet-valid": "USER_TOKEN_INVALID",
  expired: "USER_TOKEN_EXPIRED",
  "api-key": "USER_TOKEN_IS_API_KEY",
  "oauth-client": "OAUTH_CLIENT_NOT_ALLOWED",
  "key-unknown": "USER_TOKEN_INVALID",
  signature: "USER_TOKEN_INVALID",
  session: "USER_TOKEN_INVALID",
} as const satisfies Record<string, ErrorCode>;

/** Why a user token is refused. */
export type Reason = keyof typeof CODES;

/** A JWT that was only decoded: do not trust anything in it yet. */
export interface UnverifiedToken {
  readonly token: string;
  readonly header: ProtectedHeaderParameters;
  readonly claims: JWTPayload;
}

/** Whose tokens are accepted, and how: the project's Supabase Auth, or another identity provider. */
export interface Issuer {
  /** The JWS algorithms that its keys sign with. */
  readonly algorithms: readonly string[];
  /** Whether each of its keys has a key ID. */
  readonly hasKeyIds: boolean;
  /** For clocks that differ, in seconds. */
  readonly clockToleranceSeconds: number;
  readonly keys: KeySet;
  /** The user that claims tell of, or why they tell of none. Says nothing about the signature. */
  readonly userOf: (claims: JWTPayload) => VerifiedUser | Reason;
  /** Where `keys` does not suffice: who can be asked about a token. */
  readonly server?: AuthorityOnTokens;
  /** The code while its keys cannot be fetched. */
  readonly unavailable: ErrorCode;
}

/** Somebody who knows whose a token is. */
export interface AuthorityOnTokens {
  /** Returns the user's ID, or `undefined` for a token that it refuses. `unknownKid`: no published key has this ID. */
  readonly ask: (question: { token: string; unknownKid?: string | undefined }) => Promise<string | undefined>;
  /** Whether it is asked about every token, or only about those that no published key verifies. */
  readonly aboutEvery: boolean;
  /** Algorithms whose keys it alone has. */
  readonly ownAlgorithms: readonly string[];
}

/**
 * Decodes a JWT without verifying it.
 *
 * @throws {PowerSyncAuthError} `USER_TOKEN_INVALID`
 */
export function decodeToken(token: string): UnverifiedToken {
  if (token.length > MAX_TOKEN_CHARACTERS) throw refused("malformed");
  // jose's decoder forgives padding, white space and unused bits: one token, many forms.
  if (!token.split(".").every(isCanonicalBase64url)) throw refused("malformed");
  try {
    return { token, header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    throw refused("malformed", cause);
  }
}

/**
 * Verifies a user's token. This is the only place that does.
 *
 * @param token The decoded token.
 * @param issuer The issuer that its `iss` names.
 * @param now Milliseconds since 1970.
 * @throws {PowerSyncAuthError} A code of `CODES`, the issuer's `unavailable`, and what its server throws.
 * @see RFC 7519, section 7.2; RFC 8725, sections 3.1 and 3.8 to 3.11
 */
export async function verifyToken(
  token: UnverifiedToken,
  issuer: Issuer,
  now: number,
): Promise<VerifiedUser> {
  // Check the claims first, to avoid needless requests; the signature is verified below.
  const { alg, kid, typ } = token.header;
  const user = issuer.userOf(token.claims);
  if (typeof user === "string") throw refused(user);
  const untimely = reasonOfTimes(token.claims, { now: now / 1000, tolerance: issuer.clockToleranceSeconds });
  if (untimely !== undefined) throw refused(untimely);
  if (typ !== undefined && !(typeof typ === "string" && TOKEN_TYPE.test(typ))) throw refused("type");
  if (typeof alg !== "string" || (kid !== undefined && typeof kid !== "string")) throw refused("algorithm");
  const { server } = issuer;
  if (server?.ownAlgorithms.includes(alg)) {
    await askServer(server, { token: token.token }, user);
    return user;
  }
  if (!issuer.algorithms.includes(alg) || (kid === undefined && issuer.hasKeyIds)) throw refused("algorithm");
  const isKnown = await verifySignature(token.token, { alg, kid }, { issuer, now });
  // Just after a rotation the key that signed may be missing from every published set.
  if (!isKnown && server === undefined) throw refused("key-unknown");
  if (server !== undefined && (server.aboutEvery || !isKnown)) {
    await askServer(server, { token: token.token, unknownKid: isKnown ? undefined : kid }, user);
  }
  return user;
}

/** The error that refuses a user token; its cause keeps the reason. */
export function refused(reason: Reason, cause?: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError(CODES[reason], { cause: new Error(reason, { cause }) });
}

/** Returns whether the token's key is published; throws when it is and did not sign the token. */
async function verifySignature(
  token: string,
  header: { alg: string; kid: string | undefined },
  { issuer, now }: { issuer: Issuer; now: number },
): Promise<boolean> {
  const options = {
    algorithms: [header.alg],
    currentDate: new Date(now),
    clockTolerance: issuer.clockToleranceSeconds,
  };
  try {
    for (const key of await issuer.keys(header)) {
      try {
        await jwtVerify(token, key, options);
        return true;
      } catch (error) {
        if (!(error instanceof JWSSignatureVerificationFailed)) throw error;
      }
    }
  } catch (error) {
    if (error instanceof KeyNotFound && error.reason === "key-unknown") return false;
    if (error instanceof KeyNotFound) throw refused(error.reason, error);
    if (error instanceof KeysUnavailable && issuer.server?.aboutEvery) return false;
    if (error instanceof JOSEError) throw refused("malformed", error);
    // Keys that cannot be fetched, or one that WebCrypto refuses to verify with.
    throw new PowerSyncAuthError(issuer.unavailable, { cause: error });
  }
  throw refused("signature");
}

async function askServer(
  { ask }: AuthorityOnTokens,
  question: Parameters<AuthorityOnTokens["ask"]>[0],
  user: VerifiedUser,
): Promise<void> {
  const id = await ask(question);
  if (id === undefined) throw refused("session");
  if (id !== user.id) throw refused("subject");
}

function reasonOfTimes(
  { exp, nbf, iat }: JWTPayload,
  { now, tolerance }: { now: number; tolerance: number },
): Reason | undefined {
  if (!isTime(exp) || ![nbf, iat].every((time) => time === undefined || isTime(time))) return "times";
  if (nbf !== undefined && nbf > now + tolerance) return "not-yet-valid";
  return exp <= now - tolerance ? "expired" : undefined;
}

/** A NumericDate (RFC 7519, section 2). `JSON.parse` reads a number beyond a double as infinite. */
function isTime(claim: unknown): claim is number {
  return typeof claim === "number" && Number.isFinite(claim);
}
