/** Whom `powersync-auth-anonymous` serves. What it answers is in powersync_auth_test.ts. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { bearer, startFunctions } from "../support/functions.ts";
import { LEGACY_SECRET, PUBLISHABLE_KEY, signLegacyToken, userToken } from "../support/project.ts";
import { assertTable } from "../support/table.ts";

const NAME = "powersync-auth-anonymous";
const legacyKey = (role: string, secret = LEGACY_SECRET) =>
  signLegacyToken({ role, iss: "supabase", exp: 4e9 }, secret);
const ANON_KEY = await legacyKey("anon");
const API_KEYS = {
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY, web: "sb_publishable_web" }),
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_single",
  SUPABASE_ANON_KEY: ANON_KEY,
};
const NO_API_KEYS = {
  SUPABASE_PUBLISHABLE_KEYS: "",
  SUPABASE_PUBLISHABLE_KEY: "",
  SUPABASE_ANON_KEY: "",
};

type Headers = Record<string, string>;

/** The status and the code with these headers, in a project that has keys of every kind, or others. */
const codeOf = (headers: Headers, environment: Record<string, string> = API_KEYS) =>
  startFunctions({ environment }).anonymousCode(headers);

Deno.test("every API key of the project is accepted, as apikey or as the bearer, and a user's token too", async () => {
  const [token, expired] = [bearer(await userToken()), bearer(await userToken({ exp: 1 }))];
  const keys = [PUBLISHABLE_KEY, "sb_publishable_web", "sb_publishable_single", ANON_KEY];
  await assertTable(codeOf, {
    "200": [
      ...keys.map((apikey) => ({ apikey })),
      ...keys.map((apikey) => ({ Authorization: `bearer ${apikey}` })),
      ...keys.flatMap((apikey) => [bearer(apikey), expired].map((other) => ({ apikey, ...other }))),
      token,
      { apikey: "wrong", ...token },
    ],
  });
});

Deno.test("everything else is refused, a secret key with a code of its own", async () => {
  const serviceKey = await legacyKey("service_role");
  const otherAnonKey = await legacyKey("anon", "t".repeat(40));
  const cut = PUBLISHABLE_KEY.slice(0, -1);
  await assertTable<Headers>(codeOf, {
    "401 API_KEY_MISSING": [{}, { apikey: "" }, { Authorization: "Basic dTpw" }],
    "401 API_KEY_INVALID": [
      ...["sb_publishable_wrong", `${PUBLISHABLE_KEY}x`, cut, `${cut}x`, `x${PUBLISHABLE_KEY.slice(1)}`]
        .map((apikey) => ({ apikey })),
      ...[PUBLISHABLE_KEY.toUpperCase(), "default", otherAnonKey].map((apikey) => ({ apikey })),
      bearer("sb_publishable_wrong"),
      bearer(otherAnonKey),
    ],
    "401 API_KEY_IS_SECRET": [
      { apikey: "sb_secret_of_any_project" },
      { apikey: serviceKey },
      { apikey: PUBLISHABLE_KEY, ...bearer("sb_secret_abc") },
      bearer(serviceKey),
    ],
    "401 USER_TOKEN_EXPIRED": [bearer(await userToken({ exp: 1 }))],
  });
});

Deno.test("without any API key from the platform, or with a malformed list of them, every caller is refused", async () => {
  await assertTable((headers: Headers) => codeOf(headers, NO_API_KEYS), {
    "500 SUPABASE_PUBLISHABLE_KEYS_MISSING": [{}, { apikey: "" }, { apikey: "undefined" }],
  });
  const { body } = await startFunctions({ environment: NO_API_KEYS }).ask(NAME, { apikey: "1" });
  assertEquals(
    body.hint,
    "Set SUPABASE_PUBLISHABLE_KEY: The project's publishable key; without Supabase, any long text that the app sends as `apikey`.",
  );
  const withList = (SUPABASE_PUBLISHABLE_KEYS: string) =>
    codeOf({ apikey: "1" }, { ...API_KEYS, SUPABASE_PUBLISHABLE_KEYS });
  await assertTable(withList, {
    "500 SUPABASE_PUBLISHABLE_KEYS_INVALID": ["{", "[]", '"x"', '{"default":1}', '{"default":""}'],
  });
  assertEquals(await codeOf({ apikey: ANON_KEY }, { ...NO_API_KEYS, SUPABASE_ANON_KEY: ANON_KEY }), "200");
});

Deno.test("a publishable key is explained where the environment has the legacy key only", async () => {
  const environment = { ...NO_API_KEYS, SUPABASE_ANON_KEY: "legacy" };
  const { status, body } = await startFunctions({ environment }).ask(NAME, { apikey: "sb_publishable_new" });
  assertEquals([status, body.code], [401, "API_KEY_INVALID"]);
  assertStringIncludes(body.hint, "SUPABASE_PUBLISHABLE_KEY");
  const known = await startFunctions().ask(NAME, { apikey: "sb_publishable_other" });
  assertStringIncludes(known.body.message, "does not belong");
});

Deno.test("claims are made for every request, so that two callers never share a subject of their own", async () => {
  const { ask } = startFunctions({ claims: () => ({ sub: crypto.randomUUID() }) });
  const callers = Array.from({ length: 10 }, () => ask(NAME, { apikey: PUBLISHABLE_KEY }));
  const answers = await Promise.all(callers);
  assertEquals(new Set(answers.map(({ body }) => body.user_id)).size, 10);
  assertEquals(new Set(answers.map(({ body }) => decodeJwt(body.token).sub)).size, 10);
});
