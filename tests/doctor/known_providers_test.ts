import { assertEquals, assertMatch } from "@std/assert";
import { entryFor, machineSign, providerOf } from "../../scripts/doctor/tokens/known-providers.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";

/** Claims, and the entry besides their issuer; tests/docs/identity_providers_test.ts holds the page's own tokens to it. */
const CASES: readonly (readonly [Record<string, unknown>, Record<string, unknown> | undefined])[] = [
  [
    {
      iss: "https://t.eu.auth0.com/",
      aud: ["https://t.eu.auth0.com/userinfo", "https://api.example.com"],
      azp: "c",
    },
    { audience: "https://api.example.com" },
  ],
  [
    { iss: "https://cognito-idp.eu-west-1.amazonaws.com/pool", client_id: "client" },
    { audience: "client", audience_claim: "client_id" },
  ],
  [{ iss: "https://api.workos.com/user_management/client_1", client_id: "client_1" }, {
    audience: "client_1",
    audience_claim: "client_id",
    jwks_uri: "https://api.workos.com/sso/jwks/client_1",
  }],
  [
    { iss: "https://api.workos.com", aud: "powersync", client_id: "client_1" },
    { audience: "powersync", jwks_uri: "https://api.workos.com/sso/jwks/client_1" },
  ],
  [{ iss: "https://api.workos.com", aud: "powersync" }, undefined],
  [{ iss: "stytch.com/project-test-1", aud: ["project-test-1"] }, {
    audience: "project-test-1",
    jwks_uri: "https://test.stytch.com/v1/sessions/jwks/project-test-1",
    subject_prefix: "stytch|",
  }],
  [{ iss: "stytch.com/project-live-1", aud: ["project-live-1"], "https://stytch.com/organization": {} }, {
    audience: "project-live-1",
    jwks_uri: "https://api.stytch.com/v1/b2b/sessions/jwks/project-live-1",
    subject_prefix: "stytch|",
  }],
  [{ iss: "https://dev-1.okta.com", aud: "https://dev-1.okta.com", uid: "00u" }, undefined],
  [{ iss: "https://a.zitadel.cloud", aud: ["app"] }, { audience: "app" }],
  [{ iss: "https://id.example.com/realms/app", aud: ["account"] }, undefined],
  [
    { iss: "https://id.example.com/realms/app", azp: "client" },
    { audience: "client", audience_claim: "azp" },
  ],
  [{ iss: "https://sts.windows.net/t/", aud: "00000003-0000-0000-c000-000000000000" }, undefined],
  [{ iss: "https://a.example", sub: "u" }, undefined],
  [{ iss: "not a URL", aud: "a" }, undefined],
  [{ iss: "http://a.example", aud: "a" }, undefined],
  [{ aud: "a" }, undefined],
];

Deno.test("the entry for a provider's token is what docs/identity-providers.md says, and is accepted", () => {
  for (const [claims, fields] of CASES) {
    const entry = fields && { issuer: claims.iss, ...fields };
    assertEquals([claims.iss, entryFor({ header: {}, claims })], [claims.iss, entry]);
    if (entry !== undefined) assertEquals(parseIdentityProviders(JSON.stringify([entry])).length, 1);
  }
});

Deno.test("a provider whose tokens nobody else can verify says what to do instead", () => {
  assertMatch(providerOf("https://dev-1.okta.com")?.cannotWork ?? "", /custom authorization server/);
  assertEquals(providerOf("https://dev-1.okta.com/oauth2/default")?.cannotWork, undefined);
  assertEquals(providerOf("https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a")?.name, "Cognito");
});

Deno.test("a machine's token is known by the claims of its provider, and a person's is not taken for one", () => {
  const machines: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ sub: "c@clients", gty: "client-credentials", azp: "c" }, '`gty` is "client-credentials"'],
    [{ sub: "c@clients", client_id: "c" }, '`sub` is "c@clients"'],
    [{ sub: "agt_1", client_id: "c", sub_profile: "ai_agent" }, '`sub_profile` is "ai_agent"'],
    [{ azp: "c", gty: ["client_credentials"] }, '`gty` is "client_credentials"'],
    [{ sub: "mch_1", aud: ["mch_2"] }, '`sub` is "mch_1"'],
    [{ sub: "m2m-client-test-1", scope: "read" }, '`sub` is "m2m-client-test-1"'],
    [{ sub: "o", oid: "o", idtyp: "app" }, '`idtyp` is "app"'],
    [
      { sub: "u", preferred_username: "service-account-job" },
      '`preferred_username` is "service-account-job"',
    ],
    [{ sub: "c", client_id: "c" }, '`sub` is the client itself, "c"'],
    [{ sub: "c", cid: "c" }, '`sub` is the client itself, "c"'],
    [{ sub: "110", azp: "110", aud: "client" }, '`sub` is the client itself, "110"'],
  ];
  for (const [claims, sign] of machines) assertEquals(machineSign(claims), sign);
  const people = [
    { sub: "auth0|1", azp: "c", sub_profile: "user", gty: "password" },
    { sub: "user_1", azp: "https://app.example.com", sts: "active" },
    { sub: "u", preferred_username: "me", client_id: "web" },
    { aud: "a" },
  ];
  for (const claims of people) assertEquals([claims, machineSign(claims)], [claims, undefined]);
});
