import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type ErrorCode,
  ERRORS,
  PowerSyncAuthError,
} from "../../supabase/functions/_shared/powersync/errors.ts";
import { CORS_HEADERS, handler, type JsonAnswer } from "../../supabase/functions/_shared/powersync/http.ts";
import { logTo } from "../../supabase/functions/_shared/powersync/log.ts";
import { captureLog, silenceLog } from "../support/log.ts";

const CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS);
const OK: JsonAnswer = { json: '{"a":1}', cacheControl: "no-store" };

interface SendOptions {
  method?: string;
  methods?: readonly ("GET" | "HEAD" | "POST")[];
}

async function send(
  respond: (request: Request) => Promise<JsonAnswer>,
  { method = "GET", methods = ["GET", "HEAD", "POST"] }: SendOptions = {},
): Promise<Response> {
  const handle = handler({
    methods,
    log: logTo("test", { environment: () => ({ SB_EXECUTION_ID: "run-9" }), now: () => 0 }),
  }, respond);
  return await handle(new Request("http://localhost/", { method }));
}

function failing(error: unknown): () => Promise<JsonAnswer> {
  return () => Promise.reject(error);
}

function assertCors(response: Response): void {
  for (const [name, value] of Object.entries(CORS_HEADERS)) {
    assertEquals([name, response.headers.get(name)], [name, value]);
  }
}

Deno.test("an answer is JSON under exactly that type, with its own life in caches and CORS headers", async () => {
  const response = await send(() => Promise.resolve(OK));
  assertEquals([response.status, await response.text()], [200, '{"a":1}']);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("Access-Control-Max-Age"), null);
  assertCors(response);
});

for (const code of CODES) {
  Deno.test(`${code} is answered with its status, three members, and the headers of its status`, async () => {
    const error = new PowerSyncAuthError(code, { message: "What.", hint: "Do.", cause: new Error("inner") });
    const { status } = ERRORS[code];
    const lines = await captureLog(async () => {
      const response = await send(failing(error));
      assertEquals([response.status, await response.json()], [status, {
        code,
        message: "What.",
        hint: "Do.",
      }]);
      assertEquals(response.headers.get("Content-Type"), "application/json");
      assertEquals(response.headers.get("Cache-Control"), "no-store");
      const challenge = /^USER_TOKEN_(?!MISSING)/.test(code) ? 'Bearer error="invalid_token"' : "Bearer";
      assertEquals(response.headers.get("WWW-Authenticate"), status === 401 ? challenge : null);
      assertEquals(response.headers.has("Retry-After"), status === 503);
      assertEquals(response.headers.has("Allow"), status === 405);
      assertCors(response);
    });
    const [line = ""] = lines;
    assertEquals(lines.length, status >= 500 ? 1 : 0);
    assert(status < 500 || line.startsWith(`test ${code} execution_id=run-9 What.`), line);
  });
}

Deno.test("the caller's faults are 401 and 403, an upstream's are 503, and everything of our own is a 500", () => {
  const named = (status: number) => CODES.filter((code) => ERRORS[code].status === status).sort();
  assertEquals(named(405), ["METHOD_NOT_ALLOWED"]);
  assertEquals(named(403), ["CLAIMS_REFUSED", "OAUTH_CLIENT_NOT_ALLOWED"]);
  assert(named(401).every((code) => /^(USER_TOKEN|API_KEY)_/.test(code)) && named(401).length === 8);
  assertEquals(named(503), [
    "AUTH_SERVER_LIMIT_REACHED",
    "AUTH_SERVER_UNAVAILABLE",
    "IDENTITY_PROVIDER_UNAVAILABLE",
  ]);
  assert(CODES.every((code) => /^[A-Z]+(_[A-Z]+)+$/.test(code)));
});

Deno.test("a 503 names the error's own seconds, or a few", async () => {
  const unavailable = (retryAfterSeconds?: number) =>
    failing(
      new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", {
        message: "m",
        hint: "h",
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      }),
    );
  using _log = silenceLog();
  assertEquals((await send(unavailable(17))).headers.get("Retry-After"), "17");
  assertEquals((await send(unavailable())).headers.get("Retry-After"), "5");
});

Deno.test("whatever else is thrown is an INTERNAL_ERROR that tells nothing of it, in the answer or the log", async () => {
  for (
    const thrown of [new Error("hunter2"), "hunter2", null, { code: "CLAIMS_REFUSED", message: "hunter2" }]
  ) {
    const told: string[] = [];
    const lines = await captureLog(async () => {
      const response = await send(failing(thrown));
      assertEquals(response.status, 500);
      told.push(await response.text());
    });
    assertMatch(told.join(), /^\{"code":"INTERNAL_ERROR","message":"[^"]+","hint":"[^"]+"\}$/);
    assertEquals(lines.length, 1);
    assertMatch(lines.join(), /^test INTERNAL_ERROR execution_id=run-9 /);
    assert(!`${told} ${lines}`.includes("hunter2"));
  }
});

Deno.test("a preflight is a 204 without a body, whatever the function would say, and a browser may keep it", async () => {
  const response = await send(failing(new Error("not to be called")), { method: "OPTIONS" });
  assertEquals([response.status, response.body], [204, null]);
  assertEquals(response.headers.get("Access-Control-Max-Age"), "7200");
  assertCors(response);
});

Deno.test("a preflight allows the headers that the browser asks for", async () => {
  const fixed = CORS_HEADERS["Access-Control-Allow-Headers"];
  const allowedFor = async (asked: string) => {
    const headers = { "Access-Control-Request-Headers": asked };
    const handle = handler({ methods: ["GET"], log: () => {} }, () => Promise.resolve(OK));
    const response = await handle(new Request("http://localhost/", { method: "OPTIONS", headers }));
    assertEquals([response.status, response.headers.get("Vary")], [204, "Access-Control-Request-Headers"]);
    return response.headers.get("Access-Control-Allow-Headers");
  };
  const names = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}`).join(", ");
  for (const asked of ["x-app, authorization", "x-region", "traceparent,x-supabase-api-version", names(64)]) {
    assertEquals(await allowedFor(asked), asked.replaceAll(/,\s*/g, ", "));
  }
  const refused = ["", "*x, a b", "a;b", "x-ä", "a,,b", "x(y)", names(65), `x-${"y".repeat(4_096)}`];
  for (const asked of refused) assertEquals([asked, await allowedFor(asked)], [asked, fixed]);
});

Deno.test("any other method is a 405 that names those allowed, and never reaches the function", async () => {
  const methods = ["GET", "POST"] as const;
  for (const method of ["PUT", "DELETE", "PATCH", "HEAD", "PURGE"]) {
    const response = await send(failing(new Error("not to be called")), { method, methods });
    assertEquals([response.status, response.headers.get("Allow")], [405, "GET, POST, OPTIONS"]);
    assertEquals((await response.text()) === "", method === "HEAD");
    assertCors(response);
  }
});

Deno.test("HEAD has the status and headers of GET, and no body, for answers and errors", async () => {
  const refused = new PowerSyncAuthError("API_KEY_MISSING", { message: "m", hint: "h" });
  for (const respond of [() => Promise.resolve(OK), failing(refused)]) {
    const [get, head] = [await send(respond), await send(respond, { method: "HEAD" })];
    assertEquals([head.status, [...head.headers]], [get.status, [...get.headers]]);
    assertEquals([await head.text(), (await get.text()) !== ""], ["", true]);
  }
});
