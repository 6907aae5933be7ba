import { assert, assertEquals, assertMatch } from "@std/assert";
import { authError, AuthStandIn, type Fate } from "../support/auth_stand_in.ts";
import { SILENCE } from "../support/http_stand_in.ts";
import {
  claimsOf,
  POWERSYNC_URL,
  projectKeys,
  PUBLISHABLE_KEY,
  signLegacyToken,
  USER_ID,
} from "../support/project.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";
import { assertHeals, examine, find, idsOf, NOW, ofProject } from "./user_token.ts";

const { ES256, RS256 } = projectKeys;
const ours = await makeKey("ES256", "powersync-0123456789");

Deno.test("a good token of a Supabase user is accepted, with and without a published key", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk]);
  for (
    const token of [
      await sign(claimsOf(auth.url), { key: ES256 }),
      await signLegacyToken(claimsOf(auth.url)),
    ]
  ) {
    const told = await examine(token, ofProject(auth));
    assertEquals(idsOf(told), ["accepted"]);
    assertMatch(find(told, "accepted").seen, /accepts it.*the user "5c7a6c0e/);
    assertMatch(find(told, "kind").seen, /access token of a user from Supabase Auth/);
  }
  // Without an API key, Supabase Auth answers no question.
  const asked = auth.calls.user;
  const server = { supabaseUrl: auth.url, variables: { POWERSYNC_SESSION_CHECK: "server" } };
  const unasked = await examine(await sign(claimsOf(auth.url), { key: ES256 }), server);
  assertMatch(
    find(unasked, "not-compared").seen,
    /are "project-ec"\. Supabase Auth was not asked: no publishable key/,
  );
  const told = await examine(await signLegacyToken(claimsOf(auth.url)), { supabaseUrl: auth.url });
  assertEquals(idsOf(told), ["not-compared"]);
  assertEquals([find(told, "not-compared").status, auth.calls.user], ["skipped", asked]);
  assertMatch(
    find(told, "not-compared").seen,
    /legacy secret \(HS256\), which only Supabase Auth itself can check/,
  );
});

Deno.test("each setting for Supabase users is compared, and its new value heals", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk]);
  const cases: readonly (readonly [
    string,
    Record<string, unknown>,
    Record<string, string>,
    Record<string, string>,
    RegExp,
  ])[] = [
    [
      "audience",
      { aud: "app" },
      {},
      { POWERSYNC_USER_AUDIENCE: "app" },
      /`aud` is "app", and POWERSYNC_USER_AUDIENCE is "authenticated"/,
    ],
    [
      "issuer",
      {},
      { POWERSYNC_USER_ISSUER: "https://old.example.com/auth/v1" },
      { POWERSYNC_USER_ISSUER: `${auth.url}/auth/v1` },
      /and POWERSYNC_USER_ISSUER is "https:\/\/old\.example\.com\/auth\/v1"/,
    ],
    [
      "issuer",
      { iss: `${auth.url}/auth` },
      {},
      { POWERSYNC_USER_ISSUER: `${auth.url}/auth` },
      /its path must end in \/auth\/v1/,
    ],
    ["oauth-client", { client_id: "c2" }, { POWERSYNC_OAUTH_CLIENTS: "c1" }, {
      POWERSYNC_OAUTH_CLIENTS: "c1,c2",
    }, /"c2".*POWERSYNC_OAUTH_CLIENTS is "c1"/],
    [
      "oauth-client",
      { client_id: "c2" },
      {},
      { POWERSYNC_OAUTH_CLIENTS: "c2" },
      /POWERSYNC_OAUTH_CLIENTS is not set/,
    ],
  ];
  for (const [id, claims, variables, set, seen] of cases) {
    const token = await sign(claimsOf(auth.url, claims), { key: ES256 });
    const told = await examine(token, { variables, ...ofProject(auth) });
    assertEquals(idsOf(told), [id, "accepted"]);
    assertEquals(find(told, id).set, set);
    assertMatch(find(told, id).seen, seen);
    await assertHeals(token, { told, variables, url: auth.url });
  }
});

Deno.test("a token with several differences shows them all", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk]);
  const past = { iat: NOW() - 7_200, exp: NOW() - 3_600 };
  const token = await sign(claimsOf(auth.url, { ...past, aud: "app", client_id: "c" }), { key: ES256 });
  const told = await examine(token, ofProject(auth));
  assertEquals(idsOf(told), ["audience", "oauth-client", "expired", "accepted"]);
  assertMatch(find(told, "expired").seen, /expired 1 hour ago/);
  assertMatch(find(told, "accepted").seen, /Nothing else differs/);
  // Nothing is said about what Supabase Auth answers to an expired token.
  const legacy = await signLegacyToken(claimsOf(auth.url, past));
  assertEquals(idsOf(await examine(legacy, ofProject(auth))), ["expired"]);
});

Deno.test("keys that differ are named on both sides", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk, RS256.publicJwk]);
  const stranger = await makeKey("ES256", "stranger");
  const unknown = await sign(claimsOf(auth.url), { key: stranger });
  for (const options of [ofProject(auth), { supabaseUrl: auth.url }]) {
    const [, told] = await examine(unknown, options);
    assertEquals(told?.status, "failed");
    assertMatch(
      told?.seen ?? "",
      /"stranger" \("ES256"\).*live keys at .*jwks\.json" are "project-ec", "project-rsa"/,
    );
    assertMatch(told?.advice ?? "", /Sign in again at this project/);
  }
  const forged = await sign(claimsOf(auth.url), { key: stranger, header: { kid: "project-ec" } });
  assertEquals(idsOf(await examine(forged, ofProject(auth))), ["signature"]);
  const mixed = await sign(claimsOf(auth.url), { key: await makeKey("ES256", "project-rsa") });
  assertEquals(idsOf(await examine(mixed, ofProject(auth))), ["algorithm"]);
  const legacy = await signLegacyToken(claimsOf(auth.url), "x".repeat(40));
  assertMatch(find(await examine(legacy, ofProject(auth)), "auth-refused").seen, /legacy secret \(HS256\)/);
});

Deno.test("what a Supabase user's token lacks is told", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk]);
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["subject", { sub: "42" }, /`sub` is "42".*UUID/],
    ["subject", { sub: undefined }, /`sub` is missing/],
    ["role", { role: "service_role" }, /`role` is "service_role"/],
    ["audience", { aud: undefined }, /`aud` is missing/],
    ["audience", { aud: "$(reboot)" }, /`aud` is "\$\(reboot\)"/],
    ["times", { exp: "soon" }, /`exp` is "soon", not a number/],
    ["not-yet-valid", { nbf: NOW() + 30 }, /in (29|30) seconds/],
  ];
  for (const [id, claims, seen] of cases) {
    const told = find(
      await examine(await sign(claimsOf(auth.url, claims), { key: ES256 }), ofProject(auth)),
      id,
    );
    assertMatch(told.seen, seen);
    assertEquals([told.status, told.set], ["failed", undefined]);
    assert(told.advice);
  }
  const late = claimsOf(auth.url, { iat: NOW() * 1000, exp: (NOW() + 300) * 1000 });
  assertEquals(idsOf(await examine(await sign(late, { key: ES256 }), ofProject(auth))), [
    "in-milliseconds",
    "accepted",
  ]);
});

Deno.test("what became of the user or session is told in Supabase Auth's words", async () => {
  await using auth = new AuthStandIn([]);
  const token = await signLegacyToken(claimsOf(auth.url));
  const fates: readonly (readonly [Fate, string])[] = [
    ["signed-out", "auth-session-ended"],
    ["deleted", "auth-user-deleted"],
    ["banned", "auth-user-banned"],
  ];
  for (const [fate, id] of fates) {
    auth.fate = fate;
    assertEquals(idsOf(await examine(token, ofProject(auth))), [id]);
  }
  auth.fate = "active";
  auth.fail(() => authError(500, "unexpected_failure"));
  assertEquals(find(await examine(token, ofProject(auth)), "not-compared").status, "skipped");
  auth.fail(undefined);
  const wrongKey = await examine(token, { supabaseUrl: auth.url, publishableKey: "sb_publishable_wrong" });
  assertMatch(find(wrongKey, "not-compared").seen, /refused the API key/);
});

Deno.test("a server that cannot be reached, or never answers, is not the token's fault", async () => {
  await using auth = new AuthStandIn([]);
  const token = await sign(claimsOf(auth.url), { key: ES256 });
  auth.fail(() => SILENCE);
  const slow = await examine(token, { ...ofProject(auth), timeoutMs: 100 });
  assertEquals(idsOf(slow), ["not-compared"]);
  assertMatch(find(slow, "not-compared").seen, /No answer within 0\.1 s/);
  auth.fail(() => Response.redirect("http://127.0.0.1:9/keys"));
  assertMatch(
    find(await examine(token, ofProject(auth)), "not-compared").seen,
    /answered 302\. The functions do not follow redirects/,
  );
  await auth.stop();
  assertMatch(
    find(await examine(token, ofProject(auth)), "not-compared").seen,
    /The connection was refused/,
  );
  auth.start();
  const nowhere = await examine(await sign(claimsOf("https://auth.example.com"), { key: ES256 }));
  assertMatch(find(nowhere, "not-compared").seen, /The project is not known/);
});

Deno.test("what is not a user's token is told, and nobody is asked", async () => {
  await using auth = new AuthStandIn([ES256.publicJwk]);
  const times = { iat: NOW(), exp: NOW() + 300 };
  const powersync = await sign({ iss: "powersync-auth", sub: "u", aud: POWERSYNC_URL, ...times }, {
    key: ours,
  });
  const user = await sign(claimsOf(auth.url), { key: ES256 });
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["is-functions", powersync, /makes a PowerSync token from a user's access token/],
    ["is-publishable-key", PUBLISHABLE_KEY, /`apikey` header/],
    ["is-secret-key", "sb_secret_0123456789", /never put it in an app/],
    [
      "is-publishable-key",
      await signLegacyToken({ iss: "supabase", role: "anon", ...times }),
      /`apikey` header/,
    ],
    [
      "is-supabase-id-token",
      await sign({ iss: `${auth.url}/auth/v1`, sub: USER_ID, aud: "c", ...times }, { key: ES256 }),
      /Send the access token/,
    ],
    [
      "is-supabase-other-project",
      await sign(claimsOf("https://abcdefghijklmnopqrst.supabase.co"), { key: ES256 }),
      /Sign in at this project/,
    ],
    ["is-encrypted", "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA", /`audience`/],
    ["is-opaque", "k7zq3bwtw2xh", /refresh token/],
    ["is-cut", user.slice(0, -4), /Copy the whole/],
    ["is-cut", unsigned({ alg: "none" }, claimsOf(auth.url)), /Copy the whole/],
    ["is-not-a-token", "", /Sign in/],
    ["malformed", `${user}=`, /Copy the whole/],
    ["malformed", user.replace(".", ".\n"), /Copy the whole/],
  ];
  for (const [id, token, advice] of cases) {
    const told = find(await examine(token, ofProject(auth)), id);
    assertEquals(told.status, "failed");
    assertMatch(told.advice ?? "", advice);
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});
