/** Holds the stand-in to what was measured of Supabase Auth 2.196 and 2.186, run from their sources in August 2026. */
import { assertEquals } from "@std/assert";
import { answer, authOutcome } from "./answer.ts";
import { AuthStandIn, type Fate } from "./auth_stand_in.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, USER_ID, userClaims, userToken } from "./project.ts";
import { makeKey, sign, unsigned } from "./signing.ts";

const key = projectKeys.ES256;

/** What GET /user answers to a token. */
async function outcomeOf(auth: AuthStandIn, token: string, apikey = PUBLISHABLE_KEY): Promise<string> {
  const headers = { Authorization: `Bearer ${token}`, apikey };
  return await authOutcome(await fetch(`${auth.url}/auth/v1/user`, { headers }));
}

Deno.test("GET /user accepts the project's tokens and refuses others with 403 bad_jwt", async () => {
  await using auth = new AuthStandIn([]);
  for (
    const token of [await userToken(), await userToken({}, projectKeys.RS256), await signLegacyToken()]
  ) {
    assertEquals(await outcomeOf(auth, token), "200 null");
  }
  const refused = {
    "malformed": "a.b.c",
    "an unknown kid": await userToken({}, { ...key, kid: "unknown" }),
    "another key under a known kid": await userToken({}, await makeKey("ES256", key.kid)),
    "a wrong secret": await signLegacyToken(userClaims(), "t".repeat(40)),
    "expired": await userToken({ exp: 1 }),
    "alg none": unsigned({ alg: "none" }, userClaims()),
    "an API key, which has no sub": await signLegacyToken({ role: "anon", exp: 4e9 }),
  };
  for (const [what, token] of Object.entries(refused)) {
    assertEquals([what, await outcomeOf(auth, token)], [what, "403 bad_jwt"]);
  }
  assertEquals(await outcomeOf(auth, await sign(userClaims({ sub: "1" }), { key })), "400 bad_jwt");
  assertEquals(auth.calls, { jwks: 0, user: 11 });
});

Deno.test("GET /user tells what became of the session, the user and the database", async () => {
  const outcomes: Record<Exclude<Fate, "active">, string> = {
    "signed-out": "403 session_not_found",
    "deleted": "403 user_not_found",
    "banned": "403 user_banned",
    "banned-before-2.195": "200 null",
    "database-away": "500 unexpected_failure",
  };
  await using auth = new AuthStandIn([]);
  const token = await userToken();
  for (const [fate, expected] of Object.entries(outcomes)) {
    Object.assign(auth, { fate });
    assertEquals([fate, await outcomeOf(auth, token)], [fate, expected]);
  }
  auth.fate = "banned-before-2.195";
  const headers = { Authorization: `Bearer ${token}`, apikey: PUBLISHABLE_KEY };
  const { body } = await answer(await fetch(`${auth.url}/auth/v1/user`, { headers }));
  assertEquals([body.id, typeof body.banned_until], [USER_ID, "string"]);
});

Deno.test("the gateway refuses a missing or wrong API key and an unknown path in its own words", async () => {
  await using auth = new AuthStandIn([]);
  for (const apikey of ["", "sb_publishable_other"]) {
    assertEquals(await outcomeOf(auth, await userToken(), apikey), "401 null");
  }
  assertEquals((await answer(await fetch(`${auth.url}/auth/v1/users`))).status, 404);
});

Deno.test("the JWKS shows the published keys with key_ops, for ten minutes; with a shared secret only it is empty", async () => {
  await using auth = new AuthStandIn([]);
  const read = async () => {
    const response = await fetch(`${auth.url}/auth/v1/.well-known/jwks.json`);
    assertEquals(response.headers.get("Cache-Control"), "public, max-age=600");
    return await answer(response);
  };
  assertEquals(await read(), { status: 200, body: { keys: [] } });
  auth.published = [key.publicJwk];
  assertEquals(await read(), { status: 200, body: { keys: [{ ...key.publicJwk, key_ops: ["verify"] }] } });
});
