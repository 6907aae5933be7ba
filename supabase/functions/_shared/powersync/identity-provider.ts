import type { JWTPayload } from "jose";
import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { expiredToken, invalidToken, type UnverifiedToken } from "./bearer.ts";
import { isJsonObject, isPlainText } from "./secret.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { fetchUpstream } from "./upstream.ts";
import { type IdentityProvider, isSafeUrl } from "./provider-settings.ts";
import { KeysUnavailable, type RemoteKeys, remoteKeys } from "./remote-keys.ts";
import type { VerifiedUser } from "./user.ts";

/** For clocks that differ, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * What an ID token or access token calls itself, if anything (RFC 9068, section 2.1). A provider signs other kinds with
 * the same keys, logout tokens for example (RFC 8725, section 3.11).
 */
const TOKEN_TYPE = /^(application\/)?(at\+)?jwt$/i;

/** A document that could not be had is not asked for again sooner. */
const DISCOVERY_RETRY_MS = 1_000;

/**
 * Makes the function that verifies the tokens of one identity provider: with this provider's keys only, whatever a
 * token's header says about keys elsewhere.
 *
 * @param provider The provider.
 * @param now Milliseconds since 1970.
 * @returns A function that throws `USER_TOKEN_INVALID`, `USER_TOKEN_EXPIRED`, `IDENTITY_PROVIDER_UNAVAILABLE`.
 * @see RFC 7519, section 7.2; RFC 8725, sections 3.1, 3.8 to 3.10; OpenID Connect Discovery 1.0, section 4
 */
export function providerVerifier(
  provider: IdentityProvider,
  now: () => number,
): (token: UnverifiedToken) => Promise<VerifiedUser> {
  const locateKeys = keyLocator(provider, now);
  return async ({ token, header, claims }) => {
    // What the claims say is settled first, before keys are fetched for a hopeless token; whether they are true, after.
    if (!isTokenType(header.typ)) throw invalidToken();
    const user = userOf(claims, provider);
    try {
      await jwtVerify(
        token,
        async (header, jws) => await (await locateKeys())(header, jws),
        {
          algorithms: [...provider.algorithms],
          issuer: provider.issuer,
          requiredClaims: ["exp", "iss"],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(now()),
        },
      );
      return user;
    } catch (error) {
      if (error instanceof PowerSyncAuthError) throw error;
      if (error instanceof KeysUnavailable) throw providerUnavailable(error);
      throw error instanceof errors.JWTExpired ? expiredToken(error) : invalidToken(error);
    }
  };
}

function isTokenType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === "string" && TOKEN_TYPE.test(typ));
}

/** The user that the claims tell of; says nothing about the signature. */
function userOf(claims: JWTPayload, provider: IdentityProvider): VerifiedUser {
  if (!isForUs(claims, provider)) throw invalidToken();
  // `JSON.parse` reads a number beyond a double as infinite.
  if (!Number.isFinite(claims.exp)) throw invalidToken();
  const subject = claims[provider.subjectClaim];
  if (!isPlainText(subject)) throw invalidToken();
  return {
    id: `${provider.subjectPrefix}${subject}`,
    role: "authenticated",
    isAnonymous: isAnonymous(claims),
    provider: provider.issuer,
    claims,
  };
}

/** An `aud` that names only others forbids a token, whatever another claim says (RFC 7519, section 4.1.3). */
function isForUs(claims: JWTPayload, { audience, audienceClaim }: IdentityProvider): boolean {
  const names = (claim: unknown) => {
    const named: unknown[] = Array.isArray(claim) ? claim : [claim];
    return audience.some((accepted) => named.includes(accepted));
  };
  return names(claims[audienceClaim]) && (claims.aud === undefined || names(claims.aud));
}

/** Firebase signs people in without telling who they are, and so does another Supabase project. */
function isAnonymous({ firebase, is_anonymous }: JWTPayload): boolean {
  return is_anonymous === true || (isJsonObject(firebase) && firebase.sign_in_provider === "anonymous");
}

/** The provider's keys; where they are is discovered on the first call, once for concurrent ones. */
function keyLocator({ issuer, jwksUri }: IdentityProvider, now: () => number): () => Promise<RemoteKeys> {
  let keys = jwksUri === undefined ? undefined : remoteKeys(new URL(jwksUri), now);
  let pending: Promise<RemoteKeys> | undefined;
  let failedAt = -Infinity;
  return async () => {
    if (keys !== undefined) return keys;
    if (now() - failedAt < DISCOVERY_RETRY_MS) throw new KeysUnavailable("Discovery failed just now.");
    pending ??= discoverJwksUri(issuer)
      .then((url) => keys = remoteKeys(url, now))
      .catch((cause) => {
        failedAt = now();
        throw new KeysUnavailable("Discovery failed.", { cause });
      })
      .finally(() => pending = undefined);
    return await pending;
  };
}

async function discoverJwksUri(issuer: string): Promise<URL> {
  const response = await fetchUpstream(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const metadata: unknown = await response.json();
  if (!response.ok || !isJsonObject(metadata)) throw new TypeError("The document is not there.");
  // OpenID Connect Discovery 1.0, section 4.3: exactly the issuer it was asked for.
  if (metadata.issuer !== issuer) throw new TypeError("The document is another issuer's.");
  if (typeof metadata.jwks_uri !== "string" || !isSafeUrl(metadata.jwks_uri)) {
    throw new TypeError("The document names no safe place of keys.");
  }
  return new URL(metadata.jwks_uri);
}

function providerUnavailable(cause: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError("IDENTITY_PROVIDER_UNAVAILABLE", {
    message: "The keys of the identity provider that issued this token cannot be fetched.",
    hint:
      "Try again in a moment. If it stays so, check `issuer` and `jwks_uri` in POWERSYNC_IDENTITY_PROVIDERS.",
    cause,
  });
}
