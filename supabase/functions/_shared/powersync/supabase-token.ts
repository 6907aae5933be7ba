import type { FlattenedJWSInput, JWSHeaderParameters, JWTVerifyGetKey } from "jose";
import * as errors from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { jwtVerify } from "jose/jwt/verify";
import { authServer, authServerUnavailable } from "./auth-server.ts";
import { invalidToken, type UnverifiedToken } from "./bearer.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { knownKeyIsFinal } from "./key-set.ts";
import { rateLimit } from "./rate-limit.ts";
import { KeysUnavailable, remoteKeys } from "./remote-keys.ts";
import type { UserTokenSettings } from "./settings.ts";
import { supabaseUser } from "./supabase-user.ts";
import type { VerifiedUser } from "./user.ts";

/** What the check of a Supabase access token depends on. */
export interface SupabaseTokenOptions {
  readonly settings: UserTokenSettings;
  /** The API key for questions to the Auth server; asked for only then. */
  readonly apiKey: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What Supabase's signing keys sign with. HS256 is its legacy secret, which only the Auth server knows. */
const SIGNING_KEY_ALGORITHMS = ["ES256", "RS256", "EdDSA"];

/** Anybody can invent key IDs; so many of them a second may lead to the Auth server, from each isolate. */
const UNKNOWN_KEY_CHECKS_PER_SECOND = 10;

/**
 * Makes the function that verifies the access token of a Supabase user: in the isolate where its key can be had, else
 * by the Auth server.
 *
 * @returns A function that throws `USER_TOKEN_INVALID`, `USER_TOKEN_EXPIRED`, `USER_TOKEN_IS_API_KEY`,
 * `AUTH_SERVER_UNAVAILABLE`, `AUTH_SERVER_LIMIT_REACHED`, and the settings' errors of the API key.
 */
export function supabaseTokenVerifier(
  { settings, apiKey, now }: SupabaseTokenOptions,
): (token: UnverifiedToken) => Promise<VerifiedUser> {
  const { supabaseUrl, issuer, sessionCheck } = settings;
  const keys = projectKeys(settings, now);
  const askServer = authServer({ supabaseUrl, apiKey });
  const mayAskAboutUnknownKey = rateLimit(UNKNOWN_KEY_CHECKS_PER_SECOND, now);

  async function verifyByServer(token: string, user: VerifiedUser): Promise<VerifiedUser> {
    if (await askServer(token) !== user.id) throw invalidToken();
    return user;
  }

  return async ({ token, header: { alg, kid }, claims }) => {
    // What the claims say is settled first, before anybody is asked about a hopeless token; whether they are true, after.
    const currentMs = now();
    const user = supabaseUser(claims, { issuer, now: currentMs / 1000 });
    if (alg === "HS256") return await verifyByServer(token, user);
    if (!SIGNING_KEY_ALGORITHMS.includes(`${alg}`) || typeof kid !== "string") throw invalidToken();
    if (sessionCheck === "server") return await verifyByServer(token, user);
    try {
      await jwtVerify(token, keys, {
        algorithms: SIGNING_KEY_ALGORITHMS,
        audience: "authenticated",
        requiredClaims: ["exp", "iss", "sub"],
        currentDate: new Date(currentMs),
      });
      return user;
    } catch (error) {
      if (error instanceof KeysUnavailable) throw authServerUnavailable(error);
      // Just after a rotation the key that signs may be missing from every published set.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw invalidToken(error);
    }
    if (!mayAskAboutUnknownKey()) throw limitReached();
    return await verifyByServer(token, user);
  };
}

/** The inline keys first, because they cost nothing; then those that the Auth server publishes. */
function projectKeys({ inlineKeys, supabaseUrl }: UserTokenSettings, now: () => number): JWTVerifyGetKey {
  const inline = knownKeyIsFinal(createLocalJWKSet({ keys: [...inlineKeys] }));
  const remote = remoteKeys(new URL(`${supabaseUrl}/auth/v1/.well-known/jwks.json`), now);
  return async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    try {
      return await inline(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await remote(header, token);
    }
  };
}

function limitReached(): PowerSyncAuthError {
  return new PowerSyncAuthError("AUTH_SERVER_LIMIT_REACHED", {
    message: "Too many access tokens with unknown keys are being checked.",
    hint:
      "Try again in a moment. Right after a rotation of the project's signing keys this passes within minutes.",
    retryAfterSeconds: 1,
  });
}
