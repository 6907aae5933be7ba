import type { JWTPayload, ProtectedHeaderParameters } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { JWSSignatureVerificationFailed } from "jose/errors";
import { compactVerify } from "jose/jws/compact/verify";
import { decodeJwt } from "jose/jwt/decode";
import type { AuthServer } from "./auth-server.ts";
import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { type KeySet, KeysUnavailable } from "./key-set.ts";
import { isCanonicalBase64url } from "./secret.ts";
import type { VerifiedUser } from "./user.ts";

/** No access token comes near; hosts accept about as much in all headers together. */
const MAX_TOKEN_CHARACTERS = 16_384;

/**
 * What an access or ID token calls itself, if anything (RFC 9068, section 2.1). Issuers sign other kinds with the same
 * keys, logout tokens for example (RFC 8725, section 3.11).
 */
const TOKEN_TYPE = /^(application\/)?(at\+)?jwt$/i;

/** A set that is asked for again, because the server refused a key ID, is fetched no more than once in this time. */
const MAX_AGE_AFTER_REFUSAL_MS = 1_000;
/** The same, because a signature without a key ID does not match: its key may have been replaced. */
const MAX_AGE_WITHOUT_KEY_ID_MS = 30_000;

/** Why a user token is refused, and what the caller hears of it: never which check failed. */
export const CODES = {
  "too-long": "USER_TOKEN_TOO_LARGE",
  malformed: "USER_TOKEN_INVALID",
  type: "USER_TOKEN_INVALID",
  algorithm: "USER_TOKEN_INVALID",
  issuer: "USER_TOKEN_INVALID",
  audience: "USER_TOKEN_INVALID",
  subject: "USER_TOKEN_INVALID",
  "email-not-verified": "USER_TOKEN_INVALID",
  role: "USER_TOKEN_INVALID",
  times: "USER_TOKEN_INVALID",
  "not-yet-valid": "USER_TOKEN_INVALID",
  expired: "USER_TOKEN_EXPIRED",
  "api-key": "USER_TOKEN_IS_API_KEY",
  "oauth-client": "OAUTH_CLIENT_NOT_ALLOWED",
  "key-unknown": "USER_TOKEN_INVALID",
  signature: "USER_TOKEN_INVALID",
  "bound-to-key": "USER_TOKEN_INVALID",
  "auth-refused": "USER_TOKEN_INVALID",
  "auth-session-ended": "USER_TOKEN_INVALID",
  "auth-user-deleted": "USER_TOKEN_INVALID",
  "auth-user-banned": "USER_TOKEN_INVALID",
} as const satisfies Record<string, ErrorCode>;

export type Reason = keyof typeof CODES;

/** Whose tokens are accepted, and how: the project's Supabase Auth, or another identity provider. */
export interface Issuer {
  /** The JWS algorithms that its published keys sign with. */
  readonly algorithms: readonly string[];
  /** Whether each of its keys has a key ID. */
  readonly hasKeyIds: boolean;
  /** For clocks that differ. */
  readonly clockToleranceSeconds: number;
  readonly keys: KeySet;
  /** The user that claims tell of, or why they tell of none. Says nothing about the signature. */
  readonly userOf: (claims: JWTPayload) => VerifiedUser | Reason;
  /** Whether claims leave open who issued them, so that only a key which the issuer itself publishes will do. */
  readonly needsOwnKey: (claims: JWTPayload) => boolean;
  /** Where `keys` does not suffice: who can be asked about a token. */
  readonly server?: {
    readonly ask: AuthServer;
    /** Whether it is asked about every token, or only about those that no published key verifies. */
    readonly aboutEvery: boolean;
    /** Algorithms whose keys it alone has. */
    readonly ownAlgorithms: readonly string[];
  };
  /** The error while its keys cannot be fetched. */
  readonly unavailable: (cause: unknown) => PowerSyncAuthError;
}

/** A JWT that was only decoded: do not trust anything in it yet. */
type UncheckedToken = ReturnType<typeof decodeToken>;

/**
 * Decodes a JWT without verifying it.
 *
 * @throws {PowerSyncAuthError} `USER_TOKEN_INVALID`, `USER_TOKEN_TOO_LARGE`
 */
export function decodeToken(token: string) {
  if (token.length > MAX_TOKEN_CHARACTERS) throw refused("too-long");
  // jose's decoder forgives padding, white space and unused bits: one token, many forms.
  if (!token.split(".").every(isCanonicalBase64url)) throw refused("malformed");
  try {
    return { token, header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    throw refused("malformed", { cause });
  }
}

/** The error that refuses a user token. The log alone learns the reason, the issuer and the audience. */
export function refused(
  reason: Reason,
  { claims, cause }: { claims?: JWTPayload; cause?: unknown } = {},
): PowerSyncAuthError {
  const found = claims === undefined ? {} : { iss: claims.iss, aud: claims.aud };
  return new PowerSyncAuthError(CODES[reason], { cause, why: { reason, found } });
}

/**
 * Verifies a user's token. This is the only place that does.
 *
 * @param issuer The issuer that its `iss` names.
 * @param now Milliseconds since 1970.
 * @returns The user, or why the token is refused.
 * @throws {PowerSyncAuthError} The issuer's `unavailable`, and what its server throws.
 * @see RFC 7519, section 7.2; RFC 8725, sections 3.1 and 3.8 to 3.11
 */
export async function verifyToken(
  token: UncheckedToken,
  issuer: Issuer,
  now: number,
): Promise<VerifiedUser | Reason> {
  const { header, claims } = token;
  const { server } = issuer;
  // Check the claims first, to avoid needless requests; the signature is verified below.
  const user = issuer.userOf(claims);
  if (typeof user === "string") return user;
  const fault = faultInTimes(claims, { now: now / 1000, tolerance: issuer.clockToleranceSeconds }) ??
    faultInHeader(header, issuer);
  if (fault !== undefined) return fault;

  const isSecret = server?.ownAlgorithms.includes(header.alg ?? "") ?? false;
  const check = (maxAgeMs?: number) => checkSignature(token, issuer, maxAgeMs);
  let verdict = isSecret ? "key-unknown" : await check();
  if (verdict === "signature" && header.kid === undefined) verdict = await check(MAX_AGE_WITHOUT_KEY_ID_MS);
  const mustAsk = server !== undefined &&
    (verdict === "key-unknown" || (verdict === "verified" && server.aboutEvery));
  if (!mustAsk) return verdict === "verified" ? user : verdict;

  const unknownKid = verdict === "key-unknown" && !isSecret ? header.kid : undefined;
  const answer = await server.ask({ token: token.token, unknownKid });
  if (typeof answer !== "string") return answer.id === user.id ? user : "subject";
  // The server's own cache may lack a key that it publishes already: a fresh set decides.
  if (answer === "auth-refused" && !isSecret && await check(MAX_AGE_AFTER_REFUSAL_MS) === "verified") {
    if (!server.aboutEvery) return user;
    throw issuer.unavailable(new Error("Supabase Auth refuses a token that its published key signed."));
  }
  return answer;
}

function faultInHeader(
  { alg, kid, typ, crit }: ProtectedHeaderParameters,
  { algorithms, hasKeyIds, server }: Issuer,
): Reason | undefined {
  if (typ !== undefined && !(typeof typ === "string" && TOKEN_TYPE.test(typ))) return "type";
  // No extension is understood (RFC 7515, section 4.1.11); b64 would give the payload another meaning (RFC 7797).
  if (crit !== undefined) return "malformed";
  if (typeof alg !== "string" || (kid !== undefined && typeof kid !== "string")) return "algorithm";
  if (server?.ownAlgorithms.includes(alg)) return undefined;
  return algorithms.includes(alg) && (kid !== undefined || !hasKeyIds) ? undefined : "algorithm";
}

function faultInTimes(
  { exp, nbf, iat }: JWTPayload,
  { now, tolerance }: { now: number; tolerance: number },
): Reason | undefined {
  // NumericDates (RFC 7519, section 2). `JSON.parse` reads a number beyond a double as infinite.
  const isTime = (claim: unknown) => claim === undefined || Number.isFinite(claim);
  if (exp === undefined || ![exp, nbf, iat].every(isTime)) return "times";
  if (nbf !== undefined && nbf > now + tolerance) return "not-yet-valid";
  return exp <= now - tolerance ? "expired" : undefined;
}

/** Whether a published key signed the token, or why not; `key-unknown` where that cannot be told from here. */
async function checkSignature(
  { token, header, claims }: UncheckedToken,
  issuer: Issuer,
  maxAgeMs: number | undefined,
): Promise<"verified" | Reason> {
  try {
    const own = maxAgeMs !== undefined || issuer.needsOwnKey(claims);
    const keys = await issuer.keys(header, { own, maxAgeMs });
    if (typeof keys === "string") return keys;
    const failures: unknown[] = [];
    for (const key of keys) {
      try {
        await compactVerify(token, key, { algorithms: [...issuer.algorithms] });
        return "verified";
      } catch (error) {
        // Of keys that share an ID, one that cannot be used must not hide the right one.
        if (!(error instanceof JWSSignatureVerificationFailed)) failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return "signature";
  } catch (error) {
    // Just after a rotation the key that signed may be missing from every published set.
    if (error instanceof KeysUnavailable && issuer.server !== undefined) return "key-unknown";
    // Keys that cannot be fetched, or one that Web Crypto refuses to verify with.
    throw issuer.unavailable(error instanceof KeysUnavailable ? error.cause : error);
  }
}
