import type { JWTPayload } from "jose";
import { expiredToken, invalidToken } from "./bearer.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { SUPABASE, type VerifiedUser } from "./user.ts";

/** What the rules depend on. */
export interface SupabaseUserRules {
  /** The one `iss` to accept; `undefined` is any whose path ends in `/auth/v1`. */
  readonly issuer: string | undefined;
  /** Seconds since 1970. */
  readonly now: number;
}

/** Roles of the project's own keys, which are nobody's. */
const ROLES_OF_API_KEYS = ["anon", "service_role", "supabase_admin"];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The user that the claims of a Supabase access token tell of. Says nothing about the signature: whoever calls this
 * must verify the very same token.
 *
 * @throws {PowerSyncAuthError} `USER_TOKEN_IS_API_KEY`, `USER_TOKEN_EXPIRED`, `USER_TOKEN_INVALID`
 */
export function supabaseUser(claims: JWTPayload, { issuer, now }: SupabaseUserRules): VerifiedUser {
  const { role, sub, aud, exp, nbf, iat, iss, is_anonymous } = claims;
  if (typeof role !== "string" || role === "") throw invalidToken();
  if (ROLES_OF_API_KEYS.includes(role)) throw tokenIsApiKey();
  if (typeof sub !== "string" || !UUID.test(sub)) throw invalidToken();
  if (aud !== "authenticated" && !(Array.isArray(aud) && aud.includes("authenticated"))) throw invalidToken();
  // Keys of third-party issuers stand in SUPABASE_JWKS too; their tokens are not Supabase users'.
  if (issuer === undefined ? !isAuthIssuer(iss) : iss !== issuer) throw invalidToken();
  if (!isTime(exp) || !(iat === undefined || isTime(iat))) throw invalidToken();
  if (nbf !== undefined && !(isTime(nbf) && nbf <= now)) throw invalidToken();
  if (exp <= now) throw expiredToken();
  return { id: sub, role, isAnonymous: is_anonymous === true, provider: SUPABASE, claims };
}

/** The answer to an API key in a user token's place. */
export function tokenIsApiKey(): PowerSyncAuthError {
  return new PowerSyncAuthError("USER_TOKEN_IS_API_KEY", {
    message: "The bearer is an API key of the project, not the access token of a user.",
    hint:
      "Sign in first; the API key belongs in the `apikey` header. Without sign-in, call powersync-auth-anonymous.",
  });
}

/** Its host differs from SUPABASE_URL's locally and behind a custom domain; its path never does. */
function isAuthIssuer(iss: unknown): boolean {
  return typeof iss === "string" && (URL.parse(iss)?.pathname.endsWith("/auth/v1") ?? false);
}

/** A NumericDate (RFC 7519, section 2). `JSON.parse` reads a number beyond a double as infinite. */
function isTime(claim: unknown): claim is number {
  return typeof claim === "number" && Number.isFinite(claim);
}
