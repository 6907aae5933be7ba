import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { type KnownSetup, type Owner, recogniseToken } from "../../scripts/doctor/tokens/recognise-token.ts";
import { whoseToken } from "../../scripts/doctor/tokens/whose-token.ts";
import { assertGrowsLinearly } from "../support/growth.ts";
import { base64, claimsOf, LEGACY_SECRET, signLegacyToken, userClaims } from "../support/project.ts";
import { makeKey, sign, type TestKey, unsigned } from "../support/signing.ts";

const REF = "abcdefghijklmnopqrst";
const HOSTED = `https://${REF}.supabase.co`;
const INSTANCE = "https://a.powersync.journeyapps.com";
const NOW = 1_800_000_000;

const ours = await makeKey("ES256", "powersync-0123456789");
const another = await makeKey("ES256", "powersync-9876543210");
const development = await makeKey("ES256", "dev-0123456789");
const provider = await makeKey("RS256", "provider-key");
const auth = await makeKey("ES256", "auth-key");

const NOTHING: KnownSetup = { issuer: "powersync-auth", keyIds: [], audiences: [], providers: [] };
const KNOWN: KnownSetup = {
  supabaseUrl: HOSTED,
  issuer: "powersync-auth",
  keyIds: ["powersync-0123456789"],
  audiences: [INSTANCE],
  providers: ["https://login.example.com/"],
  sharedKid: "dev-shared-x",
};

const times = { iat: NOW, exp: NOW + 300 };
const good = { iss: "powersync-auth", sub: "u", aud: INSTANCE, ...times };
const by = (key: TestKey, changes: Record<string, unknown> = {}) => sign({ ...good, ...changes }, { key });
const user = (changes: Record<string, unknown> = {}, url = HOSTED) =>
  sign(claimsOf(url, { ...times, ...changes }), { key: auth });
const of = (iss: string, aud = "app") => by(provider, { iss, aud });
const apiKey = (role: string) => signLegacyToken({ iss: "supabase", ref: REF, role, ...times });

const whole = await by(ours);

/** Tokens of each owner, and what is said of them. */
const CASES: Readonly<Record<Owner, readonly (readonly [token: string, seen: RegExp])[]>> = {
  "functions": [
    [whole, /powersync-0123456789/],
    // With the issuer of the original example.
    [await by(ours, { iss: HOSTED, aud: "x" }), /publishes/],
  ],
  "unpublished-key": [
    [await by(another), /"powersync-9876543210", and this project publishes "powersync-0123456789"/],
  ],
  "other-powersync": [
    [
      await by(another, { aud: "https://b.powersync.journeyapps.com" }),
      /`aud` is "https:\/\/b\.powersync.*here it is "https:\/\/a\.powersync/,
    ],
    // By its `kid` alone.
    [await by(another, { iss: "https://x.supabase.co", aud: "b" }), /another project/],
  ],
  "development-key": [[await by(development), /"dev-0123456789"/]],
  "shared-secret": [
    [await signLegacyToken({ ...good, iss: "x", aud: "y" }, LEGACY_SECRET, { kid: "dev-shared-x" }), /HS256/],
    [await signLegacyToken(good), /shared secret/],
  ],
  "powersync-dashboard": [
    [await by(provider, { iss: "https://powersync-api.journeyapps.com" }), /dashboard/],
  ],
  "supabase-user": [
    [await user(), /abcdefghijklmnopqrst\.supabase\.co/],
    [await signLegacyToken(claimsOf(HOSTED, times)), /legacy secret \(HS256\)/],
    [await user({ iss: undefined }), /user/],
  ],
  "supabase-other-project": [
    [
      await user({}, "https://zyxwvutsrqponmlkjihg.supabase.co"),
      /"zyxwvutsrqponmlkjihg", and this project is "abcdefghijklmnopqrst"/,
    ],
    [await sign({ ...userClaims(), ...times }, { key: auth }), /"local", and this project is/],
  ],
  "supabase-oauth-client": [[await user({ client_id: "app-1" }), /"app-1"/]],
  "supabase-id-token": [[await by(auth, { iss: `${HOSTED}/auth/v1`, aud: "app-1" }), /ID token/]],
  "publishable-key": [
    ["sb_publishable_0123456789abcdef", /publishable API key/],
    [await apiKey("anon"), /`anon` API key of the Supabase project "abcdefghijklmnopqrst"/],
  ],
  "secret-key": [
    ["sb_secret_0123456789abcdef", /secret API key/],
    ["sbp_0123456789abcdef0123456789abcdef01234567", /personal access token/],
    [await apiKey("service_role"), /`service_role`/],
  ],
  "provider": [
    [await of("https://login.example.com/"), /entry 1 in POWERSYNC_IDENTITY_PROVIDERS/],
    // PowerSync's own instructions let some providers issue tokens for the instance.
    [await of("https://t.eu.auth0.com/", INSTANCE), /Auth0/],
    [await of("https://clerk.example.com"), /Clerk \(`iss` is "https:\/\/clerk\.example\.com"\)/],
    [await of("https://securetoken.google.com/project"), /Firebase/],
    [await of("accounts.google.com"), /Google/],
    [await of("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"), /Cognito/],
    [await of("https://login.microsoftonline.com/5c7a6c0e-0000-4000-8000-000000000001/v2.0"), /Entra ID/],
    [await of("https://sts.windows.net/5c7a6c0e-0000-4000-8000-000000000001/"), /Entra ID/],
    [await of("https://dev-1.okta.com/oauth2/default"), /Okta/],
    [await of("https://id.example.com/realms/app"), /Keycloak/],
    [await of("https://api.workos.com/user_management/client_1"), /WorkOS/],
    [await of("stytch.com/project-live-1"), /Stytch/],
  ],
  "unknown-issuer": [
    [await of("https://auth.example.org"), /"https:\/\/auth\.example\.org"/],
    [await by(provider, { iss: undefined, aud: "x" }), /no `iss`/],
  ],
  "encrypted": [["eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA", /five parts/]],
  "cut": [
    [whole.slice(0, -9), /its signature has 77 characters, but one of ES256 has 86/],
    [whole.split(".").slice(0, 2).join("."), /three parts/],
    [`${whole.slice(0, 40)}…`, /shortened/],
    ["eyJhbGciOiJFUzI1NiJ9.eyJz.AAAA", /not JSON in base64url/],
    [whole.slice(8), /beginning is missing/],
    [unsigned({ alg: "none" }, good), /without a signature/],
  ],
  "opaque": [
    ["v1.MRr0fFYbFc3qJfVsGh-xyz", /refresh token/],
    ["k7zq3bwtw2xh", /refresh token/],
  ],
  "not-a-token": [
    [base64(ours.privateJwk), /a key, not a token/],
    [JSON.stringify(ours.publicJwk), /a key, not a token/],
    ["5c7a6c0e-0000-4000-8000-000000000001", /UUID/],
    ["0123456789abcdef".repeat(4), /hex/],
    ["-----BEGIN PRIVATE KEY-----\nMIIB", /PEM/],
    ["./token.jwt", /path of a file/],
    ["<!DOCTYPE html><p>Hello", /not a JWT/],
    ["user@example.com", /e-mail/],
    ["", /empty/],
    ["https://example.com/callback", /URL/],
  ],
};

for (const [owner, tokens] of Object.entries(CASES)) {
  Deno.test(`${owner}: whose token it is comes first, without the token, and with what to send instead`, () => {
    for (const [token, seen] of tokens) {
      const { whose, others, ...recognised } = whoseToken(token, KNOWN, NOW);
      assertEquals(recognised.owner, owner, `${seen}`);
      assertMatch(whose.seen, seen);
      const text = JSON.stringify([whose, ...others]);
      for (const part of token.split(".")) if (part.length > 24) assertFalse(text.includes(part), `${seen}`);
      assertEquals([whose.status, whose.cause, whose.change], [
        owner === "functions" ? "passed" : "failed",
        owner === "functions" ? undefined : `token-is-${owner}`,
        undefined,
      ]);
      if (owner === "functions") continue;
      // A token that is not ours is never a reason to change keys.
      assert(whose.hint && !/rotat|new key/i.test(whose.hint), `${seen}`);
      if (owner === "secret-key") assertStringIncludes(whose.hint, "never put it in an app");
    }
  });
}

Deno.test("what is not known does not decide", async () => {
  const local = await sign({ ...userClaims(), ...times }, { key: auth });
  const cases: readonly (readonly [string, Partial<KnownSetup>, Owner])[] = [
    [whole, {}, "functions"],
    [whole, { audiences: [INSTANCE] }, "functions"],
    [whole, { audiences: ["https://b.example"] }, "other-powersync"],
    [await user(), {}, "supabase-user"],
    // A custom domain does not tell which project it is of.
    [await user(), { supabaseUrl: "https://api.example.com" }, "supabase-user"],
    [local, { supabaseUrl: "http://localhost:54321" }, "supabase-user"],
    // A development key that is published, by `deno task dev`, is right.
    [await by(development), { keyIds: ["dev-0123456789"] }, "functions"],
  ];
  for (const [token, known, owner] of cases) {
    assertEquals([known, whoseToken(token, { ...NOTHING, ...known }, NOW).owner], [known, owner]);
  }
});

Deno.test("times are told in units that a person uses, and milliseconds are recognised", async () => {
  const inMilliseconds = { iat: NOW * 1000, exp: (NOW + 300) * 1000 };
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{}, /^$/],
    [{ exp: NOW - 300 }, /^token-expired: The token expired 5 minutes ago, at 2027-01-15 07:55 UTC\.$/],
    [{ exp: NOW - 90_000 }, /expired 1 day ago/],
    // PowerSync forgives a minute.
    [{ exp: NOW - 59 }, /^$/],
    [{ exp: NOW - 60 }, /expired 1 minute ago/],
    [{ nbf: NOW + 7_200 }, /^token-not-yet-valid: .*in 2 hours/],
    [{ iat: NOW + 600 }, /^token-issued-later: .*in 10 minutes/],
    [{ exp: undefined }, /^token-without-expiry: There is no `exp`/],
    [{ exp: `${NOW}` }, /^token-without-expiry: `exp` is "1800000000", not a number/],
    [{ exp: -1e300 }, /^token-expired/],
    [{ sub: undefined }, /^token-without-subject/],
    [
      inMilliseconds,
      /^token-in-milliseconds: `exp` is 1800000300000 and `iat` is 1800000000000: that is in milli(?!.*expired)/,
    ],
  ];
  for (const [changes, told] of cases) {
    const { others } = whoseToken(await by(ours, changes), KNOWN, NOW);
    assertMatch(others.map(({ cause, seen }) => `${cause}: ${seen}`).join(" "), told);
  }
});

Deno.test("hostile claims are shown short and without what a terminal acts on", async () => {
  const iss = `\x1b[2J${"x".repeat(10_000)}`;
  const { whose, others } = whoseToken(await by(provider, { iss, aud: ["\u202e", {}, 5] }), KNOWN, NOW);
  const text = [whose, ...others].map(({ seen }) => seen).join();
  assert(text.length < 1_000, text);
  assertFalse(/[\p{Cc}\p{Cf}]/u.test(text));
});

Deno.test("neither nesting nor size stops any token from being recognised", async () => {
  const encode = (text: string) => btoa(text).replace(/=+$/, "");
  const deep = encode(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`);
  assertEquals(recogniseToken(`eyJhbGciOiJFUzI1NiJ9.${deep}.AAAA`, KNOWN).owner, "cut");
  assertEquals(recogniseToken("x".repeat(1_000_000), KNOWN).owner, "opaque");
  await assertGrowsLinearly((size) => {
    for (const text of [`${"@".repeat(2 * size)} y`, `${"@.".repeat(size)} y`]) {
      assertEquals(recogniseToken(text, NOTHING).owner, "not-a-token");
    }
  }, 25_000);
  const infinite = `${encode('{"alg":"ES256"}')}.${encode('{"sub":"a","exp":-1e999}')}.${"A".repeat(86)}`;
  assert(whoseToken(infinite, NOTHING, NOW).others.some(({ cause }) => cause === "token-without-expiry"));
});
