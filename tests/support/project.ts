/** A Supabase project as the functions see it: its keys, its users and their tokens. */
import { Buffer } from "node:buffer";
import { type JWTPayload, SignJWT } from "jose";
import { makeKey, sign } from "./signing.ts";

export const PUBLISHABLE_KEY = "sb_publishable_test";
export const SECRET_KEY = "sb_secret_test";
/** As locally, where SUPABASE_URL is an internal name. */
export const USER_ISSUER = "http://127.0.0.1:54321/auth/v1";
export const POWERSYNC_URL = "https://test.powersync.journeyapps.com";
/** Only Supabase Auth knows it. */
export const LEGACY_SECRET = "s".repeat(40);
export const USER_ID = "5c7a6c0e-0000-4000-8000-000000000001";

/** The project's signing keys, one of each type. */
export const projectKeys = {
  ES256: await makeKey("ES256", "project-ec"),
  RS256: await makeKey("RS256", "project-rsa"),
  EdDSA: await makeKey("EdDSA", "project-ed"),
};

/** A secret as the original example has it. */
export function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

/** What a user's access token says; `undefined` leaves a claim out. */
export function userClaims(changes: Record<string, unknown> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: USER_ISSUER,
    aud: "authenticated",
    sub: USER_ID,
    role: "authenticated",
    session_id: "5c7a6c0e-0000-4000-8000-00000000000a",
    email: "user@example.com",
    app_metadata: { provider: "email" },
    user_metadata: {},
    is_anonymous: false,
    iat: now,
    exp: now + 3600,
    ...changes,
  };
}

/** A user's access token, with these changes to its claims. */
export function userToken(changes: Record<string, unknown> = {}, key = projectKeys.ES256): Promise<string> {
  return sign(userClaims(changes), { key });
}

/** A token signed with the project's legacy secret. */
export async function signLegacyToken(
  claims: JWTPayload = userClaims(),
  secret = LEGACY_SECRET,
  header: { kid?: string } = {},
): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT", ...header })
    .sign(new TextEncoder().encode(secret));
}

/** The claims of a user of the project at a URL. */
export function claimsOf(url: string, changes: Record<string, unknown> = {}): JWTPayload {
  return userClaims({ iss: `${url}/auth/v1`, ...changes });
}
