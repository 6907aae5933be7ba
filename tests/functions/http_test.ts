import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { CORS_HEADERS, handler } from "../../supabase/functions/_shared/powersync/http.ts";

const CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS);
const OK = () => Promise.resolve({ json: '{"a":1}', cacheControl: "no-store" });
const failing = (error: unknown) => () => Promise.reject(error);
const notCalled = failing(new Error("not to be called"));

interface SendOptions {
  readonly method?: string;
  readonly methods?: readonly ("GET" | "HEAD" | "POST")[];
  readonly headers?: Record<string, string>;
}

/** What is answered, always with CORS headers, and the errors that are logged. */
async function send(
  respond: Parameters<typeof handler>[1],
  { methods = ["GET", "HEAD", "POST"], ...init }: SendOptions = {},
): Promise<{ response: Response; logged: PowerSyncAuthError[] }> {
  const logged: PowerSyncAuthError[] = [];
  const handle = handler({ methods, log: (error) => void logged.push(error) }, respond);
  const response = await handle(new Request("http://localhost/", init));
  for (const [name, value] of Object.entries(CORS_HEADERS)) {
    if (init.method === "OPTIONS" && name === "Access-Control-Allow-Headers") continue;
    assertEquals([name, response.headers.get(name)], [name, value]);
  }
  return { response, logged };
}

Deno.test("an answer is JSON under exactly that type, with its own life in caches and CORS headers", async () => {
  const { response } = await send(OK);
  assertEquals([response.status, await response.text()], [200, '{"a":1}']);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("Access-Control-Max-Age"), null);
});

for (const code of CODES) {
  Deno.test(`${code} is answered with its status, three members, and the headers of its status`, async () => {
    const said = { message: "What.", hint: "Do." };
    const error = new PowerSyncAuthError(code, { ...said, cause: new Error("inner") });
    const { status } = ERRORS[code];
    const { response, logged } = await send(failing(error));
    const { headers } = response;
    assertEquals([response.status, await response.json()], [status, { code, ...said }]);
    assertEquals([headers.get("Content-Type"), headers.get("Cache-Control")], [
      "application/json",
      "no-store",
    ]);
    const challenge = /^USER_TOKEN_(?!MISSING)/.test(code) ? 'Bearer error="invalid_token"' : "Bearer";
    assertEquals(headers.get("WWW-Authenticate"), status === 401 ? challenge : null);
    assertEquals([headers.has("Retry-After"), headers.has("Allow")], [status === 503, status === 405]);
    assertEquals(logged, status >= 500 ? [error] : []);
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
  for (const [details, seconds] of [[{ retryAfterSeconds: 17 }, "17"], [{}, "5"]] as const) {
    const { response } = await send(failing(new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", details)));
    assertEquals(response.headers.get("Retry-After"), seconds);
  }
});

Deno.test("whatever else is thrown is an INTERNAL_ERROR that tells nothing of it, in the answer or the log", async () => {
  for (
    const thrown of [new Error("hunter2"), "hunter2", null, { code: "CLAIMS_REFUSED", message: "hunter2" }]
  ) {
    const { response, logged: [error, ...others] } = await send(failing(thrown));
    assertEquals([response.status, error?.code, error?.cause, others], [500, "INTERNAL_ERROR", thrown, []]);
    const text = await response.text();
    assertMatch(text, /^\{"code":"INTERNAL_ERROR","message":"[^"]+","hint":"[^"]+"\}$/);
    assert(!`${text} ${error?.message}`.includes("hunter2"));
  }
});

Deno.test("a preflight is a 204 without a body, whatever the function would say, and a browser may keep it", async () => {
  const { response } = await send(notCalled, { method: "OPTIONS" });
  assertEquals([response.status, response.body], [204, null]);
  assertEquals(response.headers.get("Access-Control-Max-Age"), "7200");
});

Deno.test("a preflight allows the headers that the browser asks for", async () => {
  const allowedFor = async (asked: string) => {
    const headers = { "Access-Control-Request-Headers": asked };
    const { response } = await send(OK, { method: "OPTIONS", headers });
    assertEquals([response.status, response.headers.get("Vary")], [204, "Access-Control-Request-Headers"]);
    return response.headers.get("Access-Control-Allow-Headers");
  };
  const names = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}`).join(", ");
  for (const asked of ["x-app, authorization", "x-region", "traceparent,x-supabase-api-version", names(64)]) {
    assertEquals(await allowedFor(asked), asked.replaceAll(/,\s*/g, ", "));
  }
  const fixed = CORS_HEADERS["Access-Control-Allow-Headers"];
  const refused = ["", "*x, a b", "a;b", "x-ä", "a,,b", "x(y)", names(65), `x-${"y".repeat(4_096)}`];
  for (const asked of refused) assertEquals([asked, await allowedFor(asked)], [asked, fixed]);
});

Deno.test("any other method is a 405 that names those allowed, and never reaches the function", async () => {
  for (const method of ["PUT", "DELETE", "PATCH", "HEAD", "PURGE"]) {
    const { response } = await send(notCalled, { method, methods: ["GET", "POST"] });
    assertEquals([response.status, response.headers.get("Allow")], [405, "GET, POST, OPTIONS"]);
    assertEquals((await response.text()) === "", method === "HEAD");
  }
});

Deno.test("HEAD has the status and headers of GET, and no body, for answers and errors", async () => {
  for (const respond of [OK, failing(new PowerSyncAuthError("API_KEY_MISSING"))]) {
    const { response: get } = await send(respond);
    const { response: head } = await send(respond, { method: "HEAD" });
    assertEquals([head.status, [...head.headers]], [get.status, [...get.headers]]);
    assertEquals([await head.text(), (await get.text()) !== ""], ["", true]);
  }
});
