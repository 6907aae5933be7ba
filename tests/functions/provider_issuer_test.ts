/** Which tokens of a trusted provider count: what type they state, for whom they are, how long, and who their user is. */
import { assert, assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { outcome } from "../support/answer.ts";
import { environmentOf, startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { PUBLISHABLE_KEY, USER_ID, userClaims, userToken } from "../support/project.ts";
import { silenceLog } from "../support/log.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";

const NOW = Math.floor(Date.now() / 1000);
const CLAIMS = { aud: "app", sub: "user-1" };
const INVALID = "401 USER_TOKEN_INVALID";

const entry = ({ issuer, jwksUri }: Issuer, more: Record<string, unknown> = {}) => ({
  issuer,
  audience: "app",
  jwks_uri: jwksUri,
  subject_prefix: "",
  ...more,
});

Deno.test("a trusted provider's user gets a token, with a subject that no other provider's user can have", async () => {
  await using provider = await startIssuer();
  const { userOf, seen } = startFunctions({ providers: [entry(provider, { subject_prefix: undefined })] });
  assertEquals(await userOf(await provider.sign(CLAIMS)), `${provider.issuer}|user-1`);
  const { provider: name, role, isAnonymous, claims } = seen.user ?? {};
  assertEquals([name, role, isAnonymous, claims?.aud], [provider.issuer, "authenticated", false, "app"]);
  assertEquals(
    await userOf(await provider.sign({ ...CLAIMS, sub: USER_ID })),
    `${provider.issuer}|${USER_ID}`,
  );
  assertEquals(await userOf(await userToken()), USER_ID);
});

/** What changes of the claims and the header lead to: the user, or the refusal. */
type Case = readonly [claims: Record<string, unknown>, expected: string, header?: Record<string, unknown>];

/** Registers one test that sends a trusted provider's tokens, with changes to an entry and to the tokens. */
function testTokens(title: string, changes: Record<string, unknown>, cases: readonly Case[]): void {
  Deno.test(title, async () => {
    await using provider = await startIssuer();
    const { userOf, clock } = startFunctions({ providers: [entry(provider, changes)] });
    clock.ms = NOW * 1000;
    for (const [claims, expected, header] of cases) {
      const token = await provider.sign({ ...CLAIMS, ...claims }, header);
      assertEquals([claims, header, await userOf(token)], [claims, header, expected]);
    }
  });
}

/** Values of one claim that refuse a token. */
const refused = (name: string, values: readonly unknown[], more = {}) =>
  values.map((value): Case => [{ ...more, [name]: value }, INVALID]);

testTokens("subject_claim and subject_prefix say who the user is", {
  subject_claim: "uid",
  subject_prefix: "p|",
}, [
  [{ uid: "me" }, "p|me"],
  ...refused("uid", ["", 7, null, undefined, ["me"]]),
]);

testTokens("a subject that a PowerSync token cannot carry is refused", {}, [
  ...refused("sub", ["a\nb", "\u0000", "\ud800", "", 42, ["user-1"], { id: "user-1" }]),
  [{ sub: "u".repeat(1_024) }, "u".repeat(1_024)],
  ...refused("sub", ["u".repeat(1_025), "u".repeat(11_000), "\u20ac".repeat(3_500)]),
]);

testTokens("an e-mail address names a user only if the provider verified it", { subject_claim: "email" }, [
  // Cognito writes it as text.
  ...[true, "true"].map((email_verified): Case => [{ email: "a@b.example", email_verified }, "a@b.example"]),
  ...refused("email_verified", [false, "false", undefined, null, 1, "TRUE", ["true"], [true]], {
    email: "a@b.example",
  }),
]);

testTokens("audience, expiry and start are checked strictly, with 60 s of tolerance", {
  audience: ["app", "web"],
}, [
  [{ aud: ["x", "web"] }, "user-1"],
  ...refused("aud", ["other", "app/", "", ["x"], undefined, 7]),
  [{ exp: NOW - 59 }, "user-1"],
  [{ exp: NOW - 60 }, "401 USER_TOKEN_EXPIRED"],
  ...refused("exp", [undefined, "soon", null, "9999999999", true]),
  [{ nbf: NOW + 60 }, "user-1"],
  [{ nbf: NOW + 61 }, INVALID],
]);

testTokens("another kind of token that the provider signs with the same keys is refused", {}, [
  ...["JWT", "jwt", "at+jwt", "application/at+jwt", undefined].map((typ): Case => [{}, "user-1", { typ }]),
  ...["logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "", 7, ["JWT"]].map((
    typ,
  ): Case => [{}, INVALID, { typ }]),
]);

/** Back-Channel Logout 1.0, section 2.4, but for the header's `typ`, which older providers leave out. */
const LOGOUT = { events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
const OTHER_KINDS = [LOGOUT, { events: null }, { typ: "Refresh" }, { typ: "Offline" }];
const BOUND = { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } };

testTokens("logout tokens, Keycloak's other kinds and tokens bound to a key are refused", {}, [
  ...[...OTHER_KINDS, { typ: "ID" }, BOUND].map((claims): Case => [claims, INVALID]),
  ...[{ typ: "Bearer" }, { cnf: { kid: "k" } }, { cnf: "x" }].map((claims): Case => [claims, "user-1"]),
]);

testTokens("`allow` accepts Keycloak's ID tokens or tokens bound to a key, and no logout token", {
  allow: ["ID", "DPoP"],
}, [
  ...[{ typ: "ID" }, BOUND].map((claims): Case => [claims, "user-1"]),
  ...OTHER_KINDS.map((claims): Case => [claims, INVALID]),
]);

for (const [allowed, other] of [["ID", BOUND], ["DPoP", { typ: "ID" }]] as const) {
  testTokens(`\`allow\` with ${allowed} alone allows nothing else`, { allow: [allowed] }, [[other, INVALID]]);
}

// A Clerk token from the template for another backend, for example, has the same azp.
testTokens(
  "an `aud` that names others forbids a token, even where another claim names the audience",
  { audience_claim: "azp", audience: ["app", "api"] },
  [
    [{ azp: "app", aud: undefined }, "user-1"],
    [{ azp: "app", aud: ["x", "api"] }, "user-1"],
    ...refused("aud", ["another-backend", ["x"], [], null, ""], { azp: "app" }),
    [{ aud: "app" }, INVALID],
  ],
);

Deno.test("where `algorithms` is set no other is accepted, even if the provider's key signs with it", async () => {
  await using provider = await startIssuer();
  const token = await provider.sign(CLAIMS);
  const strict = startFunctions({ providers: [entry(provider, { algorithms: ["RS256", "EdDSA"] })] });
  assertEquals(await strict.userOf(token), INVALID);
  assertEquals(provider.calls.jwks, 0);
  const fitting = startFunctions({ providers: [entry(provider, { algorithms: ["RS256", "ES256"] })] });
  assertEquals(await fitting.userOf(token), "user-1");
});

Deno.test("no key is fetched for a token whose claims or header already forbid it", async () => {
  await using provider = await startIssuer();
  const { userOf } = startFunctions({ providers: [{ issuer: provider.issuer, audience: "app" }] });
  const useless = [
    await provider.sign({ ...CLAIMS, aud: "other" }),
    await provider.sign({ ...CLAIMS, sub: "" }),
    await provider.sign({ ...CLAIMS, exp: null }),
    await provider.sign(CLAIMS, { typ: "logout+jwt" }),
    unsigned({ alg: "none" }, { ...CLAIMS, iss: provider.issuer, exp: 4e9 }),
    unsigned({ alg: "HS256", kid: "provider-key-1" }, { ...CLAIMS, iss: provider.issuer, exp: 4e9 }),
  ];
  for (const token of useless) assertEquals(await userOf(token), INVALID);
  assertEquals(provider.calls, { discovery: 0, jwks: 0 });
});

Deno.test("no provider's key verifies another's token, nor Supabase's, and no header leads to other keys", async () => {
  await using a = await startIssuer();
  await using b = await startIssuer();
  await using auth = new AuthStandIn([]);
  const { userOf } = startFunctions({ url: auth.url, providers: [entry(a), entry(b)] });
  const [aKey] = a.keys;
  assert(aKey !== undefined);
  const foreign = await makeKey("ES256", "foreign");
  const attacks = [
    // Both providers call their key the same.
    await a.sign({ ...CLAIMS, iss: b.issuer }),
    await b.sign({ ...CLAIMS, iss: a.issuer }),
    await a.sign(userClaims()),
    await userToken({ ...CLAIMS, iss: a.issuer }),
    await a.sign({ ...CLAIMS, iss: `${a.issuer}/` }),
    await a.sign({ ...CLAIMS, iss: `${a.issuer}/auth/v1` }),
    unsigned({ alg: "none" }, { ...CLAIMS, iss: a.issuer }),
    unsigned({ alg: "ES256", kid: "provider-key-1" }, { ...CLAIMS, iss: a.issuer }),
    await new SignJWT({ ...CLAIMS, iss: a.issuer, exp: 4e9 })
      .setProtectedHeader({ alg: "HS256", kid: "provider-key-1" })
      .sign(new TextEncoder().encode(JSON.stringify(aKey.publicJwk))),
    await sign({ ...CLAIMS, iss: a.issuer, exp: 4e9 }, {
      key: foreign,
      header: { jku: `${b.url}/evil`, x5u: `${b.url}/evil`, jwk: foreign.publicJwk },
    }),
  ];
  await userOf(await b.sign(CLAIMS));
  const asked = { ...b.calls };
  for (const [number, token] of attacks.entries()) {
    assertEquals([number, await userOf(token)], [number, INVALID]);
  }
  assertEquals(b.calls, asked, "no header of a token is followed");
  assertEquals(auth.calls.user, 1, "Supabase is asked about the one token that claims to be of its user");
});

Deno.test("an anonymous user of another Supabase project or of Firebase stays anonymous", async () => {
  await using other = await startIssuer("ES256", "/auth/v1");
  const { userOf, seen } = startFunctions({
    providers: [entry(other, { audience: "authenticated", subject_prefix: undefined })],
  });
  const claims = { aud: "authenticated", sub: USER_ID };
  for (
    const more of [{ is_anonymous: true, role: "service_role" }, {
      firebase: { sign_in_provider: "anonymous" },
    }]
  ) {
    assertEquals(await userOf(await other.sign({ ...claims, ...more })), `${other.issuer}|${USER_ID}`);
    assertEquals([seen.user?.isAnonymous, seen.user?.role], [true, "authenticated"]);
  }
});

Deno.test("keys for encryption beside those for signatures, no `alg` and `use`, and the name Ed25519 do no harm", async () => {
  await using provider = await startIssuer("Ed25519");
  const [key] = provider.keys;
  assert(key !== undefined);
  const encryption = await makeKey("RS256", "encryption");
  Object.assign(encryption.publicJwk, { use: "enc", alg: "RSA-OAEP" });
  const { alg: _, use: __, ...bare } = key.publicJwk;
  for (const publicJwk of [key.publicJwk, bare]) {
    provider.keys = [encryption, { ...key, publicJwk }];
    const { userOf } = startFunctions({ providers: [entry(provider)] });
    assertEquals(await userOf(await provider.sign(CLAIMS)), "user-1");
  }
});

Deno.test("powersync-auth-anonymous also accepts a trusted provider's user, and no other provider's", async () => {
  await using trusted = await startIssuer();
  await using stranger = await startIssuer();
  const { send } = startFunctions({ providers: [entry(trusted)] });
  const code = async (headers: Record<string, string>) =>
    await outcome(await send("powersync-auth-anonymous", { headers }));
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  assertEquals(await code(bearer(await trusted.sign(CLAIMS))), "200");
  assertEquals(await code(bearer(await trusted.sign({ ...CLAIMS, aud: "x" }))), INVALID);
  assertEquals(await code(bearer(await stranger.sign(CLAIMS))), INVALID);
  assertEquals(await code({ apikey: PUBLISHABLE_KEY }), "200");
});

Deno.test("where all users come from other providers, no setting of Supabase is needed", async () => {
  await using provider = await startIssuer();
  const { POWERSYNC_PRIVATE_KEY = "", POWERSYNC_URL = "", POWERSYNC_IDENTITY_PROVIDERS = "" } = environmentOf(
    {
      providers: [entry(provider)],
    },
  );
  const whole = { POWERSYNC_PRIVATE_KEY, POWERSYNC_URL, POWERSYNC_IDENTITY_PROVIDERS };
  const { userOf, ask } = startFunctions({ whole });
  using _log = silenceLog();
  assertEquals(await userOf(await provider.sign(CLAIMS)), "user-1");
  for (const token of [await userToken(), await provider.sign({ ...CLAIMS, iss: "https://other.example" })]) {
    assertEquals(await userOf(token), INVALID);
  }
  assertEquals(await userOf(PUBLISHABLE_KEY), "401 USER_TOKEN_IS_API_KEY");
  const anonymous = "powersync-auth-anonymous";
  const bearer = { Authorization: `Bearer ${await provider.sign(CLAIMS)}` };
  assertEquals((await ask(anonymous, bearer)).body.code, "SUPABASE_PUBLISHABLE_KEYS_MISSING");
  const withKey = startFunctions({ whole: { ...whole, SUPABASE_PUBLISHABLE_KEY: "any long text" } });
  for (const headers of [bearer, { apikey: "any long text" }]) {
    assertEquals((await withKey.ask(anonymous, headers)).status, 200);
  }
  const none = startFunctions({ whole: { ...whole, POWERSYNC_IDENTITY_PROVIDERS: "[]" } });
  assertEquals(await none.userOf(await provider.sign(CLAIMS)), "500 SUPABASE_URL_MISSING");
});
