/**
 * The access tokens for an API of the providers in docs/identity-providers.md, by their public documentation or source: claims, header,
 * keys, and where those are. Nothing here talks to a live provider.
 */
import type { ProviderTokens } from "./provider_page.ts";

const GUID = "11111111-2222-4333-8444-555555555555";
const API = "https://api.example.com";

const auth0 = { sub: "auth0|64f0", aud: [API, "https://TENANT.auth0.com/userinfo"], scope: "openid" };
const entra = { aud: "CLIENT-ID", sub: "pairwise", oid: GUID, tid: GUID, scp: "sync" };
const entraJwk = { alg: undefined, x5c: ["certificate"], x5t: "provider-key-1" };

/** By the heading of the section and by name. */
export const ACCESS_TOKENS: ProviderTokens = {
  Auth0: {
    "access token": { claims: { ...auth0, azp: "client" }, foreign: { aud: ["https://other.example"] } },
    "access token in the RFC 9068 profile": {
      header: { typ: "at+jwt" },
      claims: { ...auth0, client_id: "client", jti: "1", sub_profile: "user" },
      foreign: { aud: "https://other.example" },
    },
    "access token of an older tenant in the US": {
      fields: { issuer: "https://TENANT.auth0.com/" },
      claims: auth0,
      foreign: { aud: undefined },
    },
    "access token from a custom domain": {
      fields: { issuer: "https://login.example.com/" },
      claims: auth0,
      foreign: { aud: [] },
    },
  },
  "Entra ID (Azure AD)": {
    "v2.0 access token, by oid": {
      jwk: { ...entraJwk, issuer: "https://login.microsoftonline.com/TENANT-ID/v2.0" },
      claims: { ...entra, ver: "2.0", azp: GUID },
      foreign: { aud: "api://other" },
    },
    "v1.0 access token": {
      fields: { issuer: "https://sts.windows.net/TENANT-ID/", audience: "api://CLIENT-ID" },
      header: { x5t: "provider-key-1" },
      jwk: entraJwk,
      claims: { ...entra, aud: "api://CLIENT-ID", ver: "1.0", appid: GUID },
      foreign: { aud: GUID },
    },
    "access token of an app with claims mapping": {
      fields: { jwks_uri: "https://login.microsoftonline.com/TENANT-ID/discovery/v2.0/keys?appid=CLIENT-ID" },
      keys: "https://login.microsoftonline.com/TENANT-ID/discovery/v2.0/keys?appid=CLIENT-ID",
      jwk: entraJwk,
      claims: entra,
      foreign: { aud: undefined },
    },
    "access token of an External ID tenant": {
      at: [1, 0],
      keys: "https://TENANT-ID.ciamlogin.com/TENANT-ID/discovery/v2.0/keys",
      jwk: entraJwk,
      claims: { ...entra, ver: "2.0" },
      foreign: { aud: "api://other" },
    },
  },
  Keycloak: {
    "access token": {
      claims: {
        ...{ sub: GUID, aud: ["powersync", "account"], typ: "Bearer", azp: "web", preferred_username: "me" },
        realm_access: { roles: ["user"] },
      },
      foreign: { aud: "account" },
    },
    "access token without an audience mapper": {
      fields: { audience: "account" },
      claims: { sub: GUID, aud: ["account"], typ: "Bearer", azp: "web", preferred_username: "me" },
      foreign: { aud: undefined },
    },
  },
  Kinde: {
    "access token": {
      claims: { sub: "kp_1", aud: [API], azp: "client", scp: ["openid"], org_code: "org_1" },
      foreign: { aud: [] },
    },
  },
  Logto: {
    "access token for an API resource": {
      alg: "ES384",
      header: { typ: "at+jwt" },
      claims: { sub: "k4u1z0pw8v2d", aud: API, client_id: "client", jti: "1", scope: "" },
      foreign: { aud: "https://other.example" },
    },
  },
  Okta: {
    "access token of a custom authorization server": {
      header: { typ: undefined },
      claims: {
        ver: 1,
        aud: "api://default",
        sub: "me@a.example",
        cid: "0oa1",
        uid: "00u1",
        scp: ["openid"],
      },
      foreign: { aud: "https://DOMAIN.okta.com" },
    },
  },
  Zitadel: {
    "access token as a JWT": {
      claims: {
        sub: "312",
        aud: ["OTHER-APP", "CLIENT-ID", "PROJECT-ID"],
        client_id: "CLIENT-ID",
        jti: "V2_1",
      },
      foreign: { aud: ["OTHER-APP", "PROJECT-ID"] },
    },
  },
  "Your own": {
    "token signed with EdDSA": {
      keys: "https://auth.example.com/jwks.json",
      alg: "EdDSA",
      claims: { aud: "powersync", sub: "42" },
      foreign: { aud: undefined },
    },
    "token signed with ES384, and no other": {
      fields: { algorithms: ["ES384"] },
      keys: "https://auth.example.com/jwks.json",
      alg: "ES384",
      claims: { aud: "powersync", sub: "42" },
      foreign: { aud: "powersync2" },
    },
    "RFC 9068 access token, by Discovery": {
      fields: { jwks_uri: undefined },
      alg: "ES256",
      header: { typ: "at+jwt" },
      claims: { sub: "user", aud: "powersync", client_id: "app", jti: "1" },
      foreign: { aud: "https://other.example" },
    },
  },
};
