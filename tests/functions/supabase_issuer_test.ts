/**
 * Which tokens of Supabase Auth are accepted: whose key it is, what the claims say, what the settings allow. What hostile
 * tokens and requests lead to is in tests/attacks.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { importJWK, SignJWT } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { claimsOf, projectKeys, PUBLISHABLE_KEY, signLegacyToken } from "../support/project.ts";
import { userClaims, userToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const { ES256: key, RS256: nextKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";
const IS_API_KEY = "401 USER_TOKEN_IS_API_KEY";
/** A key that SUPABASE_JWKS has, and that is not Supabase Auth's. */
const thirdParty = await makeKey("ES256", "third-party");
const API_KEY_ROLES = ["anon", "service_role", "supabase_admin"];

/** The functions of a project that leaves POWERSYNC_USER_ISSUER to its default. */
const start = ({ url }: AuthStandIn, { environment, ...options }: StartOptions = {}) =>
  startFunctions({
    url,
    inline: [key, thirdParty],
    environment: { POWERSYNC_USER_ISSUER: "", ...environment },
    ...options,
  });

Deno.test("ES256, RS256 and EdDSA tokens are verified with inline keys, without asking the Auth server", async () => {
  await using auth = new AuthStandIn([]);
  const { code, send } = startFunctions(auth);
  await assertTable(code, {
    "200": [
      ...Object.values(projectKeys).map((key) => userToken({}, key)),
      userToken({ aud: ["x", "authenticated"], role: "editor" }),
    ],
  });
  const headers = { Authorization: `bEaReR ${await userToken()}` };
  assertEquals((await send("powersync-auth", { headers })).status, 200);
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("only ES256, RS256 and EdDSA with a kid are accepted, whatever else a published key could verify", async () => {
  const { alg: _, ...anyAlgorithm } = nextKey.publicJwk;
  const p384 = await makeKey("ES384", "p384");
  const SUPABASE_JWKS = JSON.stringify([anyAlgorithm, p384.publicJwk, key.publicJwk]);
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions({ url: auth.url, environment: { SUPABASE_JWKS } });
  const withRsa = async (alg: string) =>
    await new SignJWT(userClaims()).setProtectedHeader({ alg, kid: `${nextKey.kid}` })
      .sign(await importJWK({ ...nextKey.privateJwk, alg }, alg));
  await assertTable(code, {
    "200": [withRsa("RS256")],
    [INVALID]: [
      ...["PS256", "RS384", "RS512"].map(withRsa),
      userToken({}, p384),
      userToken({}, { ...key, kid: undefined }),
    ],
  });
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("a token longer than headers may be is not decoded, even with a valid signature", async () => {
  const withNote = (length: number) => userToken({ user_metadata: { note: "x".repeat(length) } });
  await assertTable(startFunctions().code, {
    "200": [withNote(11_000)],
    "401 USER_TOKEN_TOO_LARGE": [withNote(13_000)],
  });
});

Deno.test("an API key in place of a token has its own code, in every form of a key", async () => {
  await using auth = new AuthStandIn([]);
  // Keys in the form of a JWT have neither `sub` nor `aud`; newer ones are signed like a user's token.
  const jwtKeys = API_KEY_ROLES.map((role) => ({ role, iss: "supabase", exp: 4_000_000_000 }));
  await assertTable(startFunctions(auth).code, {
    [IS_API_KEY]: [
      ...[PUBLISHABLE_KEY, "sb_secret_x"],
      ...jwtKeys.flatMap((claims) => [sign(claims, { key }), signLegacyToken(claims)]),
      ...API_KEY_ROLES.map((role) => userToken({ role, sub: undefined })),
    ],
    // Only a user has a subject.
    [INVALID]: API_KEY_ROLES.map((role) => userToken({ role })),
  });
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

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
  const withIssuer = (iss: unknown) => sign({ ...claims, iss }, { key: nextKey });
  await assertTable(code, { [INVALID]: [null, "", 7, ["x"]].map(withIssuer) });
});

Deno.test("POWERSYNC_USER_ISSUER is the only issuer, whatever its final slash", async () => {
  await using auth = new AuthStandIn([]);
  for (const POWERSYNC_USER_ISSUER of ["https://me", "https://me/"]) {
    const { code } = start(auth, { environment: { POWERSYNC_USER_ISSUER } });
    const codeFrom = async (iss: string | undefined) =>
      code(await sign(claimsOf(auth.url, { iss }), { key }));
    await assertTable<string | undefined>(codeFrom, {
      "200": ["https://me", "https://me/"],
      [INVALID]: ["https://me//", "https://you", `${auth.url}/auth/v1`, undefined],
    });
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 }, "an inline key is enough for the project's own issuer");
});

Deno.test("POWERSYNC_USER_AUDIENCE is the audience of a self-hosted project", async () => {
  const { code } = startFunctions({ environment: { POWERSYNC_USER_AUDIENCE: "app" } });
  await assertTable(code, {
    "200": [userToken({ aud: "app" }), userToken({ aud: ["x", "app"] })],
    [INVALID]: [userToken({ aud: "authenticated" })],
  });
});

Deno.test("a key that stands only in SUPABASE_JWKS signs for the project's own issuer and no other", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code } = start(auth);
  assertEquals(await code(await sign(claimsOf(auth.url), { key })), "200");
  assertEquals(auth.calls, { jwks: 0, user: 0 });
  const others = ["https://other.example/auth/v1", "javascript:/auth/v1", undefined];
  await assertTable(code, {
    [INVALID]: others.map((iss) => sign(claimsOf(auth.url, { iss }), { key: thirdParty })),
  });
  assertEquals(auth.calls.jwks, 1);
});

Deno.test("a local project or a custom domain, whose tokens name another host, costs one fetch", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const issuers = ["http://127.0.0.1:54321/auth/v1", "https://auth.example.com/auth/v1/"];
  await assertTable(start(auth).code, {
    "200": issuers.map((iss) => sign(claimsOf(auth.url, { iss }), { key })),
  });
  assertEquals(auth.calls, { jwks: 1, user: 0 });
});

Deno.test("the JWKS is fetched with an API key, where there is one", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const asked: (string | null)[] = [];
  auth.jwks = ({ headers }) => {
    asked.push(headers.get("apikey"));
    return Response.json({ keys: [key.publicJwk] });
  };
  const none = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "" };
  for (const environment of [{}, none]) {
    assertEquals(await start(auth, { inline: [], environment }).code(await userToken()), "200");
  }
  assertEquals(asked, [PUBLISHABLE_KEY, null]);
});

Deno.test("a malformed SUPABASE_JWKS is logged once, and the published keys serve", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const token = await userToken();
  for (const SUPABASE_JWKS of ["{}", "null", "garbage", '{"keys":[null]}', "[1]", '{"keys":{}}']) {
    const { code, log } = startFunctions({ url: auth.url, environment: { SUPABASE_JWKS } });
    assertEquals([SUPABASE_JWKS, await code(token), await code(token)], [SUPABASE_JWKS, "200", "200"]);
    assertEquals(log.length, 1);
    assertStringIncludes(log.join(), "powersync-auth SUPABASE_JWKS_INVALID ");
  }
});
