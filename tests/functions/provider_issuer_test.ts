/** Which tokens of a trusted provider count: what type they state, for whom they are, how long, and who their user is. */
import { assert, assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { bearer, environmentOf, startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { PUBLISHABLE_KEY, USER_ID, userClaims, userToken } from "../support/project.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const NOW = Math.floor(Date.now() / 1000);
const USER = "user-1";
const CLAIMS = { aud: "app", sub: USER };
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

/** What changes of a token's claims; and of its header. */
type Changes = Readonly<Record<string, unknown>>;
type Case = readonly [claims: Changes, header?: Changes];

/** Registers one test that sends a trusted provider's tokens, with changes to an entry and to the tokens. */
function testTokens(title: string, changes: Changes, table: Readonly<Record<string, readonly Case[]>>): void {
  Deno.test(title, async () => {
    await using provider = await startIssuer();
    const { userOf, clock } = startFunctions({ providers: [entry(provider, changes)] });
    clock.ms = NOW * 1000;
    const userWith = async ([claims, header]: Case) =>
      await userOf(await provider.sign({ ...CLAIMS, ...claims }, header));
    await assertTable(userWith, table);
  });
}

/** Tokens with each value of a claim, and the same other changes. */
const each = (name: string, values: readonly unknown[], others: Changes = {}) =>
  values.map((value): Case => [{ ...others, [name]: value }]);

testTokens("subject_claim and subject_prefix say who the user is", {
  subject_claim: "uid",
  subject_prefix: "p|",
}, {
  "p|me": [[{ uid: "me" }]],
  [INVALID]: each("uid", ["", 7, null, undefined, ["me"]]),
});

const LONG = "u".repeat(1_024);
testTokens("a subject that a PowerSync token cannot carry is refused", {}, {
  [LONG]: [[{ sub: LONG }]],
  [INVALID]: [
    ...each("sub", ["a\nb", "\u0000", "\ud800", "", 42, ["user-1"], { id: "user-1" }]),
    ...each("sub", [`${LONG}u`, "u".repeat(11_000), "\u20ac".repeat(3_500)]),
  ],
});

const EMAIL = { email: "a@b.example" };
testTokens("an e-mail address names a user only if the provider verified it", { subject_claim: "email" }, {
  // Cognito writes it as text.
  "a@b.example": each("email_verified", [true, "true"], EMAIL),
  [INVALID]: each("email_verified", [false, "false", undefined, null, 1, "TRUE", ["true"], [true]], EMAIL),
});

testTokens("audience, expiry and start are checked strictly, with 60 s of tolerance", {
  audience: ["app", "web"],
}, {
  [USER]: [[{ aud: ["x", "web"] }], [{ exp: NOW - 59 }], [{ nbf: NOW + 60 }]],
  "401 USER_TOKEN_EXPIRED": [[{ exp: NOW - 60 }]],
  [INVALID]: [
    ...each("aud", ["other", "app/", "", ["x"], undefined, 7]),
    ...each("exp", [undefined, "soon", null, "9999999999", true]),
    [{ nbf: NOW + 61 }],
  ],
});

const typed = (...types: unknown[]) => types.map((typ): Case => [{}, { typ }]);
testTokens("another kind of token that the provider signs with the same keys is refused", {}, {
  [USER]: typed("JWT", "jwt", "at+jwt", "application/at+jwt", undefined),
  [INVALID]: typed("logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "", 7, ["JWT"]),
});

/** Back-Channel Logout 1.0, section 2.4, but for the header's `typ`, which older providers leave out. */
const LOGOUT = { events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
const OTHER_KINDS: Case[] = [[LOGOUT], [{ events: null }], [{ typ: "Refresh" }], [{ typ: "Offline" }]];
const ID: Case = [{ typ: "ID" }];
const BOUND: Case = [{ cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }];

testTokens("logout tokens, Keycloak's other kinds and tokens bound to a key are refused", {}, {
  [USER]: [[{ typ: "Bearer" }], [{ cnf: { kid: "k" } }], [{ cnf: "x" }]],
  [INVALID]: [...OTHER_KINDS, ID, BOUND],
});

testTokens("`allow` accepts Keycloak's ID tokens or tokens bound to a key, and no logout token", {
  allow: ["ID", "DPoP"],
}, { [USER]: [ID, BOUND], [INVALID]: OTHER_KINDS });

testTokens("`allow` with ID alone allows nothing else", { allow: ["ID"] }, { [INVALID]: [BOUND] });
testTokens("`allow` with DPoP alone allows nothing else", { allow: ["DPoP"] }, { [INVALID]: [ID] });

// A Clerk token from the template for another backend, for example, has the same azp.
testTokens("an `aud` that names others forbids a token, even where another claim names the audience", {
  audience_claim: "azp",
  audience: ["app", "api"],
}, {
  [USER]: [[{ azp: "app", aud: undefined }], [{ azp: "app", aud: ["x", "api"] }]],
  [INVALID]: [...each("aud", ["another-backend", ["x"], [], null, ""], { azp: "app" }), [{ aud: "app" }]],
});

Deno.test("where `algorithms` is set no other is accepted, even if the provider's key signs with it", async () => {
  await using provider = await startIssuer();
  const token = await provider.sign(CLAIMS);
  const strict = startFunctions({ providers: [entry(provider, { algorithms: ["RS256", "EdDSA"] })] });
  assertEquals(await strict.userOf(token), INVALID);
  assertEquals(provider.calls.jwks, 0);
  const fitting = startFunctions({ providers: [entry(provider, { algorithms: ["RS256", "ES256"] })] });
  assertEquals(await fitting.userOf(token), USER);
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
  await assertTable(userOf, { [INVALID]: useless });
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
  await assertTable(userOf, { [INVALID]: attacks });
  assertEquals(b.calls, asked, "no header of a token is followed");
  assertEquals(auth.calls.user, 1, "Supabase is asked about the one token that claims to be of its user");
});

Deno.test("an anonymous user of another Supabase project or of Firebase stays anonymous", async () => {
  await using other = await startIssuer("ES256", "/auth/v1");
  const { userOf, seen } = startFunctions({
    providers: [entry(other, { audience: "authenticated", subject_prefix: undefined })],
  });
  const claims = { aud: "authenticated", sub: USER_ID };
  const anonymous = [
    { is_anonymous: true, role: "service_role" },
    { firebase: { sign_in_provider: "anonymous" } },
  ];
  for (const more of anonymous) {
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
    assertEquals(await userOf(await provider.sign(CLAIMS)), USER);
  }
});

Deno.test("powersync-auth-anonymous also accepts a trusted provider's user, and no other provider's", async () => {
  await using trusted = await startIssuer();
  await using stranger = await startIssuer();
  const { anonymousCode } = startFunctions({ providers: [entry(trusted)] });
  await assertTable<Record<string, string>>(anonymousCode, {
    "200": [bearer(await trusted.sign(CLAIMS)), { apikey: PUBLISHABLE_KEY }],
    [INVALID]: [bearer(await trusted.sign({ ...CLAIMS, aud: "x" })), bearer(await stranger.sign(CLAIMS))],
  });
});

Deno.test("where all users come from other providers, no setting of Supabase is needed", async () => {
  await using provider = await startIssuer();
  const all = environmentOf({ providers: [entry(provider)] });
  const whole = Object.fromEntries(Object.entries(all).filter(([name]) => !/^SUPABASE_|_ISSUER/.test(name)));
  const { userOf, anonymousCode } = startFunctions({ whole });
  const token = await provider.sign(CLAIMS);
  await assertTable(userOf, {
    [USER]: [token],
    [INVALID]: [userToken(), provider.sign({ ...CLAIMS, iss: "https://other.example" })],
    "401 USER_TOKEN_IS_API_KEY": [PUBLISHABLE_KEY],
  });
  assertEquals(await anonymousCode(bearer(token)), "500 SUPABASE_PUBLISHABLE_KEYS_MISSING");
  const withKey = startFunctions({ whole: { ...whole, SUPABASE_PUBLISHABLE_KEY: "any long text" } });
  await assertTable<Record<string, string>>(withKey.anonymousCode, {
    "200": [bearer(token), { apikey: "any long text" }],
  });
  const none = startFunctions({ whole: { ...whole, POWERSYNC_IDENTITY_PROVIDERS: "[]" } });
  assertEquals(await none.userOf(token), "500 SUPABASE_URL_MISSING");
});
