import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { type Answer, answer } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { PUBLISHABLE_KEY, USER_ID, userClaims, userToken } from "../support/project.ts";

const USER: VerifiedUser = {
  id: USER_ID,
  role: "authenticated",
  isAnonymous: true,
  provider: "supabase",
  clientId: undefined,
  claims: userClaims(),
};
const REQUEST = new Request("http://localhost/");
const CLAIMS = new URL("../../supabase/functions/_shared/powersync/claims.ts", import.meta.url);

/** What the file ships with. Change it here too when you change it for everybody. */
const SHIPPED = [
  "return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };",
  'return { sub: "anonymous", role: "anon", is_anonymous: true };',
];

/** The file is there to be edited; a project's own claims must not make a test fail. */
async function isEdited(): Promise<boolean> {
  const text = await Deno.readTextFile(CLAIMS);
  return !SHIPPED.every((line) => text.includes(`  ${line}\n}`));
}

/** What powersync-auth answers a signed-in user. */
async function answerWith(claims: (user: VerifiedUser | undefined) => unknown): Promise<Answer> {
  const headers = { Authorization: `Bearer ${await userToken()}` };
  return await answer(await startFunctions({ claims }).send("powersync-auth", { headers }));
}

Deno.test({
  name: "as shipped, a user's claims are id, role and anonymity; an anonymous caller is `anonymous`",
  ignore: await isEdited(),
  fn: async () => {
    // Not typed: an edited file may take and return other things, and must not keep these tests from being compiled.
    const { anonymousClaims, signedInClaims } = await import(CLAIMS.href);
    assertEquals(await signedInClaims(USER, REQUEST), {
      sub: USER.id,
      role: "authenticated",
      is_anonymous: true,
    });
    assertEquals(await anonymousClaims(REQUEST), { sub: "anonymous", role: "anon", is_anonymous: true });
  },
});

Deno.test("both functions give claims.ts the request", async () => {
  const { ask } = startFunctions({
    claims: (user, request) => ({ sub: `${user?.id ?? "anonymous"} on ${request.headers.get("x-device")}` }),
  });
  const headers = { apikey: PUBLISHABLE_KEY, "x-device": "phone" };
  assertEquals((await ask("powersync-auth-anonymous", headers)).body.user_id, "anonymous on phone");
  const signedIn = { ...headers, Authorization: `Bearer ${await userToken()}` };
  assertEquals((await ask("powersync-auth", signedIn)).body.user_id, `${USER_ID} on phone`);
});

Deno.test("claims may be async and see the verified user, with every claim of the token", async () => {
  const started = startFunctions({
    claims: (user) =>
      Promise.resolve({ sub: `org|${user?.id}`, org_id: "acme", parameters: { plan: "pro" } }),
  });
  const { body } = await started.ask("powersync-auth", { Authorization: `Bearer ${await userToken()}` });
  assertEquals(body.user_id, `org|${USER_ID}`);
  const { sub, org_id, parameters } = decodeJwt(body.token);
  assertEquals({ sub, org_id, parameters }, {
    sub: body.user_id,
    org_id: "acme",
    parameters: { plan: "pro" },
  });
  const { user } = started.seen;
  assertEquals({ ...user, claims: undefined }, { ...USER, isAnonymous: false, claims: undefined });
  assertEquals(user?.claims.app_metadata, { provider: "email" });
});

Deno.test("a user is not anonymous if `is_anonymous` is false or absent, and in no other case", async () => {
  const { code, seen } = startFunctions();
  for (const is_anonymous of [true, false, "true", "false", 0, 1, null, undefined]) {
    assertEquals(await code(await userToken({ is_anonymous })), "200");
    assertEquals([is_anonymous, seen.user?.isAnonymous], [
      is_anonymous,
      ![false, undefined].includes(is_anonymous as boolean),
    ]);
  }
});

Deno.test("a refusal may have a reason, the app's own word for its clients", async () => {
  const hint = "Ask whoever runs this app for access.";
  const reason = "DEVICE_REVOKED";
  for (const details of [undefined, { reason }, { reason, hint: "Sign in." }]) {
    const refuse = () => {
      throw refusal("Revoked.", details);
    };
    const body = { code: "CLAIMS_REFUSED", message: "Revoked.", hint, ...details };
    assertEquals(await answerWith(refuse), { status: 403, body });
  }
});

Deno.test("claims that never settle are a 500 after their time, and hold up nobody else", async () => {
  let stuck = 0;
  const { ask } = startFunctions({
    claimsTimeoutMs: 100,
    claims: (_, request) => {
      if (!request.headers.has("x-stuck")) return { sub: "u" };
      const never = [new Promise(() => {}), { then() {} }, Object.assign(() => {}, { then() {} })];
      return never[++stuck % never.length];
    },
  });
  for (const name of ["powersync-auth-anonymous", "powersync-auth"] as const) {
    const headers = { apikey: PUBLISHABLE_KEY, Authorization: `Bearer ${await userToken()}` };
    const lines = await captureLog(async () => {
      const waiting = Array.from({ length: 4 }, () => ask(name, { ...headers, "x-stuck": "1" }));
      assertEquals((await ask(name, headers)).status, 200);
      for (const { status, body } of await Promise.all(waiting)) {
        assertEquals([status, body.code], [500, "CLAIMS_FAILED"]);
        assertStringIncludes(body.message, "within 0.1 s");
      }
    });
    assertEquals(lines.length, 1);
  }
});

Deno.test("claims may refuse with a 403 and a message of their own, at once or later, for users and anonymous callers", async () => {
  const body = { code: "CLAIMS_REFUSED", message: "Sync needs the Pro plan.", hint: "Upgrade." };
  const refuse = () => {
    throw refusal("Sync needs the Pro plan.", "Upgrade.");
  };
  const lines = await captureLog(async () => {
    for (const claims of [refuse, () => Promise.resolve().then(refuse)]) {
      assertEquals(await answerWith(claims), { status: 403, body });
      const { ask } = startFunctions({ claims });
      assertEquals(await ask("powersync-auth-anonymous", { apikey: PUBLISHABLE_KEY }), { status: 403, body });
    }
  });
  assertEquals(lines, [], "a refusal is not a fault");
  assert(refusal("No.").hint !== "");
});

/** Which claims are faults is in token_test.ts. */
Deno.test("a fault in what claims return is a 500 with its code, a hint at the file, and one log line", async () => {
  const lines = await captureLog(async () => {
    const { status, body } = await answerWith(() => ({ sub: "u", iss: "me" }));
    assertEquals([status, body.code], [500, "CLAIMS_RESERVED"]);
    assertStringIncludes(body.hint, "supabase/functions/_shared/powersync/claims.ts");
  });
  assertEquals(lines.map((line) => line.split(" ")[1]), ["CLAIMS_RESERVED"]);
});
