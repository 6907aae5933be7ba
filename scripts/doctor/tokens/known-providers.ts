import { isSafeUrl } from "../../../supabase/functions/_shared/powersync/provider-settings.ts";
import { type DecodedToken, textsOf } from "./decoded-token.ts";

/** How a provider's issuer is recognised, and what docs/identity-providers.md says to enter for it. */
interface KnownProvider {
  readonly name: string;
  readonly issuer: RegExp;
  /** Its apps send the ID token; those of the others send an access token. */
  readonly sendsIdToken?: true;
  /** Where Discovery does not find the keys. */
  readonly jwksUri?: (issuer: string) => string;
}

const lastPart = (issuer: string) => issuer.split("/").at(-1);

const PROVIDERS: readonly KnownProvider[] = [
  { name: "Auth0", issuer: /^https:\/\/[^/]+\.auth0\.com\/?$/ },
  {
    name: "Clerk",
    issuer: /^https:\/\/([^/]+\.clerk\.accounts\.dev|clerk\.[^/]+)$/,
    jwksUri: (issuer) => `${issuer}/.well-known/jwks.json`,
  },
  {
    name: "Firebase",
    issuer: /^https:\/\/securetoken\.google\.com\//,
    sendsIdToken: true,
    jwksUri: () =>
      "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
  },
  {
    name: "Google",
    issuer: /^(https:\/\/)?accounts\.google\.com$/,
    sendsIdToken: true,
    jwksUri: () => "https://www.googleapis.com/oauth2/v3/certs",
  },
  { name: "Cognito", issuer: /^https:\/\/cognito-idp\.[^/]+\.amazonaws\.com/, sendsIdToken: true },
  {
    name: "Entra ID",
    issuer: /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net|[^/]+\.(ciamlogin|b2clogin)\.com)\//,
  },
  { name: "Okta", issuer: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com(\/|$)/ },
  { name: "Keycloak", issuer: /\/realms\/[^/]+\/?$/ },
  {
    name: "WorkOS",
    issuer: /^https:\/\/api\.workos\.com\/user_management\//,
    jwksUri: (issuer) => `https://api.workos.com/sso/jwks/${lastPart(issuer)}`,
  },
  {
    name: "Stytch",
    issuer: /^(test\.)?stytch\.com\//,
    jwksUri: (issuer) =>
      `https://${issuer.startsWith("test.") ? "test" : "api"}.stytch.com/v1/sessions/jwks/${
        lastPart(issuer)
      }`,
  },
  { name: "Kinde", issuer: /^https:\/\/[^/]+\.kinde\.com\/?$/ },
  { name: "Logto", issuer: /^https:\/\/[^/]+\.logto\.app\/oidc$/ },
  { name: "Zitadel", issuer: /^https:\/\/[^/]+\.zitadel\.cloud\/?$/ },
  { name: "Authentik", issuer: /\/application\/o\/[^/]+\/?$/ },
  { name: "Apple", issuer: /^https:\/\/appleid\.apple\.com$/, sendsIdToken: true },
  { name: "GitHub Actions", issuer: /^https:\/\/token\.actions\.githubusercontent\.com/ },
];

/** The provider, as far as its issuer tells. */
export function providerOf(issuer: unknown): KnownProvider | undefined {
  return typeof issuer === "string" ? PROVIDERS.find((known) => known.issuer.test(issuer)) : undefined;
}

/**
 * An entry of `POWERSYNC_IDENTITY_PROVIDERS` that accepts a token, or `undefined` where none does: it names no issuer
 * or no audience, or nothing tells where its keys are.
 */
export function entryFor({ claims }: DecodedToken): Record<string, unknown> | undefined {
  const { iss } = claims;
  const audience = audienceFor(claims);
  if (typeof iss !== "string" || iss === "" || audience === undefined) return undefined;
  const jwksUri = providerOf(iss)?.jwksUri?.(iss);
  if (jwksUri !== undefined) return { issuer: iss, ...audience, jwks_uri: jwksUri };
  return isSafeUrl(iss) ? { issuer: iss, ...audience } : undefined;
}

/** The audience that a token is for, as the fields of an entry. */
export function audienceFor(
  claims: DecodedToken["claims"],
): { audience: string; audience_claim?: string } | undefined {
  const [audience] = ownAudiences(claims.aud);
  if (audience !== undefined) return { audience };
  const other = ["azp", "client_id"].find((claim) => typeof claims[claim] === "string");
  if (claims.aud !== undefined || other === undefined) return undefined;
  return { audience: String(claims[other]), audience_claim: other };
}

/**
 * An `aud` without what says nothing of an app: Keycloak's `account`, Auth0's address of the user's profile, and
 * Microsoft Graph, whose tokens only Microsoft can verify.
 */
const OTHERS_AUDIENCE =
  /^account$|\/userinfo$|^00000003-0000-0000-c000-000000000000$|^https:\/\/graph\.microsoft\.com\/?$/;

/** The audiences in a claim that are an app's or API's own. */
export function ownAudiences(claim: unknown): string[] {
  return textsOf(claim).filter((audience) => !OTHERS_AUDIENCE.test(audience));
}

/** What to do about a token that names no audience of an app's own. */
export const GET_AUDIENCE =
  "Let the provider issue it for an audience of your own: an API or its scope, an audience mapper, a JWT template.";
