/** Which tokens of Supabase Auth are accepted: whose key it is, what the claims say, what the settings allow. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions, type StartOptions, startWithoutUserIssuer } from "../support/functions.ts";
import { captureLog, silenceLog } from "../support/log.ts";
import { claimsOf, projectKeys, PUBLISHABLE_KEY, signLegacyToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const { ES256: key, RS256: nextKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";
/** A key that SUPABASE_JWKS has, and that is not Supabase Auth's. */
const thirdParty = await makeKey("ES256", "third-party");

const start = (auth: Pick<AuthStandIn, "url">, options: StartOptions = {}) =>
  startWithoutUserIssuer(auth, { inline: [key, thirdParty], ...options });

Deno.test("a token without `iss` is accepted where Auth vouches for it or publishes its key", async () => {
  await using auth = new AuthStandIn([nextKey.publicJwk]);
  const { code } = start(auth);
  const claims = claimsOf(auth.url, { iss: undefined });
  assertEquals(await code(await signLegacyToken(claims)), "200", "the legacy secret");
  assertEquals(await code(await sign(claims, { key: nextKey })), "200", "a published key");
  assertEquals(auth.calls, { jwks: 1, user: 1 });
  assertEquals(await code(await sign(claims, { key })), "200", "a key that only Auth knows");
  assertEquals(await code(await sign(claims, { key: thirdParty })), INVALID, "a third party's key");
  const checked = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
  assertEquals(await checked.code(await sign(claims, { key })), "200");
  for (const iss of [null, "", 7, ["x"]]) {
    assertEquals([iss, await code(await sign({ ...claims, iss }, { key: nextKey }))], [iss, INVALID]);
  }
});

Deno.test("POWERSYNC_USER_ISSUER is the only issuer, whatever its final slash", async () => {
  await using auth = new AuthStandIn([]);
  for (const set of ["https://me", "https://me/"]) {
    const { code } = start(auth, { environment: { POWERSYNC_USER_ISSUER: set } });
    for (const iss of ["https://me", "https://me/"]) {
      assertEquals(await code(await sign(claimsOf(auth.url, { iss }), { key })), "200");
    }
    for (const iss of ["https://me//", "https://you", `${auth.url}/auth/v1`, undefined]) {
      assertEquals([iss, await code(await sign(claimsOf(auth.url, { iss }), { key }))], [iss, INVALID]);
    }
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 }, "an inline key is enough for the project's own issuer");
});

Deno.test("POWERSYNC_USER_AUDIENCE is the audience of a self-hosted project", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth, { environment: { POWERSYNC_USER_AUDIENCE: "app" } });
  for (
    const [aud, expected] of [["app", "200"], [["x", "app"], "200"], ["authenticated", INVALID]] as const
  ) {
    const token = await sign(claimsOf(auth.url, { aud: typeof aud === "string" ? aud : [...aud] }), {
      key,
    });
    assertEquals([aud, await code(token)], [aud, expected]);
  }
});

Deno.test("a key that stands only in SUPABASE_JWKS signs for the project's own issuer and no other", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code } = start(auth);
  assertEquals(await code(await sign(claimsOf(auth.url), { key })), "200");
  assertEquals(auth.calls, { jwks: 0, user: 0 });
  for (const iss of ["https://other.example/auth/v1", "javascript:/auth/v1", undefined]) {
    assertEquals(await code(await sign(claimsOf(auth.url, { iss }), { key: thirdParty })), INVALID);
  }
  assertEquals(auth.calls.jwks, 1);
});

Deno.test("a local project or a custom domain, whose tokens name another host, costs one fetch", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code } = start(auth);
  const iss = ["http://127.0.0.1:54321/auth/v1", "https://auth.example.com/auth/v1/"];
  for (const issuer of iss) {
    assertEquals(await code(await sign(claimsOf(auth.url, { iss: issuer }), { key })), "200");
  }
  assertEquals(auth.calls, { jwks: 1, user: 0 });
});

Deno.test("a role of an API key is one only without a subject", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code } = start(auth);
  for (const role of ["anon", "service_role", "supabase_admin"]) {
    assertEquals(await code(await sign(claimsOf(auth.url, { role }), { key })), INVALID);
    const apiKey = await sign(claimsOf(auth.url, { role, sub: undefined }), { key });
    assertEquals(await code(apiKey), "401 USER_TOKEN_IS_API_KEY");
  }
});

Deno.test("the JWKS is fetched with an API key, where there is one", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const asked: (string | null)[] = [];
  auth.jwks = ({ headers }) => {
    asked.push(headers.get("apikey"));
    return Response.json({ keys: [key.publicJwk] });
  };
  const token = await sign(claimsOf(auth.url), { key });
  assertEquals(await start(auth, { inline: [] }).code(token), "200");
  const none = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "" };
  assertEquals(await start(auth, { inline: [], environment: none }).code(token), "200");
  assertEquals(asked, [PUBLISHABLE_KEY, null]);
});

Deno.test("a publishable key is explained where the environment has the legacy key only", async () => {
  const environment = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_ANON_KEY: "legacy" };
  const name = "powersync-auth-anonymous";
  using _log = silenceLog();
  const { status, body } = await startFunctions({ environment }).ask(name, {
    apikey: "sb_publishable_new",
  });
  assertEquals([status, body.code], [401, "API_KEY_INVALID"]);
  assertStringIncludes(body.hint, "SUPABASE_PUBLISHABLE_KEY");
  const known = await startFunctions().ask(name, { apikey: "sb_publishable_other" });
  assertStringIncludes(known.body.message, "does not belong");
});

Deno.test("a malformed SUPABASE_JWKS is logged once, and the published keys serve", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const token = await sign(claimsOf(auth.url), { key });
  for (const SUPABASE_JWKS of ["{}", "null", "garbage", '{"keys":[null]}', "[1]", '{"keys":{}}']) {
    const { code } = start(auth, { environment: { SUPABASE_JWKS } });
    const lines = await captureLog(async () => {
      assertEquals([SUPABASE_JWKS, await code(token), await code(token)], [SUPABASE_JWKS, "200", "200"]);
    });
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), "powersync-auth SUPABASE_JWKS_INVALID ");
  }
});

Deno.test("an inline key that cannot be used, or stands twice, does not hide a good one", async () => {
  const broken = { ...key, publicJwk: { ...key.publicJwk, x: "?" } };
  const twin = await makeKey("ES256", key.kid);
  await using auth = new AuthStandIn([key.publicJwk]);
  const token = await sign(claimsOf(auth.url), { key });
  for (const inline of [[broken], [broken, key], [key, key], [twin, key]]) {
    assertEquals(await start(auth, { inline }).code(token), "200");
  }
  assertEquals(auth.calls.jwks, 1, "for the first");
});
