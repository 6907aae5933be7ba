/**
 * Each provider of docs/identity-providers.md, as an issuer on loopback that signs tokens with that provider's
 * documented claims and key type. Nothing here talks to the live provider.
 */
import { assertEquals } from "@std/assert";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { makeKey } from "../support/signing.ts";

/** A kind of token of one provider, as its public documentation shows it. */
interface ProviderShape {
  readonly alg?: string;
  /** The issuer, given where the stand-in is; its own address by default, so that Discovery finds it. */
  readonly issuer?: (url: string) => string;
  /** What the project sets besides the issuer; with `jwks`, `jwks_uri` instead of Discovery. */
  readonly settings: Record<string, unknown>;
  readonly jwks?: true;
  /** What the token's header says besides algorithm and key ID; `typ` is `JWT` unless it says otherwise. */
  readonly header?: Record<string, unknown>;
  /** Members of the provider's JWK besides the key; `undefined` removes one. */
  readonly jwk?: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  /** Changes that make it a token for another audience. */
  readonly foreign: Record<string, unknown>;
}

const GUID = "11111111-2222-4333-8444-555555555555";

/** Every kind of token in docs/identity-providers.md. */
const PROVIDER_SHAPES: Readonly<Record<string, ProviderShape>> = {
  "Auth0 access token": {
    issuer: (url) => `${url}/`,
    settings: { audience: "https://api.example" },
    claims: {
      sub: "auth0|64f0",
      aud: ["https://api.example", "https://tenant.auth0.example/userinfo"],
      azp: "client",
      scope: "openid profile",
    },
    foreign: { aud: ["https://other.example"] },
  },
  "Clerk session token, by the origin in azp": {
    jwks: true,
    header: { cat: "cl_B7d4PD111AAA" },
    settings: { audience: ["https://app.example"], audience_claim: "azp" },
    claims: {
      sub: "user_2abc",
      sid: "sess_1",
      azp: "https://app.example",
      fva: [1, -1],
      v: 2,
      sts: "active",
    },
    foreign: { azp: "https://evil.example" },
  },
  "Clerk token from a JWT template with aud": {
    settings: { audience: "powersync" },
    claims: { sub: "user_2abc", aud: "powersync", azp: "https://app.example" },
    foreign: { aud: undefined },
  },
  "Firebase ID token": {
    issuer: () => "https://securetoken.google.com/my-project",
    jwks: true,
    settings: { audience: "my-project" },
    claims: {
      aud: "my-project",
      sub: "Xy1",
      user_id: "Xy1",
      auth_time: 1,
      firebase: { identities: {}, sign_in_provider: "password" },
    },
    foreign: { aud: "other-project" },
  },
  "Cognito ID token": {
    header: { typ: undefined },
    issuer: (url) => `${url}/eu-west-1_Pool`,
    settings: { audience: "client" },
    claims: { sub: GUID, aud: "client", token_use: "id", "cognito:username": "me", event_id: GUID },
    foreign: { aud: "other-client" },
  },
  "Cognito access token, by client_id": {
    header: { typ: undefined },
    issuer: (url) => `${url}/eu-west-1_Pool`,
    settings: { audience: "client", audience_claim: "client_id" },
    claims: { sub: GUID, client_id: "client", token_use: "access", username: "me", scope: "openid" },
    foreign: { client_id: "other-client" },
  },
  "Cognito access token bound to a resource, by aud": {
    issuer: (url) => `${url}/eu-west-1_Pool`,
    header: { typ: undefined },
    settings: { audience: "https://api.example" },
    claims: { sub: GUID, aud: "https://api.example", client_id: "client", token_use: "access" },
    foreign: { aud: "https://other.example" },
  },
  "Keycloak access token": {
    issuer: (url) => `${url}/realms/app`,
    settings: { audience: "account" },
    claims: { sub: GUID, aud: ["account"], typ: "Bearer", azp: "web", realm_access: { roles: ["user"] } },
    foreign: { aud: undefined },
  },
  "Entra ID v2.0 access token, by oid": {
    jwk: {
      alg: undefined,
      x5c: ["certificate"],
      x5t: "provider-key-1",
      issuer: "https://login.example/v2.0",
    },
    issuer: (url) => `${url}/${GUID}/v2.0`,
    settings: { audience: GUID, subject_claim: "oid" },
    claims: { aud: GUID, sub: "pairwise", oid: GUID, tid: GUID, ver: "2.0", azp: GUID },
    foreign: { aud: "api://other" },
  },
  "Entra ID v1.0 access token": {
    header: { x5t: "provider-key-1" },
    jwk: { alg: undefined, x5c: ["certificate"], x5t: "provider-key-1" },
    issuer: (url) => `${url}/${GUID}/`,
    settings: { audience: `api://${GUID}`, subject_claim: "oid" },
    claims: { aud: `api://${GUID}`, sub: "pairwise", oid: GUID, tid: GUID, ver: "1.0", appid: GUID },
    foreign: { aud: GUID },
  },
  "Google ID token": {
    settings: { audience: "1234.apps.googleusercontent.com" },
    claims: {
      aud: "1234.apps.googleusercontent.com",
      azp: "1234.apps.googleusercontent.com",
      sub: "110169484474386276334",
    },
    foreign: { aud: "5678.apps.googleusercontent.com" },
  },
  "Google ID token with the issuer's other spelling": {
    issuer: () => "accounts.google.com",
    jwks: true,
    settings: { audience: "1234.apps.googleusercontent.com", subject_prefix: "google|" },
    claims: { aud: "1234.apps.googleusercontent.com", sub: "110169484474386276334" },
    foreign: { aud: "5678.apps.googleusercontent.com" },
  },
  "Stytch session JWT": {
    issuer: () => "stytch.com/project-test-1",
    jwks: true,
    jwk: { key_ops: ["verify"], x5c: ["certificate"], "x5tS256": "thumbprint" },
    settings: { audience: "project-test-1" },
    claims: {
      aud: ["project-test-1"],
      sub: "user-test-1",
      "https://stytch.com/session": { id: "session-test-1" },
    },
    foreign: { aud: ["project-test-2"] },
  },
  "SuperTokens access token with an added aud": {
    issuer: (url) => `${url}/auth`,
    jwks: true,
    header: { version: "5" },
    settings: { audience: "powersync" },
    claims: {
      sub: GUID,
      aud: "powersync",
      tId: "public",
      rsub: GUID,
      sessionHandle: "h",
      antiCsrfToken: null,
    },
    foreign: { aud: undefined },
  },
  "WorkOS access token, by client_id": {
    issuer: () => "https://api.workos.com/user_management/client_01",
    jwks: true,
    header: { typ: undefined },
    settings: { audience: "client_01", audience_claim: "client_id" },
    claims: {
      sub: "user_01",
      client_id: "client_01",
      sid: "session_01",
      jti: "01",
      org_id: "org_01",
      role: "member",
    },
    foreign: { client_id: "client_02" },
  },
  "WorkOS access token with aud from a JWT template": {
    issuer: () => "https://api.workos.com",
    jwks: true,
    header: { typ: undefined },
    settings: { audience: "client_01" },
    claims: {
      sub: "user_01",
      aud: "client_01",
      sid: "session_01",
      org_id: "org_01",
      role: "member",
      permissions: [],
    },
    foreign: { aud: undefined },
  },
  "an RFC 9068 access token": {
    alg: "ES256",
    header: { typ: "at+jwt" },
    settings: { audience: "https://api.example" },
    claims: { sub: "user", aud: "https://api.example", client_id: "app", jti: "1" },
    foreign: { aud: "https://other.example" },
  },
  "an issuer of one's own with EdDSA keys": {
    alg: "EdDSA",
    jwks: true,
    settings: { audience: "app" },
    claims: { aud: "app", sub: "42" },
    foreign: { aud: undefined },
  },
  "an issuer of one's own with ES384 keys": {
    alg: "ES384",
    jwks: true,
    settings: { audience: "app", algorithms: ["ES384"] },
    claims: { aud: "app", sub: "42" },
    foreign: { aud: "app2" },
  },
};

/** What most providers sign with. */
const rsa = await makeKey("RS256", "provider-key-1");

function settingsOf(shape: ProviderShape, provider: Issuer): Record<string, unknown> {
  const keys = shape.jwks === undefined ? {} : { jwks_uri: provider.jwksUri };
  return { issuer: provider.issuer, ...keys, ...shape.settings };
}

for (const [name, shape] of Object.entries(PROVIDER_SHAPES)) {
  Deno.test(`${name}: its user gets a token, a token for another audience does not`, async () => {
    await using provider = await startIssuer();
    const key = shape.alg === undefined ? rsa : await makeKey(shape.alg, rsa.kid);
    provider.keys = [{ ...key, publicJwk: { ...key.publicJwk, ...shape.jwk } }];
    provider.issuer = shape.issuer?.(provider.url) ?? provider.url;
    provider.metadata = { issuer: provider.issuer, jwks_uri: provider.jwksUri };
    const { userOf, seen } = startFunctions({ providers: [settingsOf(shape, provider)] });
    const { subject_prefix: prefix = `${provider.issuer}|`, subject_claim: claim = "sub" } = shape.settings;
    const user = `${prefix}${shape.claims[`${claim}`]}`;
    assertEquals(await userOf(await provider.sign(shape.claims, shape.header)), user);
    assertEquals([seen.user?.role, seen.user?.isAnonymous], ["authenticated", false]);
    const foreign = await provider.sign({ ...shape.claims, ...shape.foreign }, shape.header);
    assertEquals(await userOf(foreign), "401 USER_TOKEN_INVALID");
  });
}
