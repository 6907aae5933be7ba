/** What the log says, and how often. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PowerSyncAuthError, refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import { logTo } from "../../supabase/functions/_shared/powersync/log.ts";
import { base64url, withRawMember } from "../attacks/jws.ts";
import { FUNCTION_NAMES, startFunctions } from "../support/functions.ts";
import { captureLog, silenceLog } from "../support/log.ts";
import { PUBLISHABLE_KEY, userClaims, userToken } from "../support/project.ts";
import { makeKey, unsigned } from "../support/signing.ts";

const environment = () => ({ SB_EXECUTION_ID: "run-1" });

/** A log with a clock that a test moves. */
function startLog() {
  const clock = { ms: 0 };
  return { clock, log: logTo("test", { environment, now: () => clock.ms }) };
}

const because = (reason: string, found?: Record<string, unknown>) =>
  new PowerSyncAuthError("USER_TOKEN_INVALID", {
    why: { reason, ...(found === undefined ? {} : { found }) },
  });

Deno.test("a refused token leaves its reason, issuer and audience, and never itself", async () => {
  const impostor = await makeKey("ES256", "project-ec");
  const cases: [string, string][] = [
    ["issuer", await userToken({ iss: "https://auth.example.com/auth/v2" })],
    ["audience", await userToken({ aud: "other" })],
    ["subject", await userToken({ sub: "1" })],
    ["role", await userToken({ role: "" })],
    ["expired", await userToken({ exp: 1 })],
    ["not-yet-valid", await userToken({ nbf: 4e9 })],
    [
      "algorithm",
      unsigned({ alg: "none" }, { ...JSON.parse(atob((await userToken()).split(".")[1] ?? "")) }),
    ],
    ["signature", await userToken({}, impostor)],
    ["oauth-client", await userToken({ client_id: "app" })],
    ["malformed", "a.b.c"],
    ["too-long", "a".repeat(17_000)],
    ["api-key", PUBLISHABLE_KEY],
  ];
  for (const [reason, token] of cases) {
    const lines = await captureLog(() => startFunctions().code(token));
    assertEquals(lines.length, 1, reason);
    assertMatch(lines.join(), new RegExp(`^powersync-auth [A-Z_]+ reason=${reason} .*execution_id=`));
    assert(!lines.join().includes(token));
  }
  const [issuer = ""] = await captureLog(() => startFunctions().code(cases[0]?.[1] ?? ""));
  assertStringIncludes(issuer, 'reason=issuer iss="https://auth.example.com/auth/v2" aud="authenticated"');
});

Deno.test("the answer does not tell the reason", async () => {
  using _log = silenceLog();
  const answers = [];
  for (const claims of [{ iss: "https://x" }, { aud: "x" }, { sub: "x" }]) {
    const { body } = await startFunctions().ask("powersync-auth", {
      Authorization: `Bearer ${await userToken(claims)}`,
    });
    answers.push(JSON.stringify(body));
  }
  assertEquals(new Set(answers).size, 1);
});

Deno.test("equal lines are written once a minute, with the number that were left out", async () => {
  const { clock, log } = startLog();
  const lines = await captureLog(() => {
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
  const { code, environment } = startFunctions();
  const lines = await captureLog(async () => {
    for (let i = 0; i < 500; i++) await code(`a.${i}.c`);
    environment.POWERSYNC_PRIVATE_KEY = "broken";
    await code(await userToken());
  });
  assertEquals(lines.map((line) => line.split(" ")[1]), ["USER_TOKEN_INVALID", "KEY_MALFORMED"]);
});

Deno.test("what comes from outside is stripped, shortened and cannot forge a line", async () => {
  const { log } = startLog();
  const iss = `x\n\u001b[31mpowersync-auth INTERNAL_ERROR\u2028\u202e"${"y".repeat(500)}`;
  const [line = "", ...others] = await captureLog(() =>
    log(because("issuer", { iss, aud: [{ deep: ["x"] }] }))
  );
  assertEquals(others, []);
  assertMatch(line, /^[\x20-\x7e…]{1,500}$/);
  assert(line.length < 400, line);
  assertStringIncludes(line, 'iss="x\\n\\u001b[31m');
});

Deno.test("an exception of claims.ts leaves its name and frames, without its message", async () => {
  class LookUpFailed extends Error {
    override readonly name = "LookUpFailed";
  }
  const messages = ["hunter2", "hunter2\nhunter2\n    at hunter2 (hunter2:1:1)", ""];
  for (const message of messages) {
    const { code } = startFunctions({
      claims: () => {
        throw new LookUpFailed(message);
      },
    });
    const [line = "", ...others] = await captureLog(async () => code(await userToken()));
    assertEquals(others, []);
    assertMatch(line, /^powersync-auth CLAIMS_FAILED execution_id=.* \(LookUpFailed\) at .*log_test\.ts:\d+/);
    assert(!line.includes("hunter2"), line);
  }
  for (const thrown of ["hunter2", { hunter2: 1 }, null]) {
    const { code } = startFunctions({
      claims: () => {
        throw thrown;
      },
    });
    const lines = await captureLog(async () => code(await userToken()));
    assertStringIncludes(lines.join(), `(thrown: ${typeof thrown})`);
    assert(!lines.join().includes("hunter2"));
  }
});

Deno.test("whatever claims.ts throws is a coded answer with a line", async () => {
  const odd = (changes: PropertyDescriptorMap) => Object.defineProperties(new Error("hunter2"), changes);
  const thrown: unknown[] = [
    odd({ stack: { value: null } }),
    odd({ stack: { value: 5 } }),
    odd({ message: { value: Symbol("hunter2") } }),
    odd({ name: { value: {} } }),
    odd({
      stack: {
        get() {
          throw new Error("hunter2");
        },
      },
    }),
    Object.create(Error.prototype),
    refusal("Refused.", JSON.parse('{"reason":{"a":1},"hint":7}')),
    Reflect.construct(PowerSyncAuthError, ["PLAN_REQUIRED", { message: "No.", hint: "Pay." }]),
    Reflect.construct(PowerSyncAuthError, ["CLAIMS_REFUSED", { reason: 1n, retryAfterSeconds: "a\nb" }]),
  ];
  for (const [number, error] of thrown.entries()) {
    const { ask } = startFunctions({
      claims: () => {
        throw error;
      },
    });
    const lines = await captureLog(async () => {
      const { status, body } = await ask("powersync-auth", { Authorization: `Bearer ${await userToken()}` });
      assert([403, 500].includes(status), `${number}: ${status}`);
      assertMatch(body.code, /^(CLAIMS_FAILED|CLAIMS_REFUSED|INTERNAL_ERROR)$/);
      assertEquals(body.reason, undefined);
    });
    assert(lines.length <= 1 && !lines.join().includes("hunter2"), lines.join());
  }
});

Deno.test("a claim that is nested too deep to be written keeps nobody from an answer", async () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  for (const name of ["iss", "aud"]) {
    const [header, , signature] = (await userToken()).split(".");
    const claims = withRawMember(userClaims(), name, deep);
    const token = `${header}.${base64url(claims)}.${signature}`;
    await captureLog(async () => assertEquals(await startFunctions().code(token), "401 USER_TOKEN_INVALID"));
  }
});

Deno.test("an environment that cannot be read leads to a coded answer with CORS, and to a line", async () => {
  const environment = () => {
    throw new Error("hunter2");
  };
  const headers = { Authorization: `Bearer ${await userToken()}` };
  for (const name of FUNCTION_NAMES) {
    const module = await import(`../../supabase/functions/${name}/index.ts`);
    const [start] = Object.values<(options: object) => (request: Request) => Promise<Response>>(module)
      .filter((member) => typeof member === "function");
    assert(start !== undefined);
    const lines = await captureLog(async () => {
      const response = await start({ environment })(new Request("http://localhost/", { headers }));
      assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
      assertEquals([response.status, (await response.json()).code], [500, "INTERNAL_ERROR"]);
    });
    assertMatch(lines.join(), new RegExp(`^${name} INTERNAL_ERROR execution_id=unknown `));
  }
});
