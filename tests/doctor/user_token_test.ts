import { Buffer } from "node:buffer";
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { Told } from "../../scripts/doctor/tokens/told.ts";
import { examineUserToken, type UserTokenOptions } from "../../scripts/doctor/user-token/user-token.ts";
import { authError, AuthStandIn, type Fate } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { HttpStandIn, SILENCE } from "../support/http_stand_in.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import {
  claimsOf,
  POWERSYNC_URL,
  projectKeys,
  PUBLISHABLE_KEY,
  signLegacyToken,
  USER_ID,
} from "../support/project.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";

const { ES256, RS256 } = projectKeys;
const ours = await makeKey("ES256", "powersync-0123456789");
const NOW = () => Math.floor(Date.now() / 1000);

/** What was found, and nothing of the token in it. */
async function examine(token: string, options: Partial<UserTokenOptions> = {}): Promise<Told[]> {
  const told = await examineUserToken(token, { variables: {}, timeoutMs: 5_000, now: NOW, ...options });
  const text = JSON.stringify(told);
  for (const part of token.split(".").filter((part) => part.length > 24)) {
    assertFalse(text.includes(part), "the token is shown");
  }
  return told;
}

/** The IDs, without what is always said first. */
function idsOf(told: readonly Told[]): string[] {
  return told.map(({ id }) => id.replace("user-token-", "")).filter((id) => id !== "kind");
}

function find(told: readonly Told[], id: string): Told {
  const found = told.find((one) => one.id === `user-token-${id}`);
  assert(found, `${id} in ${idsOf(told)}`);
  return found;
}

/** The functions themselves refuse the token as it is, and accept it with all the settings that were told. */
async function assertHeals(
  token: string,
  { told, variables = {}, url = "http://127.0.0.1:9" }: {
    told: readonly Told[];
    variables?: Record<string, string>;
    url?: string;
  },
): Promise<void> {
  const code = (changes: Record<string, string>) =>
    startFunctions({ url, inline: [], environment: { POWERSYNC_USER_ISSUER: "", ...variables, ...changes } })
      .code(token);
  assertMatch(await code({}), /^(401|403|500|503) /);
  const set: Record<string, string> = Object.assign({}, ...told.map(({ set }) => set));
  for (const value of Object.values(set)) assertMatch(value, /^[\w.:/@+=,-]*$/, "it needs quotes");
  assertEquals(await code(set), "200");
}

const ofProject = (auth: AuthStandIn) => ({ supabaseUrl: auth.url, publishableKey: PUBLISHABLE_KEY });
const list = (...entries: unknown[]) => ({ POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify(entries) });

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

/** Runs a test with a provider. */
async function withProvider(test: (provider: Issuer) => Promise<void>, path?: string): Promise<void> {
  await using provider = await startIssuer("ES256", path);
  await test(provider);
}

Deno.test("a provider that is not named gets the entry that accepts its token", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    const absent = await examine(token);
    assertEquals(idsOf(absent), ["provider-not-in-file", "accepted"]);
    const told = find(absent, "provider-not-in-file");
    assertEquals(told.status, "warning");
    assertMatch(
      told.seen,
      /No POWERSYNC_IDENTITY_PROVIDERS is known here.*deployment's own cannot be read.*This entry accepts it: \{"issuer":"http/,
    );
    await assertHeals(token, { told: absent });
    const other = { issuer: "https://other.example.com", audience: "x", algorithms: ["RS256"] };
    const variables = list(other);
    const unlisted = await examine(token, { variables });
    assertEquals(idsOf(unlisted), ["provider-not-listed", "accepted"]);
    assertMatch(
      find(unlisted, "provider-not-listed").seen,
      /The issuers in POWERSYNC_IDENTITY_PROVIDERS are "https:\/\/other/,
    );
    // The other entries stay as they are.
    const { POWERSYNC_IDENTITY_PROVIDERS = "" } = find(unlisted, "provider-not-listed").set ?? {};
    assertEquals(JSON.parse(atob(POWERSYNC_IDENTITY_PROVIDERS)), [other, {
      issuer: provider.issuer,
      audience: "api",
    }]);
    await assertHeals(token, { told: unlisted, variables });
    const withoutAudience = find(await examine(await provider.sign({ sub: "u" })), "provider-not-in-file");
    assertEquals(withoutAudience.set, undefined);
    assertMatch(withoutAudience.advice ?? "", /audience of your own/);
  });
});

Deno.test("an issuer that differs in what people overlook is named, and every character is set right", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    const { port } = new URL(provider.url);
    const cases: readonly (readonly [string, RegExp])[] = [
      [`${provider.issuer}/`, /differ in a final slash, and every/],
      [`https://127.0.0.1:${port}/realms/App`, /differ in http or https, and every/],
      [`http://127.0.0.1:${port}/realms/app`, /differ in upper and lower case, and every/],
      [`http://localhost:${port}/realms/App`, /differ in localhost or 127\.0\.0\.1, and every/],
      [
        `https://localhost:${port}/realms/app/`,
        /a final slash and http or https and upper and lower case and localhost/,
      ],
    ];
    for (const [issuer, seen] of cases) {
      const variables = list({ issuer, audience: "api", jwks_uri: provider.jwksUri });
      const told = await examine(token, { variables });
      assertEquals(idsOf(told), ["issuer", "accepted"]);
      assertMatch(find(told, "issuer").seen, seen);
      await assertHeals(token, { told, variables });
    }
    const realm = list({ issuer: `${provider.url}/realms/other`, audience: "api" });
    assertEquals(idsOf(await examine(token, { variables: realm })), ["provider-not-listed", "accepted"]);
  }, "/realms/App");
});

Deno.test("each field of an entry is compared, and the changed list heals", async () => {
  await withProvider(async (provider) => {
    const { issuer } = provider;
    const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, RegExp])[] = [
      [
        "audience",
        { aud: "api" },
        { audience: "app" },
        /`aud` is "api"; `audience` of entry 1 in POWERSYNC_IDENTITY_PROVIDERS is "app"\.$/,
      ],
      [
        "audience",
        { aud: "https://a.example/" },
        { audience: "https://a.example" },
        /They differ only in a final slash/,
      ],
      [
        "audience",
        { aud: ["account", "api", `${issuer}/userinfo`] },
        { audience: ["x", "y"] },
        /"account", "api"/,
      ],
      ["audience", { azp: "client" }, { audience: "client" }, /`aud` is missing/],
      [
        "audience",
        { aud: "api", azp: "client" },
        { audience: "client", audience_claim: "azp" },
        /`azp` is "client" and `aud` is "api"/,
      ],
      [
        "audience",
        { aud: "api" },
        { audience: "api", audience_claim: "azp" },
        /`azp` is missing and `aud` is "api"/,
      ],
      [
        "algorithm",
        { aud: "api" },
        { audience: "api", algorithms: ["RS256"] },
        /`alg` is "ES256", and `algorithms` of entry 1 .* is "RS256"/,
      ],
      [
        "subject",
        { aud: "api" },
        { audience: "api", subject_claim: "oid" },
        /from `oid`, which the token lacks\. `sub` is "u"/,
      ],
      [
        "provider-keys",
        { aud: "api" },
        { audience: "api", jwks_uri: "http://127.0.0.1:2/keys" },
        /connection was refused.*Discovery says/,
      ],
    ];
    for (const [id, claims, fields, seen] of cases) {
      const token = await provider.sign({ sub: "u", ...claims });
      const variables = list({ issuer, ...fields });
      const told = await examine(token, { variables });
      assertEquals([id, idsOf(told)], [id, [id, "accepted"]]);
      assertMatch(find(told, id).seen, seen);
      await assertHeals(token, { told, variables });
    }
    const token = await provider.sign({ sub: "u", aud: "api" });
    const both = list({ issuer: `${issuer}/`, audience: "app", algorithms: ["RS256"] });
    const told = await examine(token, { variables: both });
    assertEquals(idsOf(told), ["issuer", "audience", "algorithm", "accepted"]);
    // The value of each heals them all, so it does not matter which is applied.
    assertEquals(new Set(told.flatMap(({ set }) => set?.POWERSYNC_IDENTITY_PROVIDERS ?? [])).size, 1);
    await assertHeals(token, { told: told.slice(0, 2), variables: both });
  });
});

Deno.test("a kind of token that no setting heals gets advice instead", async () => {
  await withProvider(async (provider) => {
    const variables = list({ issuer: provider.issuer, audience: "api" });
    const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, RegExp])[] = [
      ["type", { typ: "ID" }, {}, /access token instead.*"allow": \["ID"\]/],
      ["type", { typ: "Refresh" }, {}, /access token instead\.$/],
      ["type", { events: {} }, {}, /access token instead/],
      ["type", {}, { typ: "dpop+jwt" }, /access token instead/],
      ["bound-to-key", { cnf: { jkt: "x" } }, {}, /bearer token/],
      ["audience", { aud: "account" }, {}, /audience mapper/],
      ["audience", { aud: "https://graph.microsoft.com" }, {}, /an API or its scope/],
      ["audience", { aud: "client", nonce: "n" }, {}, /access token instead/],
      ["subject", { sub: undefined }, {}, /user's ID/],
      ["key-unknown", {}, { kid: "old-key" }, /another environment/],
    ];
    for (const [id, claims, header, advice] of cases) {
      const told = await examine(await provider.sign({ sub: "u", aud: "api", ...claims }, header), {
        variables,
      });
      assertEquals([id, idsOf(told)], [id, [id]]);
      assertMatch(find(told, id).advice ?? "", advice);
    }
    const email = list({ issuer: provider.issuer, audience: "api", subject_claim: "email" });
    const unverified = await provider.sign({ sub: "u", aud: "api", email: "a@b.example" });
    assertEquals(idsOf(await examine(unverified, { variables: email })), ["email-not-verified"]);
    const shared = await signLegacyToken({ iss: provider.issuer, sub: "u", aud: "api", exp: NOW() + 300 });
    assertMatch(find(await examine(shared, { variables }), "algorithm").advice ?? "", /RS256 or ES256/);
    const forged = await sign({ iss: provider.issuer, sub: "u", aud: "api", exp: NOW() + 300 }, {
      key: await makeKey("ES256", "provider-key-1"),
    });
    assertMatch(
      find(await examine(forged, { variables }), "signature").seen,
      /"provider-key-1" \("ES256"\).*are "provider-key-1"/,
    );
    const machine = await provider.sign({
      sub: "m@clients",
      aud: "api",
      gty: "client-credentials",
      sts: "pending",
    });
    assertEquals(idsOf(await examine(machine, { variables })), ["of-machine", "session-pending", "accepted"]);
  });
});

Deno.test("a provider's keys that have moved, or are described by another name, are found", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    await using old = await startIssuer();
    old.keys = [await makeKey("ES256", "old-key")];
    const moved = list({ issuer: provider.issuer, audience: "api", jwks_uri: old.jwksUri });
    const told = await examine(token, { variables: moved });
    assertEquals(idsOf(told), ["key-unknown", "accepted"]);
    assertMatch(
      find(told, "key-unknown").seen,
      /"provider-key-1".*are "old-key".*Discovery says that the keys are at/,
    );
    await assertHeals(token, { told, variables: moved });
    provider.metadata = { ...provider.metadata, issuer: "https://tenant.example.com" };
    const renamed = list({ issuer: provider.issuer, audience: "api" });
    const found = await examine(token, { variables: renamed });
    assertEquals(idsOf(found), ["provider-keys", "accepted"]);
    assertMatch(
      find(found, "provider-keys").seen,
      /document is of the issuer "https:\/\/tenant\.example\.com"/,
    );
    await assertHeals(token, { told: found, variables: renamed });
    provider.metadata = { issuer: provider.issuer, jwks_uri: "http://example.com/keys" };
    assertMatch(
      find(await examine(token, { variables: renamed }), "provider-keys").advice ?? "",
      /Set `jwks_uri`/,
    );
    provider.broken = () => new Response("away", { status: 503 });
    assertEquals(find(await examine(token, { variables: renamed }), "provider-keys").status, "skipped");
  });
});

Deno.test("a provider that never answers, or answers without end, is given up", async () => {
  const hanging = new HttpStandIn(() => SILENCE);
  const variables = list({ issuer: hanging.url, audience: "api" });
  const token = await sign({ iss: hanging.url, sub: "u", aud: "api", exp: NOW() + 300 }, {
    key: ours,
    header: { kid: "k" },
  });
  const told = await examine(token, { variables, timeoutMs: 100 });
  assertMatch(find(told, "provider-keys").seen, /No answer within 0\.1 s/);
  await hanging.stop();
  const large = new HttpStandIn(() => new Response("x".repeat(2 * 1024 * 1024)));
  const other = list({ issuer: large.url, audience: "api" });
  const long = await sign({ iss: large.url, sub: "u", aud: "api", exp: NOW() + 300 }, {
    key: ours,
    header: { kid: "k" },
  });
  assertMatch(find(await examine(long, { variables: other }), "provider-keys").seen, /too large/);
  await large.stop();
});

Deno.test("hostile tokens are refused in a sentence", async () => {
  await withProvider(async (provider) => {
    const variables = list({ issuer: provider.issuer, audience: "api" });
    const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    const part = (json: string) => Buffer.from(json).toString("base64url");
    // No library signs what is nested as deeply, and the claims are looked at first.
    const nested = (claims: string) =>
      [part('{"alg":"ES256","kid":"k"}'), part(`{"exp":2000000000,${claims}}`), "A".repeat(86)].join(".");
    const cases: readonly (readonly [string, string])[] = [
      ["too-long", await provider.sign({ sub: "u", aud: "api", text: "x".repeat(20_000) })],
      ["audience", await provider.sign({ sub: "u", aud: `\x1b[2J\u202e${"x".repeat(5_000)}` })],
      ["audience", nested(`"iss":"${provider.issuer}","sub":"u","aud":${deep}`)],
      ["subject", nested(`"iss":"${provider.issuer}","aud":"api","sub":${deep}`)],
      ["provider-not-listed", nested(`"iss":${deep},"sub":"u","aud":"api"`)],
      ["provider-not-listed", await provider.sign({ iss: 5, sub: "u", aud: "api" })],
      ["provider-not-listed", await provider.sign({ iss: "javascript:alert(1)", sub: "u", aud: "api" })],
      ["provider-not-listed", await provider.sign({ iss: "x".repeat(9_000), sub: "u", aud: "api" })],
    ];
    for (const [id, token] of cases) {
      const told = find(await examine(token, { variables }), id);
      assertEquals([id, told.seen.length < 1_000, /[\p{Cc}\p{Cf}]/u.test(told.seen)], [id, true, false]);
    }
  });
});

Deno.test("a setting that cannot be read is told instead", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    for (const text of ["[{", JSON.stringify([{ issuer: provider.issuer }])]) {
      const told = await examine(token, { variables: { POWERSYNC_IDENTITY_PROVIDERS: text } });
      assertEquals(idsOf(told), ["settings"]);
      assertMatch(find(told, "settings").seen, /^POWERSYNC_IDENTITY_PROVIDERS cannot be used/);
    }
  });
});
