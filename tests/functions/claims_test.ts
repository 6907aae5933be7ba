/** What claims.ts is given, and what it may return and throw. Which claims are faults is in token_test.ts. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import { AUTH_FUNCTIONS, bearer, startFunctions } from "../support/functions.ts";
import { PUBLISHABLE_KEY, USER_ID, userClaims, userToken } from "../support/project.ts";
import { assertTable } from "../support/table.ts";

const TOKEN = await userToken();
/** For both functions. */
const CREDENTIALS = { apikey: PUBLISHABLE_KEY, ...bearer(TOKEN) };
const CLAIMS = new URL("../../supabase/functions/_shared/powersync/claims.ts", import.meta.url);

/** What the file ships with. Change it here too when you change it for everybody. */
const SHIPPED = [
  "return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };",
  'return { sub: "anonymous", role: "anon", is_anonymous: true };',
];

/** The file is there to be edited; a project's own claims must not make a test fail. */
const text = await Deno.readTextFile(CLAIMS);
const isEdited = !SHIPPED.every((line) => text.includes(`  ${line}\n}`));

Deno.test({
  name: "as shipped, a user's claims are id, role and anonymity; an anonymous caller is `anonymous`",
  ignore: isEdited,
  fn: async () => {
    // Not typed: an edited file may take and return other things, and must not keep these tests from being compiled.
    const { anonymousClaims, signedInClaims } = await import(CLAIMS.href);
    const user = { id: USER_ID, role: "authenticated", isAnonymous: true };
    const request = new Request("http://localhost/");
    const expected = { sub: USER_ID, role: "authenticated", is_anonymous: true };
    assertEquals(await signedInClaims(user, request), expected);
    assertEquals(await anonymousClaims(request), { sub: "anonymous", role: "anon", is_anonymous: true });
  },
});

Deno.test("both functions give claims.ts the request", async () => {
  const { ask } = startFunctions({
    claims: (user, request) => ({ sub: `${user?.id ?? "anonymous"} on ${request.headers.get("x-device")}` }),
  });
  const headers = { ...CREDENTIALS, "x-device": "phone" };
  const users = await Promise.all(
    AUTH_FUNCTIONS.map(async (name) => (await ask(name, headers)).body.user_id),
  );
  assertEquals(users, [`${USER_ID} on phone`, "anonymous on phone"]);
});

Deno.test("claims may be async and see the verified user, with every claim of the token", async () => {
  const parameters = { plan: "pro" };
  const { askWith, seen } = startFunctions({
    claims: (user) => Promise.resolve({ sub: `org|${user?.id}`, org_id: "acme", parameters }),
  });
  const claims = userClaims();
  const { body } = await askWith(await userToken(claims));
  assertEquals(body.user_id, `org|${USER_ID}`);
  const { iss: _, aud: __, iat: ___, exp: ____, ...signed } = decodeJwt(body.token);
  assertEquals(signed, { sub: body.user_id, org_id: "acme", parameters });
  const user = { id: USER_ID, role: "authenticated", isAnonymous: false, provider: "supabase" };
  assertEquals<unknown>(seen.user, { ...user, clientId: undefined, claims });
});

Deno.test("a user is not anonymous if `is_anonymous` is false or absent, and in no other case", async () => {
  const { code, seen } = startFunctions();
  const isAnonymous = async (is_anonymous: unknown) => {
    assertEquals(await code(await userToken({ is_anonymous })), "200");
    return seen.user?.isAnonymous;
  };
  await assertTable(isAnonymous, [
    [true, [true, "true", "false", 0, 1, null]],
    [false, [false, undefined]],
  ]);
});

Deno.test("claims may refuse with a 403 and a message of their own, at once or later, for users and anonymous callers", async () => {
  const hint = "Ask whoever runs this app for access.";
  // A reason is the app's own word for its clients.
  const reason = "DEVICE_REVOKED";
  const refusals = [
    [undefined, { hint }],
    ["Upgrade.", { hint: "Upgrade." }],
    [{ reason }, { hint, reason }],
    [{ reason, hint: "Sign in." }, { hint: "Sign in.", reason }],
  ] as const;
  for (const [details, said] of refusals) {
    const refuse = () => {
      throw refusal("No.", details);
    };
    const body = { code: "CLAIMS_REFUSED", message: "No.", ...said };
    for (const claims of [refuse, () => Promise.resolve().then(refuse)]) {
      const { ask, log } = startFunctions({ claims });
      for (const name of AUTH_FUNCTIONS) assertEquals(await ask(name, CREDENTIALS), { status: 403, body });
      assertEquals(log, [], "a refusal is not a fault");
    }
  }
});

Deno.test("claims that never settle are a 500 after their time, and hold up nobody else", async () => {
  let stuck = 0;
  const { ask, log } = startFunctions({
    claimsTimeoutMs: 100,
    claims: (_, request) => {
      if (!request.headers.has("x-stuck")) return { sub: "u" };
      const never = [new Promise(() => {}), { then() {} }, Object.assign(() => {}, { then() {} })];
      return never[++stuck % never.length];
    },
  });
  const stuckHeaders = { ...CREDENTIALS, "x-stuck": "1" };
  const waiting = AUTH_FUNCTIONS.flatMap((name) => Array.from({ length: 4 }, () => ask(name, stuckHeaders)));
  for (const name of AUTH_FUNCTIONS) assertEquals((await ask(name, CREDENTIALS)).status, 200);
  for (const { status, body } of await Promise.all(waiting)) {
    assertEquals([status, body.code], [500, "CLAIMS_FAILED"]);
    assertStringIncludes(body.message, "within 0.1 s");
  }
  assertEquals(log.length, 2, "one of each function");
});

Deno.test("a fault in what claims return is a 500 with its code, a hint at the file, and one log line", async () => {
  const { askWith, log } = startFunctions({ claims: () => ({ sub: "u", iss: "me" }) });
  const { status, body } = await askWith(TOKEN);
  assertEquals([status, body.code], [500, "CLAIMS_RESERVED"]);
  assertStringIncludes(body.hint, "supabase/functions/_shared/powersync/claims.ts");
  assertEquals(log.map((line) => line.split(" ")[1]), ["CLAIMS_RESERVED"]);
});
