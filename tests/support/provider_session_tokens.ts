/**
 * The ID tokens and session tokens of the providers in docs/identity-providers.md, by their public documentation or source: claims, header,
 * keys, and where those are. Nothing here talks to a live provider.
 */
import type { ProviderTokens } from "./provider_page.ts";

const GUID = "11111111-2222-4333-8444-555555555555";
const NO_TYPE = { typ: undefined };
const NEON = "https://ENDPOINT.neonauth.REGION.aws.neon.tech";

const clerk = { sub: "user_2abc", sid: "sess_1", azp: "https://app.example.com", fva: [1, -1], v: 2 };
const firebase = { aud: "PROJECT-ID", sub: "Xy1", user_id: "Xy1", auth_time: 1 };
const google = { aud: "CLIENT-ID.apps.googleusercontent.com", sub: "110169484474386276334" };
const stytch = {
  aud: ["PROJECT-ID"],
  sub: "user-test-1",
  "https://stytch.com/session": { id: "session-test-1" },
};
const workos = { sub: "user_01", sid: "session_01", jti: "01", org_id: "org_01", role: "member" };

const clerkKeys = { keys: "https://clerk.example.com/.well-known/jwks.json" };
const stytchKeys = {
  keys: "https://api.stytch.com/v1/sessions/jwks/PROJECT-ID",
  jwk: { key_ops: ["verify"], x5c: ["certificate"], "x5tS256": "thumbprint" },
};
const workosKeys = { keys: "https://api.workos.com/sso/jwks/CLIENT-ID" };

/** By the heading of the section and by name. */
export const SESSION_TOKENS: ProviderTokens = {
  "Better Auth": {
    "token of the jwt plugin": {
      keys: "https://app.example.com/api/auth/jwks",
      alg: "EdDSA",
      header: NO_TYPE,
      jwk: { use: undefined },
      claims: { id: "Kx7", sub: "Kx7", aud: "https://app.example.com", email: "me@a.example", name: "Me" },
      foreign: { aud: "https://other.example" },
    },
  },
  Clerk: {
    "customized session token": {
      ...clerkKeys,
      header: { cat: "cl_B7d4PD111AAA" },
      claims: { ...clerk, aud: "powersync", sts: "active" },
      foreign: { aud: "convex" },
    },
    "token from a JWT template with aud": {
      ...clerkKeys,
      header: { cat: "cl_B7d4PD222AAA" },
      claims: { sub: "user_2abc", aud: "powersync", azp: "https://app.example.com" },
      foreign: { aud: undefined },
    },
    "session token, by the origin in azp": {
      at: [1, 0],
      ...clerkKeys,
      header: { cat: "cl_B7d4PD111AAA" },
      claims: { ...clerk, sts: "active" },
      foreign: { azp: "https://evil.example" },
    },
  },
  Cognito: {
    "ID token": {
      header: NO_TYPE,
      claims: { sub: GUID, aud: "CLIENT-ID", token_use: "id", "cognito:username": "me", event_id: GUID },
      foreign: { aud: "other-client" },
    },
    "ID token with the original issuer": {
      fields: { issuer: "https://cognito-idp.REGION.amazonaws.com/POOL-ID" },
      header: NO_TYPE,
      claims: { sub: GUID, aud: "CLIENT-ID", token_use: "id" },
      foreign: { aud: undefined },
    },
    "access token, by client_id": {
      fields: { audience_claim: "client_id" },
      header: NO_TYPE,
      claims: { sub: GUID, client_id: "CLIENT-ID", token_use: "access", username: "me", scope: "openid" },
      foreign: { client_id: "other-client" },
    },
    "access token bound to a resource, by aud": {
      fields: { audience: "https://api.example.com" },
      header: NO_TYPE,
      claims: {
        sub: GUID,
        aud: "https://api.example.com",
        client_id: "CLIENT-ID",
        token_use: "access",
        username: "me",
      },
      foreign: { aud: "https://other.example" },
    },
  },
  Firebase: {
    "ID token": {
      keys: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
      claims: { ...firebase, firebase: { identities: {}, sign_in_provider: "password" } },
      foreign: { aud: "other-project" },
    },
  },
  Google: {
    "ID token": {
      claims: { ...google, azp: google.aud },
      foreign: { aud: "5678.apps.googleusercontent.com" },
    },
    "ID token with the issuer's other spelling": {
      at: [0, 1],
      keys: "https://www.googleapis.com/oauth2/v3/certs",
      claims: google,
      foreign: { aud: "5678.apps.googleusercontent.com" },
    },
  },
  "Neon Auth": {
    "token of the jwt plugin": {
      keys: `${NEON}/neondb/auth/.well-known/jwks.json`,
      alg: "EdDSA",
      header: NO_TYPE,
      claims: { id: GUID, sub: GUID, aud: NEON, email: "me@a.example", role: "authenticated", banned: false },
      foreign: { aud: "https://other.example" },
    },
  },
  Stytch: {
    "session JWT": { ...stytchKeys, claims: stytch, foreign: { aud: ["project-test-2"] } },
    "session JWT through a custom domain": {
      ...stytchKeys,
      at: [0, 1],
      claims: stytch,
      foreign: { aud: ["project-test-2"] },
    },
  },
  "Another Supabase project": {
    "access token of a session": {
      keys: "https://PROJECT-REF.supabase.co/auth/v1/.well-known/jwks.json",
      alg: "ES256",
      claims: { sub: GUID, aud: "authenticated", role: "authenticated", session_id: GUID, aal: "aal1" },
      foreign: { aud: "client" },
    },
  },
  SuperTokens: {
    "access token with an added aud": {
      keys: "https://api.example.com/auth/jwt/jwks.json",
      header: { version: "5" },
      claims: {
        ...{ sub: GUID, aud: "powersync", tId: "public", rsub: GUID, sessionHandle: "h" },
        antiCsrfToken: null,
      },
      foreign: { aud: undefined },
    },
  },
  WorkOS: {
    "access token with aud from a JWT template": {
      ...workosKeys,
      header: NO_TYPE,
      claims: { ...workos, aud: "powersync", permissions: [] },
      foreign: { aud: undefined },
    },
    "access token with the issuer of older environments": {
      fields: { issuer: "https://api.workos.com" },
      ...workosKeys,
      header: NO_TYPE,
      claims: { ...workos, aud: "powersync" },
      foreign: { aud: "other" },
    },
    "access token, by client_id": {
      fields: { audience: "CLIENT-ID", audience_claim: "client_id" },
      ...workosKeys,
      header: NO_TYPE,
      claims: { ...workos, client_id: "CLIENT-ID" },
      foreign: { client_id: "client_02" },
    },
  },
};
