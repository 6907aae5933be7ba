import { Buffer } from "node:buffer";
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import type { Owner } from "../../scripts/doctor/tokens/recognise-token.ts";
import { whoseToken } from "../../scripts/doctor/tokens/whose-token.ts";
import { claimsOf, userClaims } from "../support/project.ts";
import { sign, unsigned } from "../support/signing.ts";
import {
  another,
  auth,
  development,
  good,
  HOSTED,
  hs256,
  INSTANCE,
  known,
  NOW,
  of,
  OTHER_REF,
  ours,
  provider,
  REF,
  times,
  user,
} from "./whose_token.ts";

const CASES: readonly (readonly [string, string, Owner, RegExp])[] = [
  ["a token of the functions", await sign(good, { key: ours }), "functions", /powersync-0123456789/],
  [
    "one with an old issuer, as the original example made it",
    await sign({ ...good, iss: HOSTED, aud: "x" }, { key: ours }),
    "functions",
    /publishes/,
  ],
  [
    "a key that is not published",
    await sign(good, { key: another }),
    "unpublished-key",
    /"powersync-9876543210", and this project publishes "powersync-0123456789"/,
  ],
  [
    "another project's PowerSync token",
    await sign({ ...good, aud: "https://b.powersync.journeyapps.com" }, { key: another }),
    "other-powersync",
    /`aud` is "https:\/\/b\.powersync.*here it is "https:\/\/a\.powersync/,
  ],
  [
    "another project's by its `kid` alone",
    await sign({ ...good, iss: "https://x.supabase.co", aud: "b" }, { key: another }),
    "other-powersync",
    /another project/,
  ],
  ["a development key", await sign(good, { key: development }), "development-key", /"dev-0123456789"/],
  [
    "the shared secret by its `kid`",
    await hs256({ ...good, iss: "x", aud: "y" }, "dev-shared-x"),
    "shared-secret",
    /HS256/,
  ],
  ["the shared secret by its issuer", await hs256(good), "shared-secret", /shared secret/],
  [
    "the PowerSync dashboard",
    await sign({ ...good, iss: "https://powersync-api.journeyapps.com" }, { key: provider }),
    "powersync-dashboard",
    /dashboard/,
  ],
  [
    "a user of this project",
    await sign(user(), { key: auth }),
    "supabase-user",
    /abcdefghijklmnopqrst\.supabase\.co/,
  ],
  ["a user, with the legacy secret", await hs256(user()), "supabase-user", /legacy secret \(HS256\)/],
  [
    "a user of Supabase Auth without issuer",
    await sign(user({ iss: undefined }), { key: auth }),
    "supabase-user",
    /user/,
  ],
  [
    "a user of another project",
    await sign(claimsOf(`https://${OTHER_REF}.supabase.co`, times), { key: auth }),
    "supabase-other-project",
    /"zyxwvutsrqponmlkjihg", and this project is "abcdefghijklmnopqrst"/,
  ],
  [
    "a user of a Supabase on this computer",
    await sign({ ...userClaims(), ...times }, { key: auth }),
    "supabase-other-project",
    /"local", and this project is/,
  ],
  [
    "a third-party app",
    await sign(user({ client_id: "app-1" }), { key: auth }),
    "supabase-oauth-client",
    /"app-1"/,
  ],
  [
    "an ID token of Supabase's OAuth server",
    await sign({ iss: `${HOSTED}/auth/v1`, sub: "u", aud: "app-1", ...times }, { key: auth }),
    "supabase-id-token",
    /ID token/,
  ],
  ["a publishable key", "sb_publishable_0123456789abcdef", "publishable-key", /publishable API key/],
  ["a secret key", "sb_secret_0123456789abcdef", "secret-key", /secret API key/],
  [
    "an account's token",
    "sbp_0123456789abcdef0123456789abcdef01234567",
    "secret-key",
    /personal access token/,
  ],
  [
    "the legacy anon key",
    await hs256({ iss: "supabase", ref: REF, role: "anon", ...times }),
    "publishable-key",
    /`anon` API key of the Supabase project "abcdefghijklmnopqrst"/,
  ],
  [
    "the legacy service_role key",
    await hs256({ iss: "supabase", ref: REF, role: "service_role", ...times }),
    "secret-key",
    /`service_role`/,
  ],
  [
    "a provider that is listed",
    await of("https://login.example.com/"),
    "provider",
    /entry 1 in POWERSYNC_IDENTITY_PROVIDERS/,
  ],
  [
    "one with the instance as its audience",
    await of("https://t.eu.auth0.com/", { aud: INSTANCE }),
    "provider",
    /Auth0/,
  ],
  [
    "Clerk",
    await of("https://clerk.example.com"),
    "provider",
    /Clerk \(`iss` is "https:\/\/clerk\.example\.com"\)/,
  ],
  ["Firebase", await of("https://securetoken.google.com/project"), "provider", /Firebase/],
  ["Google", await of("accounts.google.com"), "provider", /Google/],
  ["Cognito", await of("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"), "provider", /Cognito/],
  [
    "Entra ID",
    await of("https://login.microsoftonline.com/5c7a6c0e-0000-4000-8000-000000000001/v2.0"),
    "provider",
    /Entra ID/,
  ],
  [
    "Entra ID, version 1",
    await of("https://sts.windows.net/5c7a6c0e-0000-4000-8000-000000000001/"),
    "provider",
    /Entra ID/,
  ],
  ["Okta", await of("https://dev-1.okta.com/oauth2/default"), "provider", /Okta/],
  ["Keycloak", await of("https://id.example.com/realms/app"), "provider", /Keycloak/],
  ["WorkOS", await of("https://api.workos.com/user_management/client_1"), "provider", /WorkOS/],
  ["Stytch", await of("stytch.com/project-live-1"), "provider", /Stytch/],
  [
    "an issuer that nobody knows",
    await of("https://auth.example.org"),
    "unknown-issuer",
    /"https:\/\/auth\.example\.org"/,
  ],
  [
    "a JWT without issuer",
    await sign({ sub: "u", aud: "x", ...times }, { key: provider }),
    "unknown-issuer",
    /no `iss`/,
  ],
  ["a JWE", "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA", "encrypted", /five parts/],
  [
    "a token without its end",
    (await sign(good, { key: ours })).slice(0, -9),
    "cut",
    /its signature has 77 characters, but one of ES256 has 86/,
  ],
  [
    "two of three parts",
    (await sign(good, { key: ours })).split(".").slice(0, 2).join("."),
    "cut",
    /three parts/,
  ],
  ["a token that a log shortened", `${(await sign(good, { key: ours })).slice(0, 40)}…`, "cut", /shortened/],
  ["a token whose middle is missing", "eyJhbGciOiJFUzI1NiJ9.eyJz.AAAA", "cut", /not JSON in base64url/],
  [
    "a token whose beginning is missing",
    (await sign(good, { key: ours })).slice(8),
    "cut",
    /beginning is missing/,
  ],
  [
    "a secret",
    Buffer.from(JSON.stringify(ours.privateJwk)).toString("base64"),
    "not-a-token",
    /a key, not a token/,
  ],
  ["no signature", unsigned({ alg: "none" }, good), "cut", /without a signature/],
  ["a refresh token", "v1.MRr0fFYbFc3qJfVsGh-xyz", "opaque", /refresh token/],
  ["Supabase's refresh token", "k7zq3bwtw2xh", "opaque", /refresh token/],
  ["a UUID", "5c7a6c0e-0000-4000-8000-000000000001", "not-a-token", /UUID/],
  ["hex", "0123456789abcdef".repeat(4), "not-a-token", /hex/],
  ["a PEM", "-----BEGIN PRIVATE KEY-----\nMIIB", "not-a-token", /PEM/],
  ["a signing key's secret", btoa(JSON.stringify(ours.privateJwk)), "not-a-token", /a key, not a token/],
  ["a path", "./token.jwt", "not-a-token", /path of a file/],
  ["a key", JSON.stringify(ours.publicJwk), "not-a-token", /a key, not a token/],
  ["a page", "<!DOCTYPE html><p>Hello", "not-a-token", /not a JWT/],
  ["an address", "user@example.com", "not-a-token", /e-mail/],
  ["nothing", "", "not-a-token", /empty/],
  ["a URL", "https://example.com/callback", "not-a-token", /URL/],
];

Deno.test("it says first of all whose a token is, and never shows it", () => {
  for (const [name, token, owner, seen] of CASES) {
    const whose = whoseToken(token, known, NOW);
    const [first] = whose.told;
    assertEquals([name, whose.owner], [name, owner]);
    assertMatch(first?.seen ?? "", seen, name);
    assertEquals(first?.id, owner === "functions" ? "token-of-functions" : `token-is-${owner}`);
    const text = JSON.stringify(whose.told);
    for (const part of token.split(".").filter((part) => part.length > 24)) {
      assertFalse(text.includes(part), `${name}: the token is shown`);
    }
  }
});

Deno.test("a token that is not of the functions is never a reason to change keys", () => {
  for (const [name, token, owner] of CASES) {
    const [first] = whoseToken(token, known, NOW).told;
    if (owner === "functions") continue;
    assertEquals([name, first?.status, first?.set], [name, "failed", undefined]);
    assert(first?.advice, name);
    assertFalse(/rotat|new key/i.test(first.advice), name);
    if (owner === "secret-key") assertStringIncludes(first.advice, "never put it in an app");
  }
});
