import { isSafeUrl } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { type DecodedToken, textsOf } from "./decoded-token.ts";

/** How a provider's issuer is recognised, and what docs/identity-providers.md says to enter for it. */
interface KnownProvider {
  readonly name: string;
  readonly issuer: RegExp;
  /** Claims that name an audience where a token has no `aud`. */
  readonly audienceClaim?: string;
  /** Where Discovery does not find the keys. */
  readonly jwksUri?: (issuer: string) => string;
}

const lastPart = (issuer: string) => issuer.split("/").at(-1);

const PROVIDERS: readonly KnownProvider[] = [
  { name: "Auth0", issuer: /^https:\/\/[^/]+\.auth0\.com\/?$/ },
  {
    name: "Clerk",
    issuer: /^https:\/\/([^/]+\.clerk\.accounts\.dev|clerk\.[^/]+)\/?$/,
    audienceClaim: "azp",
    jwksUri: (issuer) => `${issuer}/.well-known/jwks.json`,
  },
  {
    name: "Firebase",
    issuer: /^https:\/\/securetoken\.google\.com\//,
    jwksUri: () =>
      "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
  },
  {
    name: "Google",
    issuer: /^(https:\/\/)?accounts\.google\.com$/,
    jwksUri: () => "https://www.googleapis.com/oauth2/v3/certs",
  },
  { name: "Cognito", issuer: /^https:\/\/cognito-idp\.[^/]+\.amazonaws\.com/, audienceClaim: "client_id" },
  {
    name: "Entra ID",
    issuer: /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net|[^/]+\.(ciamlogin|b2clogin)\.com)\//,
  },
  { name: "Okta", issuer: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com(\/|$)/ },
  { name: "Keycloak", issuer: /\/realms\/[^/]+\/?$/ },
  {
    name: "WorkOS",
    issuer: /^https:\/\/api\.workos\.com\/user_management\//,
    audienceClaim: "client_id",
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
  { name: "Apple", issuer: /^https:\/\/appleid\.apple\.com$/ },
  { name: "GitHub Actions", issuer: /^https:\/\/token\.actions\.githubusercontent\.com/ },
];

/** The provider's name, as far as its issuer tells. */
export function providerNameOf(issuer: unknown): string | undefined {
  return typeof issuer === "string" ? PROVIDERS.find((known) => known.issuer.test(issuer))?.name : undefined;
}

/**
 * An entry of `POWERSYNC_IDENTITY_PROVIDERS` that accepts a token, or `undefined` where none does: it names no issuer
 * or no audience, or nothing tells where its keys are.
 */
export function entryFor({ claims }: DecodedToken): Record<string, unknown> | undefined {
  const { iss } = claims;
  if (typeof iss !== "string" || iss === "") return undefined;
  const known = PROVIDERS.find(({ issuer }) => issuer.test(iss));
  const jwksUri = known?.jwksUri?.(iss);
  if (jwksUri === undefined && !isSafeUrl(iss)) return undefined;
  const audience = audienceFor(claims, known?.audienceClaim);
  return audience === undefined
    ? undefined
    : { issuer: iss, ...audience, ...(jwksUri && { jwks_uri: jwksUri }) };
}

/** The audience that a token is for, as the fields of an entry. */
export function audienceFor(
  claims: DecodedToken["claims"],
  otherClaim?: string,
): { audience: string; audience_claim?: string } | undefined {
  const [audience] = ownAudiences(textsOf(claims.aud));
  if (audience !== undefined) return { audience };
  if (claims.aud !== undefined) return undefined;
  const name = [otherClaim, "azp", "client_id"].find((claim) =>
    claim !== undefined && textsOf(claims[claim]).length === 1
  );
  return name === undefined ? undefined : { audience: String(claims[name]), audience_claim: name };
}

/** Without what a provider puts into every token: Auth0's address of the user's profile, Keycloak's `account`. */
export function ownAudiences(audiences: readonly string[]): string[] {
  return audiences.filter((audience) => audience !== "account" && !audience.endsWith("/userinfo"));
}
