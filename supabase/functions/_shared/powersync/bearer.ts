import type { JWTPayload, ProtectedHeaderParameters } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { decodeJwt } from "jose/jwt/decode";
import { isCanonicalBase64url } from "./secret.ts";
import { PowerSyncAuthError } from "./errors.ts";

/** No access token comes near; hosts accept about as much in all headers together. */
const MAX_TOKEN_CHARACTERS = 16_384;

/** A JWT that was only decoded: nothing in it may be trusted yet. */
export interface UnverifiedToken {
  readonly token: string;
  readonly header: ProtectedHeaderParameters;
  readonly claims: JWTPayload;
}

/**
 * The credentials of `Authorization: Bearer …`; the scheme's case does not matter (RFC 7235, section 2.1).
 *
 * @returns The text after the scheme, or `undefined` when there is no such header or another scheme.
 */
export function bearerOf(request: Request): string | undefined {
  const [scheme, credentials, ...rest] = (request.headers.get("Authorization") ?? "").split(/ +/);
  if (scheme?.toLowerCase() !== "bearer" || rest.length > 0) return undefined;
  return credentials || undefined;
}

/**
 * Decodes a JWT without verifying it.
 *
 * @throws {PowerSyncAuthError} `USER_TOKEN_INVALID`
 */
export function decodeToken(token: string): UnverifiedToken {
  if (token.length > MAX_TOKEN_CHARACTERS) throw invalidToken();
  // jose's decoder forgives padding, white space and unused bits: one token, many forms.
  if (!token.split(".").every(isCanonicalBase64url)) throw invalidToken();
  try {
    return { token, header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    throw invalidToken(cause);
  }
}

/** The answer to every token that proves nothing; it does not tell which check failed. */
export function invalidToken(cause?: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError("USER_TOKEN_INVALID", {
    message: "The access token is not a valid token of a user of this project.",
    hint: "Sign in again and send the new session's access token as `Authorization: Bearer <token>`.",
    cause,
  });
}

/** The answer to a token whose time is over. */
export function expiredToken(cause?: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError("USER_TOKEN_EXPIRED", {
    message: "The access token has expired.",
    hint: "Refresh the session, with Supabase by supabase.auth.getSession(), and send its new access token.",
    cause,
  });
}
