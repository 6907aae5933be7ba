import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { base64, logged, POWERSYNC_URL, PUBLISHABLE_KEY, read, userClaims } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");
const userKey = await makeKey("ES256", "user-key");
const USER_ID = "5c7a6c0e-0000-4000-8000-000000000001";

const ENVIRONMENT = {
  POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
  POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  POWERSYNC_URL,
  SUPABASE_URL: "http://127.0.0.1:9",
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
  SUPABASE_JWKS: JSON.stringify({ keys: [userKey.publicJwk] }),
};

interface CallOptions {
  environment?: Record<string, string>;
  method?: string;
  headers?: Record<string, string>;
  now?: () => number;
}

async function call(
  { environment = {}, method = "GET", headers, now = Date.now }: CallOptions = {},
): Promise<Response> {
  const token = await sign(userClaims(), { key: userKey });
  return await powersyncAuth({
    environment: () => ({ ...ENVIRONMENT, ...environment }),
    claims: ({ id, role }) => ({ sub: id, role, team: "blue" }),
    now,
  })(
    new Request("http://localhost/powersync-auth", {
      method,
      headers: headers ?? { Authorization: `Bearer ${token}` },
    }),
  );
}

async function codeOf(options: CallOptions): Promise<unknown> {
  const { status, body } = await read(await call(options));
  return `${status} ${body.code}`;
}

Deno.test("a signed-in user gets a token, the endpoint under both names, the user id and the expiry", async () => {
  for (const method of ["GET", "POST"]) {
    const response = await call({ method });
    assertEquals(response.headers.get("Cache-Control"), "no-store");
    assertEquals(response.headers.get("Content-Type"), "application/json");
    const { status, body } = await read(response);
    assertEquals(status, 200);
    const token = `${body.token}`;
    const { exp = 0 } = decodeJwt(token);
    assertEquals(body, {
      token,
      powersync_url: POWERSYNC_URL,
      endpoint: POWERSYNC_URL,
      user_id: USER_ID,
      expires_at: new Date(exp * 1000).toISOString(),
    });
  }
});

Deno.test("the token's header and claims are those of the contract, and the public key verifies it", async () => {
  const seconds = Math.floor(Date.now() / 1000);
  const { body } = await read(await call({ now: () => seconds * 1000 + 999 }));
  const token = `${body.token}`;
  assertEquals(decodeProtectedHeader(token), { alg: "RS256", kid: "powersync-0123456789", typ: "JWT" });
  assertEquals(decodeJwt(token), {
    sub: USER_ID,
    role: "authenticated",
    team: "blue",
    aud: POWERSYNC_URL,
    iss: "powersync-auth",
    iat: seconds,
    exp: seconds + 300,
  });
  const imported = await crypto.subtle.importKey(
    "jwk",
    { ...key.publicJwk, ext: true } as JsonWebKey,
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    false,
    ["verify"],
  );
  await jwtVerify(token, imported, { algorithms: ["RS256"] });
});

Deno.test("audience, issuer and lifetime follow their secrets; a trailing slash of the URL is dropped", async () => {
  const tokenWith = async (environment: Record<string, string>) =>
    decodeJwt(`${(await read(await call({ environment }))).body.token}`);
  assertEquals((await tokenWith({ POWERSYNC_URL: `${POWERSYNC_URL}//` })).aud, POWERSYNC_URL);
  assertEquals((await tokenWith({ POWERSYNC_AUDIENCE: "one" })).aud, "one");
  assertEquals((await tokenWith({ POWERSYNC_AUDIENCE: "one, two ," })).aud, ["one", "two"]);
  assertEquals((await tokenWith({ POWERSYNC_AUDIENCE: " " })).aud, POWERSYNC_URL);
  assertEquals((await tokenWith({ POWERSYNC_ISSUER: "me" })).iss, "me");
  for (const seconds of [60, 86400]) {
    const { iat = 0, exp = 0 } = await tokenWith({ POWERSYNC_TOKEN_TTL: `${seconds}` });
    assertEquals(exp - iat, seconds);
  }
});

Deno.test("a missing or malformed secret is a 500 that names it and the way to set it", async () => {
  const cases: [Record<string, string>, string][] = [
    [{ POWERSYNC_PRIVATE_KEY: "", POWERSYNC_PUBLIC_KEY: "" }, "POWERSYNC_PRIVATE_KEY_MISSING"],
    [{ POWERSYNC_URL: "" }, "POWERSYNC_URL_MISSING"],
    ...[
      "ftp://x",
      "x",
      "https://<instance>.powersync.com",
      "https://a b",
      "https://u:p@x",
      "https://x?y",
      "https://x#",
    ]
      .map((url): [Record<string, string>, string] => [{ POWERSYNC_URL: url }, "POWERSYNC_URL_INVALID"]),
    [{ POWERSYNC_AUDIENCE: "," }, "POWERSYNC_AUDIENCE_INVALID"],
    ...["59", "86401", "5m", "1e3", "-300", "300.5", "0x100"]
      .map((
        ttl,
      ): [Record<string, string>, string] => [{ POWERSYNC_TOKEN_TTL: ttl }, "POWERSYNC_TOKEN_TTL_INVALID"]),
    [{ POWERSYNC_SESSION_CHECK: "yes" }, "POWERSYNC_SESSION_CHECK_INVALID"],
    [{ SUPABASE_URL: "" }, "SUPABASE_URL_MISSING"],
    [{ SUPABASE_URL: "kong" }, "SUPABASE_URL_INVALID"],
    [{ SUPABASE_JWKS: "{" }, "SUPABASE_JWKS_INVALID"],
    [{ SUPABASE_JWKS: '{"keys":[null]}' }, "SUPABASE_JWKS_INVALID"],
  ];
  for (const [environment, code] of cases) {
    const lines = await logged(async () => {
      const { status, body } = await read(
        await call({ environment: { ...environment, SB_EXECUTION_ID: "run-7" } }),
      );
      assertEquals([environment, status, body.code], [environment, 500, code]);
      const name = code.replace(/_(MISSING|INVALID)$/, "");
      assert(`${body.message} ${body.hint}`.includes(name), `${body.message} ${body.hint}`);
      assert(name.startsWith("SUPABASE") || `${body.hint}`.includes("supabase secrets set"), `${body.hint}`);
    });
    assertEquals(lines.length, 1);
    assertMatch(lines[0] ?? "", new RegExp(`^powersync-auth ${code} execution_id=run-7 `));
  }
});

Deno.test("a bad signing key beside a good one is left out and logged by its secret's name", async () => {
  const lines = await logged(async () => {
    const environment = { POWERSYNC_PRIVATE_KEY_2: base64({ ...key.privateJwk, d: "AQAB", kid: "other" }) };
    assertEquals((await call({ environment })).status, 200);
  });
  assertEquals(lines.length, 1);
  assertMatch(lines[0] ?? "", /KEY_INCONSISTENT.*POWERSYNC_PRIVATE_KEY_2/);
});

Deno.test("every answer has CORS headers; a preflight is a 204, another method a 405 with Allow", async () => {
  const preflight = await call({ method: "OPTIONS", headers: {} });
  assertEquals(preflight.status, 204);
  assertMatch(preflight.headers.get("Access-Control-Max-Age") ?? "", /^\d+$/);
  const wrong = await call({ method: "DELETE" });
  assertEquals([wrong.status, wrong.headers.get("Allow")], [405, "GET, POST, OPTIONS"]);
  const missing = await call({ headers: {} });
  assertEquals([missing.status, missing.headers.get("WWW-Authenticate")], [401, "Bearer"]);
  for (const response of [preflight, wrong, missing, await call()]) {
    assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
    assertEquals(response.headers.get("Access-Control-Expose-Headers"), "Retry-After, WWW-Authenticate");
    await response.body?.cancel();
  }
  assertEquals(await codeOf({ method: "PUT" }), "405 METHOD_NOT_ALLOWED");
  assertEquals(await codeOf({ headers: {} }), "401 USER_TOKEN_MISSING");
});
