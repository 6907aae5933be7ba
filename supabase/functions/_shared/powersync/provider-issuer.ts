import type { JWTPayload } from "jose";
import { keySet } from "./key-set.ts";
import { type IdentityProvider, isSafeUrl, parseIdentityProviders } from "./provider-settings.ts";
import { isJsonObject, isPlainText } from "./secret.ts";
import { type Environment, readSetting } from "./settings.ts";
import type { IssuerOptions } from "./supabase-issuer.ts";
import { fetchJson, type UpstreamLimits } from "./upstream.ts";
import type { VerifiedUser } from "./user.ts";
import type { Issuer, Reason } from "./verify.ts";

/**
 * The trusted identity providers beside Supabase Auth, by issuer. Loaded only where a project has any.
 *
 * @param list The setting `POWERSYNC_IDENTITY_PROVIDERS`.
 * @throws {PowerSyncAuthError} `POWERSYNC_IDENTITY_PROVIDERS_INVALID`
 */
export function providerIssuers(
  list: string,
  environment: Environment,
  options: IssuerOptions,
): ReadonlyMap<unknown, Issuer> {
  const supabaseIssuers = [
    `${readSetting(environment, "SUPABASE_URL")}/auth/v1`,
    readSetting(environment, "POWERSYNC_USER_ISSUER") ?? [],
  ].flat();
  const providers = parseIdentityProviders(list, supabaseIssuers);
  return new Map(providers.map((provider) => [provider.issuer, providerIssuer(provider, options)]));
}

function providerIssuer(provider: IdentityProvider, { now, limits }: IssuerOptions): Issuer {
  const { algorithms, issuer, jwksUri } = provider;
  return {
    algorithms,
    hasKeyIds: false,
    clockToleranceSeconds: 60,
    keys: keySet({ locate: () => jwksUri ?? discoverJwksUri(issuer, limits), now, limits }),
    userOf: (claims) => providerUser(claims, provider),
    unavailable: "IDENTITY_PROVIDER_UNAVAILABLE",
  };
}

function providerUser(claims: JWTPayload, provider: IdentityProvider): VerifiedUser | Reason {
  if (claims.iss !== provider.issuer) return "issuer";
  if (!isForUs(claims, provider)) return "audience";
  const subject = claims[provider.subjectClaim];
  if (!isPlainText(subject)) return "subject";
  return {
    id: `${provider.subjectPrefix}${subject}`,
    role: "authenticated",
    isAnonymous: isAnonymous(claims),
    provider: provider.issuer,
    clientId: undefined,
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

/** OpenID Connect Discovery 1.0, section 4. */
async function discoverJwksUri(issuer: string, limits: UpstreamLimits | undefined): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const metadata = await fetchJson(url, limits);
  // Section 4.3: exactly the issuer it was asked for.
  if (!isJsonObject(metadata) || metadata.issuer !== issuer) {
    throw new TypeError("The document does not belong to the issuer.");
  }
  if (typeof metadata.jwks_uri !== "string" || !isSafeUrl(metadata.jwks_uri)) {
    throw new TypeError("The document has no safe `jwks_uri`.");
  }
  return metadata.jwks_uri;
}
