/** Which tokens count as a user's. What hostile tokens and requests lead to is in tests/attacks. */
import { assertEquals } from "@std/assert";
import { importJWK, SignJWT } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, userClaims, userToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

Deno.test("ES256, RS256 and EdDSA tokens are verified with inline keys, without asking the Auth server", async () => {
  await using auth = new AuthStandIn([]);
  const { code, send } = startFunctions(auth);
  for (const key of Object.values(projectKeys)) assertEquals(await code(await userToken({}, key)), "200");
  assertEquals(await code(await userToken({ aud: ["x", "authenticated"], role: "editor" })), "200");
  const { status } = await send("powersync-auth", {
    headers: { Authorization: `bEaReR ${await userToken()}` },
  });
  assertEquals(status, 200);
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("an API key in place of a token has its own code, in every form of a key", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions(auth);
  // Keys in the form of a JWT have neither `sub` nor `aud`; newer ones are signed like a user's token.
  const jwtKeys = ["anon", "service_role"].map((role) => ({ role, iss: "supabase", exp: 4_000_000_000 }));
  const signed = await Promise.all(jwtKeys.map((claims) => sign(claims, { key: projectKeys.ES256 })));
  const legacy = await Promise.all(jwtKeys.map((claims) => signLegacyToken(claims)));
  for (const key of [PUBLISHABLE_KEY, "sb_secret_x", ...signed, ...legacy]) {
    assertEquals(await code(key), "401 USER_TOKEN_IS_API_KEY");
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("only ES256, RS256 and EdDSA with a kid are accepted, whatever else a published key could verify", async () => {
  const { ES256, RS256 } = projectKeys;
  const { alg: _, ...anyAlgorithm } = RS256.publicJwk;
  const p384 = await makeKey("ES384", "p384");
  const SUPABASE_JWKS = JSON.stringify([anyAlgorithm, p384.publicJwk, ES256.publicJwk]);
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions({ url: auth.url, environment: { SUPABASE_JWKS } });
  assertEquals(await code(await userToken({}, RS256)), "200");
  for (const alg of ["PS256", "RS384", "RS512"]) {
    const key = await importJWK({ ...RS256.privateJwk, alg }, alg);
    const token = await new SignJWT(userClaims()).setProtectedHeader({ alg, kid: `${RS256.kid}` }).sign(
      key,
    );
    assertEquals([alg, await code(token)], [alg, "401 USER_TOKEN_INVALID"]);
  }
  assertEquals(await code(await userToken({}, p384)), "401 USER_TOKEN_INVALID");
  assertEquals(await code(await userToken({}, { ...ES256, kid: undefined })), "401 USER_TOKEN_INVALID");
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("a token longer than headers may be is not decoded, even with a valid signature", async () => {
  const { code } = startFunctions();
  const withNote = (length: number) => userToken({ user_metadata: { note: "x".repeat(length) } });
  assertEquals(await code(await withNote(11_000)), "200");
  assertEquals(await code(await withNote(13_000)), "401 USER_TOKEN_TOO_LARGE");
});
