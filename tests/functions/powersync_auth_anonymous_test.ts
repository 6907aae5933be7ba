import { assert, assertEquals } from "@std/assert";
import { decodeJwt, SignJWT } from "jose";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { base64, logged, POWERSYNC_URL, PUBLISHABLE_KEY, read, userClaims } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const key = await makeKey("ES256", "powersync-0123456789");
const userKey = await makeKey("ES256", "user-key");
const legacyKey = (role: string) =>
  new SignJWT({ role, iss: "supabase", ref: "abc" }).setProtectedHeader({ alg: "HS256" }).setExpirationTime(
    "10y",
  )
    .sign(new TextEncoder().encode("s".repeat(40)));
const ANON_KEY = await legacyKey("anon");

const ENVIRONMENT = {
  POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
  POWERSYNC_URL,
  SUPABASE_URL: "http://127.0.0.1:9",
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY, web: "sb_publishable_web" }),
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_single",
  SUPABASE_ANON_KEY: ANON_KEY,
  SUPABASE_JWKS: JSON.stringify({ keys: [userKey.publicJwk] }),
};

interface StartOptions {
  environment?: Record<string, string>;
  claims?: () => { sub: string };
  clock?: { ms: number };
}

/** The project's own claims: what claims.ts ships with is the matter of claims_test.ts. */
const someClaims = () => ({ sub: "nobody", team: "blue" });

function start({ environment = {}, claims = someClaims, clock }: StartOptions = {}) {
  const handle = powersyncAuthAnonymous({
    environment: () => ({ ...ENVIRONMENT, ...environment }),
    claims,
    ...(clock === undefined ? {} : { now: () => clock.ms }),
  });
  return (headers: Record<string, string>, method = "GET") =>
    handle(new Request("http://localhost/powersync-auth-anonymous", { method, headers }));
}

async function codeOf(
  headers: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<string> {
  const { status, body } = await read(await start({ environment })(headers));
  return status === 200 ? "200" : `${status} ${body.code}`;
}

Deno.test("the publishable key gets a token for nobody in particular, by GET and POST", async () => {
  for (const method of ["GET", "POST"]) {
    const response = await start()({ apikey: PUBLISHABLE_KEY }, method);
    assertEquals([response.status, response.headers.get("Cache-Control")], [200, "no-store"]);
    const body = await response.json();
    const { iat = 0, exp = 0, ...claims } = decodeJwt(body.token);
    assertEquals(body, {
      token: body.token,
      powersync_url: POWERSYNC_URL,
      endpoint: POWERSYNC_URL,
      user_id: "nobody",
      expires_at: new Date(exp * 1000).toISOString(),
    });
    assertEquals(exp - iat, 300);
    assertEquals(claims, {
      sub: "nobody",
      team: "blue",
      iss: "powersync-auth",
      aud: POWERSYNC_URL,
    });
  }
});

Deno.test("every API key of the project passes, as apikey or as the bearer, and a user's token too", async () => {
  const userToken = await sign(userClaims(), { key: userKey });
  const expired = await sign(userClaims({ exp: 1 }), { key: userKey });
  for (const apiKey of [PUBLISHABLE_KEY, "sb_publishable_web", "sb_publishable_single", ANON_KEY]) {
    assertEquals(await codeOf({ apikey: apiKey }), "200");
    assertEquals(await codeOf({ Authorization: `bearer ${apiKey}` }), "200");
    assertEquals(await codeOf({ apikey: apiKey, Authorization: `Bearer ${apiKey}` }), "200");
    assertEquals(await codeOf({ apikey: apiKey, Authorization: `Bearer ${expired}` }), "200");
  }
  assertEquals(await codeOf({ Authorization: `Bearer ${userToken}` }), "200");
  assertEquals(await codeOf({ apikey: "wrong", Authorization: `Bearer ${userToken}` }), "200");
});

Deno.test("everything else is refused, secret keys with a hint of their own", async () => {
  const serviceKey = await legacyKey("service_role");
  const otherAnonKey = await new SignJWT({ role: "anon" }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("t".repeat(40)));
  const cases: [Record<string, string>, string][] = [
    [{}, "API_KEY_MISSING"],
    [{ apikey: "" }, "API_KEY_MISSING"],
    [{ Authorization: "Basic dTpw" }, "API_KEY_MISSING"],
    [{ apikey: "sb_publishable_wrong" }, "API_KEY_INVALID"],
    [{ apikey: `${PUBLISHABLE_KEY}x` }, "API_KEY_INVALID"],
    [{ apikey: PUBLISHABLE_KEY.slice(0, -1) }, "API_KEY_INVALID"],
    [{ apikey: `${PUBLISHABLE_KEY.slice(0, -1)}x` }, "API_KEY_INVALID"],
    [{ apikey: `x${PUBLISHABLE_KEY.slice(1)}` }, "API_KEY_INVALID"],
    [{ apikey: PUBLISHABLE_KEY.toUpperCase() }, "API_KEY_INVALID"],
    [{ Authorization: "Bearer sb_publishable_wrong" }, "API_KEY_INVALID"],
    [{ Authorization: `Bearer ${otherAnonKey}` }, "API_KEY_INVALID"],
    [{ apikey: otherAnonKey }, "API_KEY_INVALID"],
    [{ apikey: "sb_secret_abc" }, "API_KEY_IS_SECRET"],
    [{ apikey: serviceKey }, "API_KEY_IS_SECRET"],
    [{ apikey: PUBLISHABLE_KEY, Authorization: "Bearer sb_secret_abc" }, "API_KEY_IS_SECRET"],
    [{ Authorization: `Bearer ${serviceKey}` }, "API_KEY_IS_SECRET"],
    [
      { Authorization: `Bearer ${await sign(userClaims({ exp: 1 }), { key: userKey })}` },
      "USER_TOKEN_EXPIRED",
    ],
  ];
  for (const [headers, code] of cases) {
    assertEquals([headers, await codeOf(headers)], [headers, `401 ${code}`]);
  }
});

Deno.test("without any API key from the platform, or with a malformed list of them, it fails closed", async () => {
  const none = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "" };
  await logged(async () => {
    for (const headers of [{}, { apikey: "" }, { apikey: "undefined" }]) {
      assertEquals(await codeOf(headers, none), "500 SUPABASE_PUBLISHABLE_KEYS_MISSING");
    }
    for (const keys of ["{", "[]", '"x"', '{"default":1}', '{"default":""}']) {
      const code = await codeOf({ apikey: "1" }, { SUPABASE_PUBLISHABLE_KEYS: keys });
      assertEquals([keys, code], [keys, "500 SUPABASE_PUBLISHABLE_KEYS_INVALID"]);
    }
  });
  assertEquals(await codeOf({ apikey: ANON_KEY }, { ...none, SUPABASE_ANON_KEY: ANON_KEY }), "200");
});

Deno.test("within a moment everyone gets the same token, with at least 95 % of its lifetime left", async () => {
  const clock = { ms: 1_800_000_000_500 };
  let signed = 0;
  const call = start({ clock, claims: () => ({ sub: `${++signed}` }) });
  const token = async () => (await (await call({ apikey: PUBLISHABLE_KEY })).json()).token as string;
  const tokens = await Promise.all(Array.from({ length: 10 }, token));
  assertEquals([new Set(tokens).size, signed], [1, 1]);
  for (let step = 0; step < 100; step++) {
    clock.ms += 777;
    const { iat = 0, exp = 0 } = decodeJwt(await token());
    assert(exp - clock.ms / 1000 >= 0.95 * (exp - iat), `${exp - clock.ms / 1000} s left`);
  }
  assert(signed > 3 && signed < 10, `${signed} signatures in 78 s`);
});

Deno.test("a failure is not shared: the next call tries again", async () => {
  let calls = 0;
  const call = start({
    claims: () => {
      if (++calls === 1) throw new Error("once");
      return { sub: "anonymous" };
    },
  });
  await logged(async () => {
    assertEquals((await call({ apikey: PUBLISHABLE_KEY })).status, 500);
    assertEquals((await call({ apikey: PUBLISHABLE_KEY })).status, 200);
  });
});
