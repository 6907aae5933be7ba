/**
 * Each provider of the README's table, as a local issuer that signs tokens with that provider's documented claims and
 * key type. None of this talks to the live provider.
 */
import { assertEquals } from "@std/assert";
import { type Issuer, startIssuer, withIssuers } from "../support/issuer.ts";
import { startFunction } from "../support/provider_function.ts";

interface Shape {
  readonly name: string;
  readonly alg?: string;
  /** The issuer, given where the stand-in is; its own address by default, so that Discovery finds it. */
  readonly issuer?: (url: string) => string;
  /** What the project sets besides the issuer; with `jwks`, `jwks_uri` instead of Discovery. */
  readonly settings: Record<string, unknown>;
  readonly jwks?: true;
  readonly claims: Record<string, unknown>;
  /** Changes that make it a token for somebody else. */
  readonly foreign: Record<string, unknown>;
  /** The subject, without the prefix. */
  readonly subject: string;
}

const GUID = "11111111-2222-4333-8444-555555555555";

const SHAPES: readonly Shape[] = [
  {
    name: "Auth0 access token",
    issuer: (url) => `${url}/`,
    settings: { audience: "https://api.example" },
    claims: {
      sub: "auth0|64f0",
      aud: ["https://api.example", "https://tenant.auth0.example/userinfo"],
      azp: "client",
      scope: "openid profile",
    },
    foreign: { aud: ["https://other.example"] },
    subject: "auth0|64f0",
  },
  {
    name: "Clerk session token, by the origin in azp",
    jwks: true,
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
    subject: "user_2abc",
  },
  {
    name: "Clerk token from a JWT template with aud",
    settings: { audience: "powersync" },
    claims: { sub: "user_2abc", aud: "powersync", azp: "https://app.example" },
    foreign: { aud: undefined },
    subject: "user_2abc",
  },
  {
    name: "Firebase ID token",
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
    subject: "Xy1",
  },
  {
    name: "Cognito ID token",
    issuer: (url) => `${url}/eu-west-1_Pool`,
    settings: { audience: "client" },
    claims: { sub: GUID, aud: "client", token_use: "id", "cognito:username": "me", event_id: GUID },
    foreign: { aud: "other-client" },
    subject: GUID,
  },
  {
    name: "Cognito access token, by client_id",
    issuer: (url) => `${url}/eu-west-1_Pool`,
    settings: { audience: "client", audience_claim: "client_id" },
    claims: { sub: GUID, client_id: "client", token_use: "access", username: "me", scope: "openid" },
    foreign: { client_id: "other-client" },
    subject: GUID,
  },
  {
    name: "Keycloak access token",
    issuer: (url) => `${url}/realms/app`,
    settings: { audience: "account" },
    claims: { sub: GUID, aud: ["account"], typ: "Bearer", azp: "web", realm_access: { roles: ["user"] } },
    foreign: { aud: undefined },
    subject: GUID,
  },
  {
    name: "Entra ID v2.0 access token, by oid",
    issuer: (url) => `${url}/${GUID}/v2.0`,
    settings: { audience: GUID, subject_claim: "oid" },
    claims: { aud: GUID, sub: "pairwise", oid: GUID, tid: GUID, ver: "2.0", azp: GUID },
    foreign: { aud: "api://other" },
    subject: GUID,
  },
  {
    name: "Entra ID v1.0 access token",
    issuer: (url) => `${url}/${GUID}/`,
    settings: { audience: `api://${GUID}`, subject_claim: "oid" },
    claims: { aud: `api://${GUID}`, sub: "pairwise", oid: GUID, tid: GUID, ver: "1.0", appid: GUID },
    foreign: { aud: GUID },
    subject: GUID,
  },
  {
    name: "Google ID token",
    settings: { audience: "1234.apps.googleusercontent.com" },
    claims: {
      aud: "1234.apps.googleusercontent.com",
      azp: "1234.apps.googleusercontent.com",
      sub: "110169484474386276334",
    },
    foreign: { aud: "5678.apps.googleusercontent.com" },
    subject: "110169484474386276334",
  },
  {
    name: "Google ID token with the issuer's other spelling",
    issuer: () => "accounts.google.com",
    jwks: true,
    settings: { audience: "1234.apps.googleusercontent.com", subject_prefix: "google|" },
    claims: { aud: "1234.apps.googleusercontent.com", sub: "110169484474386276334" },
    foreign: { aud: "5678.apps.googleusercontent.com" },
    subject: "110169484474386276334",
  },
  {
    name: "Stytch session JWT",
    issuer: () => "stytch.com/project-test-1",
    jwks: true,
    settings: { audience: "project-test-1" },
    claims: {
      aud: ["project-test-1"],
      sub: "user-test-1",
      "https://stytch.com/session": { id: "session-test-1" },
    },
    foreign: { aud: ["project-test-2"] },
    subject: "user-test-1",
  },
  {
    name: "SuperTokens access token with an added aud",
    issuer: (url) => `${url}/auth`,
    jwks: true,
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
    subject: GUID,
  },
  {
    name: "WorkOS access token with aud from a JWT template",
    issuer: () => "https://api.workos.com",
    jwks: true,
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
    subject: "user_01",
  },
  {
    name: "an issuer of one's own with ES384 keys",
    alg: "ES384",
    jwks: true,
    settings: { audience: "app", algorithms: ["ES384"] },
    claims: { aud: "app", sub: "42" },
    foreign: { aud: "app2" },
    subject: "42",
  },
];

function settingsOf(shape: Shape, provider: Issuer): Record<string, unknown> {
  const keys = shape.jwks === undefined ? {} : { jwks_uri: provider.jwksUri };
  return { issuer: provider.issuer, ...keys, ...shape.settings };
}

for (const shape of SHAPES) {
  Deno.test(`${shape.name}: its user gets a token, one for somebody else does not`, async () => {
    await withIssuers([startIssuer(shape.alg)], async (provider) => {
      provider.issuer = shape.issuer?.(provider.url) ?? provider.url;
      provider.metadata = { issuer: provider.issuer, jwks_uri: provider.jwksUri };
      const { userOf, seen } = startFunction([settingsOf(shape, provider)]);
      const prefix = shape.settings.subject_prefix ?? `${provider.issuer}|`;
      assertEquals(await userOf(await provider.sign(shape.claims)), `${prefix}${shape.subject}`);
      assertEquals([seen.user?.role, seen.user?.isAnonymous], ["authenticated", false]);
      const foreign = await provider.sign({ ...shape.claims, ...shape.foreign });
      assertEquals(await userOf(foreign), "401 USER_TOKEN_INVALID");
    });
  });
}

Deno.test("a user whom Firebase signed in anonymously is anonymous here too", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf, seen } = startFunction([{
      issuer: provider.issuer,
      audience: "p",
      jwks_uri: provider.jwksUri,
    }]);
    await userOf(await provider.sign({ aud: "p", sub: "x", firebase: { sign_in_provider: "anonymous" } }));
    assertEquals(seen.user?.isAnonymous, true);
  });
});

Deno.test("keys published without `alg` and `use` verify, as Entra ID publishes them", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    provider.keys = provider.keys.map((key) => {
      const { alg: _, use: __, ...publicJwk } = key.publicJwk;
      return { ...key, publicJwk };
    });
    const { userOf } = startFunction([{ issuer: provider.issuer, audience: "p", subject_prefix: "" }]);
    assertEquals(await userOf(await provider.sign({ aud: "p", sub: "x" })), "x");
  });
});
