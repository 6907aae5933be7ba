import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeJwt, importJWK, jwtVerify } from "jose";
import { answer } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { base64, POWERSYNC_URL, USER_ID, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

interface CallOptions {
  environment?: Record<string, string>;
  method?: string;
  /** Milliseconds since 1970. */
  now?: number;
}

async function call(
  { environment = {}, method = "GET", now = Date.now() }: CallOptions = {},
): Promise<Response> {
  const started = startFunctions({ environment, claims: (user) => ({ sub: user?.id, team: "blue" }) });
  started.clock.ms = now;
  return await started.send("powersync-auth", {
    method,
    headers: { Authorization: `Bearer ${await userToken()}` },
  });
}

Deno.test("with the original example's secrets a signed-in user gets a token that the public key verifies", async () => {
  const key = await makeKey("RS256", "powersync-0123456789");
  const environment = {
    POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
    POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  };
  for (const method of ["GET", "POST"]) {
    const seconds = Math.floor(Date.now() / 1000);
    const response = await call({ environment, method, now: seconds * 1000 + 999 });
    assertEquals(response.headers.get("Cache-Control"), "no-store");
    assertEquals(response.headers.get("Content-Type"), "application/json");
    const { status, body } = await answer(response);
    const { protectedHeader, payload } = await jwtVerify(body.token, await importJWK(key.publicJwk));
    assertEquals(protectedHeader, { alg: "RS256", kid: "powersync-0123456789", typ: "JWT" });
    assertEquals(payload, {
      sub: USER_ID,
      team: "blue",
      aud: POWERSYNC_URL,
      iss: "powersync-auth",
      iat: seconds,
      exp: seconds + 300,
    });
    const expected = {
      token: body.token,
      powersync_url: POWERSYNC_URL,
      endpoint: POWERSYNC_URL,
      user_id: USER_ID,
      expires_at: new Date((seconds + 300) * 1000).toISOString(),
    };
    assertEquals({ status, body }, { status: 200, body: expected });
  }
});

Deno.test("audience, issuer and lifetime follow their secrets; a trailing slash of the URL is dropped", async () => {
  const tokenWith = async (environment: Record<string, string>) =>
    decodeJwt((await answer(await call({ environment }))).body.token);
  assertEquals((await tokenWith({ POWERSYNC_URL: `${POWERSYNC_URL}//` })).aud, POWERSYNC_URL);
  assertEquals((await tokenWith({ POWERSYNC_AUDIENCE: "one" })).aud, "one");
  assertEquals((await tokenWith({ POWERSYNC_AUDIENCE: "one, two ," })).aud, ["one", "two"]);
  assertEquals((await tokenWith({ POWERSYNC_ISSUER: "me" })).iss, "me");
  const { iat = 0, exp = 0 } = await tokenWith({ POWERSYNC_TOKEN_TTL: "86400" });
  assertEquals(exp - iat, 86_400);
});

/** Which values are malformed is in settings_test.ts. */
Deno.test("a missing or malformed secret is a 500 that names it", async () => {
  const cases: Record<string, Record<string, string>> = {
    POWERSYNC_PRIVATE_KEY_MISSING: { POWERSYNC_PRIVATE_KEY: "" },
    POWERSYNC_URL_MISSING: { POWERSYNC_URL: "" },
    POWERSYNC_URL_INVALID: { POWERSYNC_URL: "ftp://x" },
    POWERSYNC_AUDIENCE_INVALID: { POWERSYNC_AUDIENCE: "," },
    POWERSYNC_TOKEN_TTL_INVALID: { POWERSYNC_TOKEN_TTL: "5m" },
    POWERSYNC_SESSION_CHECK_INVALID: { POWERSYNC_SESSION_CHECK: "yes" },
    SUPABASE_URL_MISSING: { SUPABASE_URL: "" },
    SUPABASE_URL_INVALID: { SUPABASE_URL: "kong" },
  };
  for (const [code, environment] of Object.entries(cases)) {
    const lines = await captureLog(async () => {
      const response = await call({ environment: { ...environment, SB_EXECUTION_ID: "run-7" } });
      const { status, body } = await answer(response);
      assertEquals([status, body.code], [500, code]);
      const name = code.replace(/_(MISSING|INVALID)$/, "");
      assertStringIncludes(`${body.message} ${body.hint}`, name);
    });
    assertEquals(lines.length, 1);
    assertMatch(lines.join(), new RegExp(`^powersync-auth ${code} execution_id=run-7 `));
  }
});
