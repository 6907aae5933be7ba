/**
 * Tokens that the providers of docs/identity-providers.md sign with the same keys as people's, and that must not get a
 * PowerSync token: of machines, of apps of others, of sign-ins that have not ended.
 */

/** Such a token: what changes of a person's. */
interface RefusedToken {
  /** The person's token, by its name in the section; the first by default. */
  readonly from?: string;
  /** Replaces all claims besides `aud`, `iss` and the times. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** What refuses it: the entry, or the page's claims.ts with a reason. */
  readonly by: "entry" | "NOT_A_PERSON" | "SIGN_IN_PENDING";
}

const BY_CLAIMS = "NOT_A_PERSON";
const JWT_ID = { jti: "1" };

/** By the heading of the section and by name. */
export const REFUSED_TOKENS: Readonly<Record<string, Readonly<Record<string, RefusedToken>>>> = {
  Auth0: {
    "a machine": { claims: { sub: "c@clients", azp: "c", gty: "client-credentials" }, by: BY_CLAIMS },
    "a machine in the RFC 9068 profile": {
      from: "access token in the RFC 9068 profile",
      claims: { sub: "c@clients", client_id: "c", ...JWT_ID },
      by: BY_CLAIMS,
    },
    "an agent": {
      claims: { sub: "agt_1", azp: "c", gty: "client-credentials", sub_profile: "ai_agent" },
      by: BY_CLAIMS,
    },
    "an agent whose API receives no profile": { claims: { sub: "agt_1", client_id: "c" }, by: BY_CLAIMS },
    "an agent with an ID that looks like a person's": {
      claims: { sub: "agents|1", client_id: "c", sub_profile: "ai_agent" },
      by: BY_CLAIMS,
    },
    "such an agent in the default profile": {
      claims: { sub: "agents|1", azp: "c", gty: "client-credentials" },
      by: BY_CLAIMS,
    },
  },
  "Better Auth": {
    "an OAuth client": { claims: { sub: "client", azp: "client", scope: "sync" }, by: BY_CLAIMS },
  },
  Clerk: {
    "a session that is pending": {
      claims: { sub: "user_2abc", sid: "sess_1", azp: "https://app.example.com", sts: "pending", v: 2 },
      by: "SIGN_IN_PENDING",
    },
    "a pending session, by azp": {
      from: "session token, by the origin in azp",
      claims: { sub: "user_2abc", sid: "sess_1", azp: "https://app.example.com", sts: "pending", v: 2 },
      by: "SIGN_IN_PENDING",
    },
    "a machine": { claims: { sub: "mch_1", aud: ["mch_2"], ...JWT_ID }, by: "entry" },
    "a machine with the audience in a claim": { claims: { sub: "mch_1", ...JWT_ID }, by: BY_CLAIMS },
    "an OAuth client that acts for a user": {
      header: { typ: "at+jwt" },
      claims: { sub: "user_2abc", client_id: "client_1", scope: "profile", ...JWT_ID },
      by: BY_CLAIMS,
    },
    "an OAuth client, by azp": {
      from: "session token, by the origin in azp",
      header: { typ: "at+jwt" },
      claims: { sub: "user_2abc", client_id: "client_1", scope: "profile", ...JWT_ID },
      by: "entry",
    },
  },
  Cognito: {
    "a machine's access token": {
      claims: { sub: "machine", aud: undefined, client_id: "machine", token_use: "access" },
      by: "entry",
    },
    "a machine's access token, by client_id": {
      from: "access token, by client_id",
      claims: { sub: "machine", client_id: "machine", token_use: "access" },
      by: "entry",
    },
    "an app client of people that became a machine": {
      from: "access token, by client_id",
      claims: { sub: "CLIENT-ID", client_id: "CLIENT-ID", token_use: "access" },
      by: BY_CLAIMS,
    },
  },
  "Entra ID (Azure AD)": {
    "an app without the optional claim": {
      claims: { sub: "o", oid: "o", azp: "c", roles: ["Sync"] },
      by: BY_CLAIMS,
    },
    "an app of an External ID tenant": {
      from: "access token of an External ID tenant",
      claims: { sub: "o", oid: "o", azp: "c", idtyp: "app" },
      by: BY_CLAIMS,
    },
  },
  Google: {
    "a service account": {
      claims: { sub: "117", azp: "117", email: "job@a.iam.gserviceaccount.com", email_verified: true },
      by: BY_CLAIMS,
    },
    "a service account in the other spelling": {
      from: "ID token with the issuer's other spelling",
      claims: { sub: "117", azp: "117" },
      by: BY_CLAIMS,
    },
  },
  Keycloak: {
    "a service account": {
      claims: { sub: "u", azp: "job", typ: "Bearer", preferred_username: "service-account-job" },
      by: BY_CLAIMS,
    },
    "a token without a name": { claims: { sub: "u", azp: "job", typ: "Bearer" }, by: BY_CLAIMS },
    "an ID token": { claims: { sub: "u", typ: "ID", preferred_username: "me" }, by: "entry" },
  },
  Kinde: { "a machine": { claims: { azp: "c", gty: ["client_credentials"], scp: [] }, by: "entry" } },
  Logto: {
    "a machine": {
      header: { typ: "at+jwt" },
      claims: { sub: "client", client_id: "client", ...JWT_ID },
      by: BY_CLAIMS,
    },
  },
  "Neon Auth": {
    "a token that is not of a user's record": {
      claims: { sub: "anonymous", role: "anonymous" },
      by: BY_CLAIMS,
    },
  },
  Okta: { "a machine": { claims: { sub: "0oa1", cid: "0oa1", scp: ["sync"] }, by: "entry" } },
  Stytch: {
    "a machine": { claims: { sub: "m2m-client-test-1", scope: "read" }, by: BY_CLAIMS },
    "a machine on a custom domain": {
      from: "session JWT through a custom domain",
      claims: { sub: "m2m-client-test-1", scope: "read" },
      by: BY_CLAIMS,
    },
    "a Connected App": { claims: { sub: "user-test-1", scope: "openid", client_id: "c" }, by: BY_CLAIMS },
  },
  "Another Supabase project": {
    "a third-party app": {
      claims: { sub: "11111111-2222-4333-8444-555555555555", role: "authenticated", client_id: "app-1" },
      by: BY_CLAIMS,
    },
  },
  SuperTokens: {
    "a machine": { claims: { sub: "c", client_id: "c" }, by: BY_CLAIMS },
    "an OAuth client that acts for a user": {
      claims: { sub: "u", client_id: "c", sessionHandle: "h", stt: 1 },
      by: BY_CLAIMS,
    },
  },
  WorkOS: { "a machine": { claims: { sub: "client_01", org_id: "org_01" }, by: BY_CLAIMS } },
  Zitadel: {
    "a service account that asks for this audience": {
      claims: { sub: "313", aud: ["CLIENT-ID"], client_id: "job" },
      by: "entry",
    },
  },
};
