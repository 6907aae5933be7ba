import { assert, assertEquals, assertFalse } from "@std/assert";
import { decodeJwt } from "jose";
import { anonymousClaims, signedInClaims } from "../../supabase/functions/_shared/powersync/claims.ts";
import { PowerSyncAuthError, refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { base64, logged, POWERSYNC_URL, read, userClaims } from "../support/project.ts";
import { bearer, startAuth, userKeys } from "../support/signed_in_caller.ts";

const USER: VerifiedUser = {
  id: "5c7a6c0e-0000-4000-8000-000000000001",
  role: "authenticated",
  isAnonymous: true,
  provider: "supabase",
  claims: userClaims(),
};
const PROJECT = {
  POWERSYNC_URL,
  POWERSYNC_PRIVATE_KEY: base64(userKeys.ES256.privateJwk),
  SUPABASE_ANON_KEY: "a",
};
const CLAIMS = new URL("../../supabase/functions/_shared/powersync/claims.ts", import.meta.url);

/** What the file ships with. Whoever changes it on purpose for everybody changes it here. */
const SHIPPED = [
  "return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };",
  'return { sub: "anonymous", role: "anon", is_anonymous: true };',
];

/** The file is there to be edited, and a project's own claims break no test. */
async function isEdited(): Promise<boolean> {
  const text = await Deno.readTextFile(CLAIMS);
  return !SHIPPED.every((line) => text.includes(`  ${line}\n}`));
}

function start(claims: (user: VerifiedUser) => unknown) {
  return startAuth({ url: "http://127.0.0.1:9" }, { inline: [userKeys.ES256], claims });
}

async function answerOf(claims: (user: VerifiedUser) => unknown) {
  return await read(await start(claims).send(await bearer()));
}

Deno.test({
  name: "as shipped, a user's claims are id, role and anonymity; an anonymous caller is `anonymous`",
  ignore: await isEdited(),
  fn: async () => {
    assertEquals(await signedInClaims(USER), { sub: USER.id, role: "authenticated", is_anonymous: true });
    assertEquals(await anonymousClaims(), { sub: "anonymous", role: "anon", is_anonymous: true });
    assertEquals(anonymousClaims.length, 0, "a shared token must not depend on the caller");
  },
});

Deno.test("claims may be async and see the verified user, with every claim of the token", async () => {
  const seen: VerifiedUser[] = [];
  const { body } = await answerOf((user) => {
    seen.push(user);
    return Promise.resolve({ sub: `org|${user.id}`, org_id: "acme", parameters: { plan: "pro" } });
  });
  assertEquals(body.user_id, `org|${USER.id}`);
  const { sub, org_id, parameters } = decodeJwt(`${body.token}`);
  assertEquals({ sub, org_id, parameters }, {
    sub: `org|${USER.id}`,
    org_id: "acme",
    parameters: { plan: "pro" },
  });
  const [user] = seen;
  assertEquals({ ...user, claims: undefined }, { ...USER, isAnonymous: false, claims: undefined });
  assertEquals(user?.claims.app_metadata, { provider: "email" });
});

Deno.test("an anonymous user is told apart by `is_anonymous` being true, and by nothing else", async () => {
  const seen: boolean[] = [];
  const { code } = start((user) => {
    seen.push(user.isAnonymous);
    return { sub: user.id };
  });
  for (const is_anonymous of [true, false, "true", 1, undefined]) await code(await bearer({ is_anonymous }));
  assertEquals(seen, [true, false, false, false, false]);
});

Deno.test("claims may refuse with a 403 and a message of their own, at once or later, for users and for anybody", async () => {
  const expected = { code: "CLAIMS_REFUSED", message: "Sync needs the Pro plan.", hint: "Upgrade." };
  const refuse = () => {
    throw refusal("Sync needs the Pro plan.", "Upgrade.");
  };
  const refuseLater = () => Promise.reject(refusal("Sync needs the Pro plan.", "Upgrade."));
  const lines = await logged(async () => {
    for (const claims of [refuse, refuseLater]) {
      assertEquals(await answerOf(claims), { status: 403, body: expected });
    }
    const handle = powersyncAuthAnonymous({ environment: () => PROJECT, claims: refuse });
    const request = new Request("http://localhost/", { headers: { apikey: "a" } });
    assertEquals(await read(await handle(request)), { status: 403, body: expected });
  });
  assertEquals(lines, [], "a refusal is no fault");
  assert(refusal("No.").hint !== "");
});

Deno.test("a fault in what claims return is a 500 with its code, a hint at the file, and one log line", async () => {
  const cases: [unknown, string][] = [
    [{ sub: "u", iss: "me" }, "CLAIMS_RESERVED"],
    [{ sub: "" }, "CLAIMS_SUBJECT_INVALID"],
    [{ sub: "u", parameters: [] }, "CLAIMS_PARAMETERS_INVALID"],
    [undefined, "CLAIMS_NOT_AN_OBJECT"],
    [{ sub: "u", big: 1n }, "CLAIMS_NOT_JSON"],
    [{ sub: "u", text: "x".repeat(8192) }, "TOKEN_TOO_LARGE"],
  ];
  for (const [claims, code] of cases) {
    const lines = await logged(async () => {
      const { status, body } = await answerOf(() => claims);
      assertEquals([status, body.code], [500, code]);
      assert(`${body.hint}`.includes("supabase/functions/_shared/powersync/claims.ts"));
    });
    assertEquals(lines.map((line) => line.split(" ")[1]), [code]);
  }
});

Deno.test("an error that claims throw is a 500 that shows nothing of it, in the answer or the log", async () => {
  const thrown = [
    new Error("password=hunter2"),
    "hunter2",
    null,
    new PowerSyncAuthError("CLAIMS_FAILED", { message: "Ours.", hint: "Ours.", cause: "hunter2" }),
  ];
  for (const error of thrown) {
    const lines = await logged(async () => {
      for (const claims of [() => Promise.reject(error), () => reject(error)]) {
        const { status, body } = await answerOf(claims);
        assertEquals([status, body.code], [500, "CLAIMS_FAILED"]);
        assertFalse(JSON.stringify(body).includes("hunter2"));
      }
    });
    assertEquals(lines.length, 2);
    assertFalse(lines.join().includes("hunter2"));
  }
});

function reject(error: unknown): never {
  throw error;
}
