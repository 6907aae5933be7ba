import { isSafeUrl } from "../../../supabase/functions/_shared/powersync/provider-settings.ts";
import { type DecodedToken, named, textsOf } from "./decoded-token.ts";

type Claims = DecodedToken["claims"];

/** How a provider's issuer is recognised, and what docs/identity-providers.md says to enter for it. */
interface KnownProvider {
  readonly name: string;
  readonly issuer: RegExp;
  /** Its apps send the ID token; those of the others send an access token. */
  readonly sendsIdToken?: true;
  /** What its entry has besides issuer and audience, or in place of them; `undefined` where the token does not tell. */
  readonly fields?: (issuer: string, claims: Claims) => Record<string, unknown> | undefined;
  /** Why no entry accepts its tokens, and what to do instead. */
  readonly cannotWork?: string;
}

const PROVIDERS: readonly KnownProvider[] = [
  { name: "Auth0", issuer: /^https:\/\/[^/]+\.auth0\.com\/?$/ },
  {
    name: "Clerk",
    issuer: /^https:\/\/([^/]+\.clerk\.accounts\.dev|clerk\.[^/]+)$/,
    fields: (issuer) => ({ jwks_uri: `${issuer}/.well-known/jwks.json` }),
  },
  {
    name: "Firebase",
    issuer: /^https:\/\/securetoken\.google\.com\//,
    sendsIdToken: true,
    fields: () => ({
      jwks_uri: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    }),
  },
  {
    name: "Google",
    issuer: /^(https:\/\/)?accounts\.google\.com$/,
    sendsIdToken: true,
    fields: (issuer) => ({
      ...(isSafeUrl(issuer) ? {} : { jwks_uri: "https://www.googleapis.com/oauth2/v3/certs" }),
      subject_prefix: "google|",
    }),
  },
  {
    name: "Cognito",
    issuer: /^https:\/\/(issuer-)?cognito-idp\.[^/]+\.amazonaws\.com/,
    sendsIdToken: true,
  },
  {
    name: "Entra ID",
    issuer: /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net|[^/]+\.(ciamlogin|b2clogin)\.com)\//,
    fields: (issuer, { oid }) => ({
      ...(typeof oid === "string" ? { subject_claim: "oid" } : {}),
      ...(/\.ciamlogin\.com\//.test(issuer)
        ? { jwks_uri: issuer.replace(/v2\.0\/?$/, "discovery/v2.0/keys") }
        : {}),
    }),
  },
  {
    name: "Okta's org authorization server",
    issuer: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com\/?$/,
    cannotWork:
      "Okta does not publish the keys of these access tokens: let the app sign in at a custom authorization server, such as /oauth2/default.",
  },
  {
    name: "Okta",
    issuer: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com\/oauth2\//,
    fields: () => ({ subject_claim: "uid" }),
  },
  { name: "Keycloak", issuer: /\/realms\/[^/]+\/?$/ },
  {
    name: "WorkOS",
    issuer: /^https:\/\/api\.workos\.com(\/|$)/,
    fields(issuer, { client_id }) {
      const id = /\/user_management\/(.+)$/.exec(issuer)?.[1] ?? client_id;
      return typeof id === "string" ? { jwks_uri: `https://api.workos.com/sso/jwks/${id}` } : undefined;
    },
  },
  {
    name: "Stytch",
    issuer: /^stytch\.com\//,
    fields(issuer, claims) {
      const project = issuer.replace("stytch.com/", "");
      const host = project.startsWith("project-test-") ? "test" : "api";
      const kind = claims["https://stytch.com/organization"] === undefined ? "" : "/b2b";
      return {
        jwks_uri: `https://${host}.stytch.com/v1${kind}/sessions/jwks/${project}`,
        subject_prefix: "stytch|",
      };
    },
  },
  { name: "Kinde", issuer: /^https:\/\/[^/]+\.kinde\.com\/?$/ },
  { name: "Logto", issuer: /^https:\/\/[^/]+\.logto\.app\/oidc$/ },
  {
    name: "Neon Auth",
    issuer: /^https:\/\/[^/]+\.neonauth\.[^/]+\.neon\.tech$/,
    // With the name that a database has by default.
    fields: (issuer) => ({ jwks_uri: `${issuer}/neondb/auth/.well-known/jwks.json` }),
  },
  {
    name: "Zitadel",
    issuer: /^https:\/\/[^/]+\.zitadel\.cloud\/?$/,
    fields: (_issuer, { aud, client_id }) =>
      textsOf(aud).some((name) => name === client_id)
        ? { audience: client_id, audience_claim: "client_id" }
        : {},
  },
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
 * or no audience, nothing tells where its keys are, or nobody else can verify it.
 */
export function entryFor({ claims }: DecodedToken): Record<string, unknown> | undefined {
  const { iss } = claims;
  const known = providerOf(iss);
  const audience = audienceFor(claims);
  if (typeof iss !== "string" || iss === "" || audience === undefined || known?.cannotWork) return undefined;
  const fields = known?.fields === undefined ? {} : known.fields(iss, claims);
  if (fields === undefined || (fields.jwks_uri === undefined && !isSafeUrl(iss))) return undefined;
  return { issuer: iss, ...audience, ...fields };
}

/** The audience that a token is for, as the fields of an entry. */
export function audienceFor(
  claims: Claims,
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

/** Claims that name the client to which a token was issued. */
const CLIENT_CLAIMS = ["client_id", "azp", "cid", "appid"];

/** Claims whose value says that their token is a machine's, by provider. */
const SIGNS: readonly (readonly [claim: string, form: RegExp])[] = [
  // Auth0 and Kinde.
  ["gty", /^client[-_]credentials$/],
  // Auth0, also in its RFC 9068 profile, which has no `gty`; then of agents.
  ["sub", /@clients$/],
  ["sub_profile", /^(?!user$)/],
  // Clerk and Stytch.
  ["sub", /^(mch_|m2m-client-)/],
  // Entra ID, where that optional claim is on.
  ["idtyp", /^app$/],
  // Keycloak.
  ["preferred_username", /^service-account-/],
];

/** What says that a token was issued to a machine, as the beginning of a sentence; `undefined` where nothing does. */
export function machineSign(claims: Claims): string | undefined {
  const sign = SIGNS.find(([claim, form]) => textsOf(claims[claim]).some((text) => form.test(text)));
  if (sign !== undefined) return `\`${sign[0]}\` is ${named(claims[sign[0]])}`;
  // RFC 9068, section 2.2: where no user is involved, the subject is the client. Google's service accounts are too.
  const client = CLIENT_CLAIMS.find((claim) => claims[claim] !== undefined && claims[claim] === claims.sub);
  return client === undefined ? undefined : `\`sub\` is the client itself, ${named(claims.sub)}`;
}
