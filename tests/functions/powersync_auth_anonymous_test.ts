import { assertEquals } from "@std/assert";
import { decodeJwt } from "jose";
import { answer, outcome } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { silenceLog } from "../support/log.ts";
import {
  LEGACY_SECRET,
  POWERSYNC_URL,
  PUBLISHABLE_KEY,
  signLegacyToken,
  userToken,
} from "../support/project.ts";

const NAME = "powersync-auth-anonymous";
const legacyKey = (role: string, secret = LEGACY_SECRET) =>
  signLegacyToken({ role, iss: "supabase", exp: 4e9 }, secret);
const ANON_KEY = await legacyKey("anon");
const API_KEYS = {
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY, web: "sb_publishable_web" }),
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_single",
  SUPABASE_ANON_KEY: ANON_KEY,
};

/** The status of an answer and, if it is an error, its code. */
async function codeOf(
  headers: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<string> {
  const { send } = startFunctions({ environment: { ...API_KEYS, ...environment } });
  return await outcome(await send(NAME, { headers }));
}

Deno.test("the publishable key gets a token with the claims for anonymous callers, by GET and POST", async () => {
  for (const method of ["GET", "POST"]) {
    const { send } = startFunctions({ claims: () => ({ sub: "guest", team: "blue" }) });
    const response = await send(NAME, { method, headers: { apikey: PUBLISHABLE_KEY } });
    assertEquals(response.headers.get("Cache-Control"), "no-store");
    const { status, body } = await answer(response);
    const { iat = 0, exp = 0, ...claims } = decodeJwt(body.token);
    const expected = {
      token: body.token,
      powersync_url: POWERSYNC_URL,
      endpoint: POWERSYNC_URL,
      user_id: "guest",
      expires_at: new Date(exp * 1000).toISOString(),
    };
    assertEquals({ status, body }, { status: 200, body: expected });
    assertEquals(exp - iat, 300);
    assertEquals(claims, { sub: "guest", team: "blue", iss: "powersync-auth", aud: POWERSYNC_URL });
  }
});

Deno.test("every API key of the project is accepted, as apikey or as the bearer, and a user's token too", async () => {
  const expired = `Bearer ${await userToken({ exp: 1 })}`;
  for (const apikey of [PUBLISHABLE_KEY, "sb_publishable_web", "sb_publishable_single", ANON_KEY]) {
    assertEquals(await codeOf({ apikey }), "200");
    assertEquals(await codeOf({ Authorization: `bearer ${apikey}` }), "200");
    assertEquals(await codeOf({ apikey, Authorization: `Bearer ${apikey}` }), "200");
    assertEquals(await codeOf({ apikey, Authorization: expired }), "200");
  }
  const Authorization = `Bearer ${await userToken()}`;
  assertEquals(await codeOf({ Authorization }), "200");
  assertEquals(await codeOf({ apikey: "wrong", Authorization }), "200");
});

Deno.test("everything else is refused, a secret key with a code of its own", async () => {
  const serviceKey = await legacyKey("service_role");
  const otherAnonKey = await legacyKey("anon", "t".repeat(40));
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
    [{ apikey: "default" }, "API_KEY_INVALID"],
    [{ Authorization: "Bearer sb_publishable_wrong" }, "API_KEY_INVALID"],
    [{ Authorization: `Bearer ${otherAnonKey}` }, "API_KEY_INVALID"],
    [{ apikey: otherAnonKey }, "API_KEY_INVALID"],
    [{ apikey: "sb_secret_of_any_project" }, "API_KEY_IS_SECRET"],
    [{ apikey: serviceKey }, "API_KEY_IS_SECRET"],
    [{ apikey: PUBLISHABLE_KEY, Authorization: "Bearer sb_secret_abc" }, "API_KEY_IS_SECRET"],
    [{ Authorization: `Bearer ${serviceKey}` }, "API_KEY_IS_SECRET"],
    [{ Authorization: `Bearer ${await userToken({ exp: 1 })}` }, "USER_TOKEN_EXPIRED"],
  ];
  for (const [headers, code] of cases) {
    assertEquals([headers, await codeOf(headers)], [headers, `401 ${code}`]);
  }
});

Deno.test("without any API key from the platform, or with a malformed list of them, every caller is refused", async () => {
  const none = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "" };
  using _log = silenceLog();
  for (const headers of [{}, { apikey: "" }, { apikey: "undefined" }]) {
    assertEquals(await codeOf(headers, none), "500 SUPABASE_PUBLISHABLE_KEYS_MISSING");
  }
  const { body } = await startFunctions({ environment: none }).ask(NAME, { apikey: "1" });
  assertEquals(
    body.hint,
    "Set SUPABASE_PUBLISHABLE_KEY: The project's publishable key; without Supabase, any long text that the app sends as `apikey`.",
  );
  for (const keys of ["{", "[]", '"x"', '{"default":1}', '{"default":""}']) {
    const code = await codeOf({ apikey: "1" }, { SUPABASE_PUBLISHABLE_KEYS: keys });
    assertEquals([keys, code], [keys, "500 SUPABASE_PUBLISHABLE_KEYS_INVALID"]);
  }
  assertEquals(await codeOf({ apikey: ANON_KEY }, { ...none, SUPABASE_ANON_KEY: ANON_KEY }), "200");
});

Deno.test("claims are made for every request, so that two callers never share a subject of their own", async () => {
  const { ask } = startFunctions({ claims: () => ({ sub: crypto.randomUUID() }) });
  const callers = Array.from({ length: 10 }, () => ask(NAME, { apikey: PUBLISHABLE_KEY }));
  const answers = await Promise.all(callers);
  assertEquals(new Set(answers.map(({ body }) => body.user_id)).size, 10);
  assertEquals(new Set(answers.map(({ body }) => decodeJwt(body.token).sub)).size, 10);
});
