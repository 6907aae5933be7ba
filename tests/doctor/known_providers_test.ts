import { assertEquals } from "@std/assert";
import { entryFor } from "../../scripts/doctor/tokens/known-providers.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";

const CASES: readonly (readonly [Record<string, unknown>, Record<string, unknown> | undefined])[] = [
  [
    {
      iss: "https://t.eu.auth0.com/",
      aud: ["https://t.eu.auth0.com/userinfo", "https://api.example.com"],
      azp: "c",
    },
    { issuer: "https://t.eu.auth0.com/", audience: "https://api.example.com" },
  ],
  [
    { iss: "https://app.clerk.accounts.dev", azp: "https://app.example.com" },
    {
      issuer: "https://app.clerk.accounts.dev",
      audience: "https://app.example.com",
      audience_claim: "azp",
      jwks_uri: "https://app.clerk.accounts.dev/.well-known/jwks.json",
    },
  ],
  [
    { iss: "https://securetoken.google.com/project", aud: "project" },
    {
      issuer: "https://securetoken.google.com/project",
      audience: "project",
      jwks_uri: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    },
  ],
  [
    { iss: "accounts.google.com", aud: "client" },
    {
      issuer: "accounts.google.com",
      audience: "client",
      jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
    },
  ],
  [
    { iss: "https://cognito-idp.eu-west-1.amazonaws.com/pool", client_id: "client" },
    {
      issuer: "https://cognito-idp.eu-west-1.amazonaws.com/pool",
      audience: "client",
      audience_claim: "client_id",
    },
  ],
  [
    { iss: "https://api.workos.com/user_management/client_1", client_id: "client_1" },
    {
      issuer: "https://api.workos.com/user_management/client_1",
      audience: "client_1",
      audience_claim: "client_id",
      jwks_uri: "https://api.workos.com/sso/jwks/client_1",
    },
  ],
  [
    { iss: "test.stytch.com/project-test-1", aud: ["project-test-1"] },
    {
      issuer: "test.stytch.com/project-test-1",
      audience: "project-test-1",
      jwks_uri: "https://test.stytch.com/v1/sessions/jwks/project-test-1",
    },
  ],
  [{ iss: "https://id.example.com/realms/app", aud: ["account"] }, undefined],
  [
    { iss: "https://id.example.com/realms/app", azp: "client" },
    { issuer: "https://id.example.com/realms/app", audience: "client", audience_claim: "azp" },
  ],
  [{ iss: "https://sts.windows.net/t/", aud: "00000003-0000-0000-c000-000000000000" }, undefined],
  [{ iss: "https://a.example", sub: "u" }, undefined],
  [{ iss: "not a URL", aud: "a" }, undefined],
  [{ iss: "http://a.example", aud: "a" }, undefined],
  [{ aud: "a" }, undefined],
];

Deno.test("the entry for a provider's token is what docs/identity-providers.md says, and is accepted", () => {
  for (const [claims, entry] of CASES) {
    assertEquals([claims.iss, entryFor({ header: {}, claims })], [claims.iss, entry]);
    if (entry !== undefined) assertEquals(parseIdentityProviders(JSON.stringify([entry])).length, 1);
  }
});
