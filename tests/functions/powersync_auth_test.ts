/** What both functions that issue tokens answer. Whom the anonymous one serves is in powersync_auth_anonymous_test.ts. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeJwt, importJWK, jwtVerify } from "jose";
import { answer } from "../support/answer.ts";
import { bearer, startFunctions } from "../support/functions.ts";
import { base64, POWERSYNC_URL, PUBLISHABLE_KEY, USER_ID, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const CALLERS = [
  ["powersync-auth", USER_ID, bearer(await userToken())],
  ["powersync-auth-anonymous", "anonymous", { apikey: PUBLISHABLE_KEY }],
] as const;

for (const [name, user_id, headers] of CALLERS) {
  Deno.test(`${name}: with the original example's secrets the caller gets a token that the public key verifies`, async () => {
    const key = await makeKey("RS256", "powersync-0123456789");
    const environment = {
      POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
      POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
    };
    for (const method of ["GET", "POST"]) {
      const { clock, send } = startFunctions({
        environment,
        claims: (user) => ({ sub: user?.id ?? "anonymous", team: "blue" }),
      });
      const iat = Math.floor(Date.now() / 1000);
      clock.ms = iat * 1000 + 999;
      const response = await send(name, { method, headers });
      const [cache, type] = ["Cache-Control", "Content-Type"].map((name) => response.headers.get(name));
      assertEquals([cache, type], ["no-store", "application/json"]);
      const { status, body } = await answer(response);
      const { protectedHeader, payload } = await jwtVerify(body.token, await importJWK(key.publicJwk));
      assertEquals(protectedHeader, { alg: "RS256", kid: "powersync-0123456789", typ: "JWT" });
      const [sub, iss, exp] = [user_id, "powersync-auth", iat + 300];
      assertEquals(payload, { sub, team: "blue", aud: POWERSYNC_URL, iss, iat, exp });
      const { token } = body;
      const expires_at = new Date(exp * 1000).toISOString();
      const expected = { token, powersync_url: POWERSYNC_URL, endpoint: POWERSYNC_URL, user_id, expires_at };
      assertEquals({ status, body }, { status: 200, body: expected });
    }
  });
}

Deno.test("audience, issuer and lifetime follow their secrets; a trailing slash of the URL is dropped", async () => {
  const tokenWith = async (environment: Record<string, string>) => {
    const { askWith } = startFunctions({ environment });
    const { aud, iss, iat = 0, exp = 0 } = decodeJwt((await askWith(await userToken())).body.token);
    return { aud, iss, lifetime: exp - iat };
  };
  const usual = { aud: POWERSYNC_URL, iss: "powersync-auth", lifetime: 300 };
  assertEquals(await tokenWith({ POWERSYNC_URL: `${POWERSYNC_URL}//` }), usual);
  assertEquals(await tokenWith({ POWERSYNC_AUDIENCE: "one" }), { ...usual, aud: "one" });
  assertEquals(await tokenWith({ POWERSYNC_AUDIENCE: "one, two ," }), { ...usual, aud: ["one", "two"] });
  assertEquals(await tokenWith({ POWERSYNC_ISSUER: "me" }), { ...usual, iss: "me" });
  assertEquals(await tokenWith({ POWERSYNC_TOKEN_TTL: "86400" }), { ...usual, lifetime: 86_400 });
});

/** Which values are malformed is in settings_test.ts. */
Deno.test("a missing or malformed secret is a 500 that names it", async () => {
  const cases = {
    POWERSYNC_PRIVATE_KEY_MISSING: "",
    POWERSYNC_URL_MISSING: "",
    POWERSYNC_URL_INVALID: "ftp://x",
    POWERSYNC_AUDIENCE_INVALID: ",",
    POWERSYNC_TOKEN_TTL_INVALID: "5m",
    POWERSYNC_SESSION_CHECK_INVALID: "yes",
    POWERSYNC_OAUTH_CLIENTS_INVALID: " , ",
    SUPABASE_URL_MISSING: "",
    SUPABASE_URL_INVALID: "kong",
  };
  for (const [code, value] of Object.entries(cases)) {
    const name = code.replace(/_(MISSING|INVALID)$/, "");
    const { askWith, log } = startFunctions({ environment: { [name]: value, SB_EXECUTION_ID: "run-7" } });
    const { status, body } = await askWith(await userToken());
    assertEquals([status, body.code], [500, code]);
    assertStringIncludes(`${body.message} ${body.hint}`, name);
    assertEquals(log.length, 1);
    assertMatch(log.join(), new RegExp(`^powersync-auth ${code} execution_id=run-7 `));
  }
});
