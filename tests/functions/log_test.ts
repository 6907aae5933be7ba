/** What the log says, and how often. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PowerSyncAuthError, refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import { logTo } from "../../supabase/functions/_shared/powersync/log.ts";
import { base64url, withRawMember } from "../attacks/jws.ts";
import { bearer, FUNCTION_NAMES, startFunctions } from "../support/functions.ts";
import { captureLog, printedBy } from "../support/log.ts";
import { PUBLISHABLE_KEY, userClaims, userToken } from "../support/project.ts";
import { makeKey, unsigned } from "../support/signing.ts";

const TOKEN = await userToken();

/** A log with a clock that a test moves. */
function startLog() {
  const clock = { ms: 0 };
  const environment = () => ({ SB_EXECUTION_ID: "run-1" });
  return { clock, log: logTo("test", { environment, now: () => clock.ms }) };
}

const because = (reason: string, found?: Record<string, unknown>) =>
  new PowerSyncAuthError("USER_TOKEN_INVALID", { why: { reason, ...(found && { found }) } });

const throwing = (error: unknown) => ({
  claims: () => {
    throw error;
  },
});

Deno.test("a refused token leaves its reason, issuer and audience, and never itself", async () => {
  const cases: Record<string, string> = {
    "issuer": await userToken({ iss: "https://auth.example.com/auth/v2" }),
    "audience": await userToken({ aud: "other" }),
    "subject": await userToken({ sub: "1" }),
    "role": await userToken({ role: "" }),
    "expired": await userToken({ exp: 1 }),
    "not-yet-valid": await userToken({ nbf: 4e9 }),
    "algorithm": unsigned({ alg: "none" }, userClaims()),
    "signature": await userToken({}, await makeKey("ES256", "project-ec")),
    "oauth-client": await userToken({ client_id: "app" }),
    "malformed": "a.b.c",
    "too-long": "a".repeat(17_000),
    "api-key": PUBLISHABLE_KEY,
  };
  for (const [reason, token] of Object.entries(cases)) {
    const { code, log } = startFunctions();
    await code(token);
    assertEquals(log.length, 1, reason);
    assertMatch(log.join(), new RegExp(`^powersync-auth [A-Z_]+ reason=${reason} .*execution_id=`));
    assert(!log.join().includes(token));
    if (reason !== "issuer") continue;
    const found = 'reason=issuer iss="https://auth.example.com/auth/v2" aud="authenticated"';
    assertStringIncludes(log.join(), found);
  }
});

Deno.test("the answer does not tell the reason", async () => {
  const answers = new Set<string>();
  for (const claims of [{ iss: "https://x" }, { aud: "x" }, { sub: "x" }]) {
    answers.add(JSON.stringify(await startFunctions().askWith(await userToken(claims))));
  }
  assertEquals(answers.size, 1);
});

Deno.test("equal lines are written once a minute, with the number that were left out", () => {
  const { clock, log } = startLog();
  const lines = printedBy(() => {
    for (let second = 0; second < 125; second++) {
      log(because("issuer"));
      if (second === 30) log(because("audience"));
      clock.ms += 1_000;
    }
  });
  assertEquals(lines.map((line) => line.replace(/execution_id.*?\. ?/, "")), [
    "test USER_TOKEN_INVALID reason=issuer ",
    "test USER_TOKEN_INVALID reason=audience ",
    "test USER_TOKEN_INVALID reason=issuer (59 more like this were left out)",
    "test USER_TOKEN_INVALID reason=issuer (59 more like this were left out)",
  ]);
});

Deno.test("a flood of forged tokens does not hide another error", async () => {
  const { code, environment, log } = startFunctions();
  for (let i = 0; i < 500; i++) await code(`a.${i}.c`);
  environment.POWERSYNC_PRIVATE_KEY = "broken";
  await code(TOKEN);
  assertEquals(log.map((line) => line.split(" ")[1]), ["USER_TOKEN_INVALID", "KEY_MALFORMED"]);
});

Deno.test("what comes from outside is stripped, shortened and cannot forge a line", () => {
  const { log } = startLog();
  const iss = `x\n\u001b[31mpowersync-auth INTERNAL_ERROR\u2028\u202e"${"y".repeat(500)}`;
  const [line = "", ...others] = printedBy(() => log(because("issuer", { iss, aud: [{ deep: ["x"] }] })));
  assertEquals(others, []);
  assertMatch(line, /^[\x20-\x7e…]{1,400}$/);
  assertStringIncludes(line, 'iss="x\\n\\u001b[31m');
});

Deno.test("an exception of claims.ts leaves its name and frames, without its message", async () => {
  class LookUpFailed extends Error {
    override readonly name = "LookUpFailed";
  }
  const frames = "\\(LookUpFailed\\) at .*log_test\\.ts:\\d+";
  const cases: [thrown: unknown, end: string][] = [
    [new LookUpFailed("hunter2"), frames],
    [new LookUpFailed("hunter2\nhunter2\n    at hunter2 (hunter2:1:1)"), frames],
    [new LookUpFailed(""), frames],
    ["hunter2", "\\(thrown: string\\)"],
    [{ hunter2: 1 }, "\\(thrown: object\\)"],
    [null, "\\(thrown: object\\)"],
  ];
  for (const [thrown, end] of cases) {
    const { code, log } = startFunctions(throwing(thrown));
    await code(TOKEN);
    assertEquals(log.length, 1);
    assertMatch(log.join(), new RegExp(`^powersync-auth CLAIMS_FAILED execution_id=.* ${end}`));
    assert(!log.join().includes("hunter2"), log.join());
  }
});

Deno.test("whatever claims.ts throws is a coded answer with a line", async () => {
  const odd = (changes: PropertyDescriptorMap) => Object.defineProperties(new Error("hunter2"), changes);
  const unreadable = () => {
    throw new Error("hunter2");
  };
  const thrown: unknown[] = [
    odd({ stack: { value: null } }),
    odd({ stack: { value: 5 } }),
    odd({ message: { value: Symbol("hunter2") } }),
    odd({ name: { value: {} } }),
    odd({ stack: { get: unreadable } }),
    Object.create(Error.prototype),
    refusal("Refused.", JSON.parse('{"reason":{"a":1},"hint":7}')),
    Reflect.construct(PowerSyncAuthError, ["PLAN_REQUIRED", { message: "No.", hint: "Pay." }]),
    Reflect.construct(PowerSyncAuthError, ["CLAIMS_REFUSED", { reason: 1n, retryAfterSeconds: "a\nb" }]),
  ];
  for (const [number, error] of thrown.entries()) {
    const { askWith, log } = startFunctions(throwing(error));
    const { status, body } = await askWith(TOKEN);
    assert([403, 500].includes(status), `${number}: ${status}`);
    assertMatch(body.code, /^(CLAIMS_FAILED|CLAIMS_REFUSED|INTERNAL_ERROR)$/);
    assertEquals(body.reason, undefined);
    assert(log.length <= 1 && !log.join().includes("hunter2"), log.join());
  }
});

Deno.test("a claim that is nested too deep to be written keeps nobody from an answer", async () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const [header, , signature] = TOKEN.split(".");
  for (const name of ["iss", "aud"]) {
    const token = `${header}.${base64url(withRawMember(userClaims(), name, deep))}.${signature}`;
    assertEquals(await startFunctions().code(token), "401 USER_TOKEN_INVALID");
  }
});

Deno.test("an environment that cannot be read leads to a coded answer with CORS, and to a line", async () => {
  const environment = () => {
    throw new Error("hunter2");
  };
  for (const name of FUNCTION_NAMES) {
    const module = await import(`../../supabase/functions/${name}/index.ts`);
    const [start] = Object.values<(options: object) => (request: Request) => Promise<Response>>(module)
      .filter((member) => typeof member === "function");
    assert(start !== undefined);
    const lines = await captureLog(async () => {
      const request = new Request("http://localhost/", { headers: bearer(TOKEN) });
      const response = await start({ environment })(request);
      assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
      assertEquals([response.status, (await response.json()).code], [500, "INTERNAL_ERROR"]);
    });
    assertMatch(lines.join(), new RegExp(`^${name} INTERNAL_ERROR execution_id=unknown `));
  }
});
