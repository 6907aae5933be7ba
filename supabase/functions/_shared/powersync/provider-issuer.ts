import type { JWTPayload } from "jose";
import { PowerSyncAuthError } from "./errors.ts";
import { keySet } from "./key-set.ts";
import { type IdentityProvider, isSafeUrl, parseIdentityProviders } from "./provider-settings.ts";
import { isJsonObject, isPlainText } from "./secret.ts";
import { type Environment, isSet, readSetting, withoutSlash } from "./settings.ts";
import type { IssuerOptions } from "./supabase-issuer.ts";
import { fetchJson, UnusableAnswer } from "./upstream.ts";
import type { VerifiedUser } from "./user.ts";
import type { Issuer, Reason } from "./verify.ts";

/** No provider's is as long; with its prefix it must fit into a PowerSync token. */
const MAX_SUBJECT_CHARACTERS = 1_024;

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
  const providers = parseIdentityProviders(list, [
    ...(isSet(environment, "SUPABASE_URL") ? [`${readSetting(environment, "SUPABASE_URL")}/auth/v1`] : []),
    readSetting(environment, "POWERSYNC_USER_ISSUER"),
  ]);
  return new Map(providers.map((provider) => [provider.issuer, providerIssuer(provider, options)]));
}

function providerIssuer(provider: IdentityProvider, { now, limits }: IssuerOptions): Issuer {
  const { algorithms, issuer, jwks_uri } = provider;
  // OpenID Connect Discovery 1.0, section 4
  const configuration = `${withoutSlash(issuer)}/.well-known/openid-configuration`;
  return {
    algorithms,
    hasKeyIds: false,
    clockToleranceSeconds: 60,
    keys: keySet({
      locate: async () => jwks_uri ?? jwksUriOf(await fetchJson(configuration, limits), issuer),
      now,
      limits,
    }),
    userOf: (claims) => providerUser(claims, provider),
    needsOwnKey: () => false,
    unavailable: (cause) => keysUnavailable(issuer, cause),
  };
}

/** What will not pass by itself, the wrong document with a 200 for example, is not "try again". */
function keysUnavailable(issuer: string, cause: unknown): PowerSyncAuthError {
  const isPermanent = cause instanceof UnusableAnswer && [200, 204, 404, 410].includes(cause.status);
  const found = { issuer, cause: cause instanceof Error ? cause.message : undefined };
  return new PowerSyncAuthError(
    isPermanent ? "IDENTITY_PROVIDER_MISCONFIGURED" : "IDENTITY_PROVIDER_UNAVAILABLE",
    { cause, why: { reason: "keys", found } },
  );
}

function providerUser(claims: JWTPayload, provider: IdentityProvider): VerifiedUser | Reason {
  const { allow, audience_claim, subject_claim } = provider;
  const { iss, aud, events, typ, cnf, email_verified, is_anonymous, firebase } = claims;
  if (iss !== provider.issuer) return "issuer";
  const accepted: unknown[] = [provider.audience].flat();
  const isForUs = (audience: unknown) => [audience].flat().some((name) => accepted.includes(name));
  // An `aud` that names only others forbids a token, whatever another claim says (RFC 7519, section 4.1.3).
  if (!isForUs(claims[audience_claim]) || !(aud === undefined || isForUs(aud))) return "audience";
  // Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), and what Keycloak calls a token in its claim `typ`.
  if (events !== undefined || typ === "Offline" || typ === "Refresh") return "type";
  if (typ === "ID" && !allow.includes("ID")) return "type";
  // Only whoever holds the key may use such a token (RFC 9449, section 6.1), and a bearer proves nothing.
  if (isJsonObject(cnf) && cnf.jkt !== undefined && !allow.includes("DPoP")) return "bound-to-key";
  const subject = claims[subject_claim];
  if (!isPlainText(subject) || subject.length > MAX_SUBJECT_CHARACTERS) return "subject";
  // Users choose their address at some providers; Cognito writes the flag as text.
  if (subject_claim === "email" && email_verified !== true && email_verified !== "true") {
    return "email-not-verified";
  }
  return {
    id: `${provider.subject_prefix}${subject}`,
    role: "authenticated",
    // Firebase signs people in without telling who they are, and so does another Supabase project.
    isAnonymous: is_anonymous === true ||
      (isJsonObject(firebase) && firebase.sign_in_provider === "anonymous"),
    provider: provider.issuer,
    clientId: undefined,
    claims,
  };
}

/**
 * Where a Discovery document says that the keys are.
 *
 * @throws {UnusableAnswer} It belongs to another issuer, or names no place that keys may come from.
 */
export function jwksUriOf(metadata: unknown, issuer: string): string {
  // Section 4.3: exactly the issuer it was asked for.
  if (!isJsonObject(metadata) || metadata.issuer !== issuer) {
    throw new UnusableAnswer(200, "The Discovery document does not belong to the issuer.");
  }
  const { jwks_uri: place } = metadata;
  const isHttps = (url: string) => URL.parse(url)?.protocol === "https:";
  // Plain http only where the issuer is on this computer itself.
  if (typeof place === "string" && isSafeUrl(place) && (isHttps(place) || !isHttps(issuer))) return place;
  throw new UnusableAnswer(200, "The Discovery document has no safe `jwks_uri`.");
}
