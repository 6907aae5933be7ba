import { assertEquals } from "@std/assert";
import { whoAnswered } from "../../scripts/doctor/answers.ts";
import { whyNoAnswer } from "../../scripts/setup/ask.ts";
import type { KnownCause } from "../../scripts/doctor/causes.ts";

/** Who answers, and how: status, body, headers. Words of the platform, its router, gateways, Cloudflare and proxies. */
const ANSWERS: readonly (readonly [KnownCause, number, unknown, HeadersInit?])[] = [
  ["gateway-check", 401, { code: 401, message: "Missing authorization header" }],
  ["gateway-check", 401, { code: "UNAUTHORIZED_INVALID_JWT_FORMAT", message: "Invalid JWT" }],
  ["gateway-check", 401, { msg: "Error: Missing authorization header" }],
  ["gateway-check", 401, { msg: "Auth header is not 'Bearer {token}'" }],
  ["gateway-check", 401, "", { "sb-error-code": "UNAUTHORIZED_NO_AUTH_HEADER" }],
  ["gateway-api-key", 401, { message: "No API key found in request" }, { "x-kong-response-latency": "1" }],
  ["gateway-api-key", 401, { message: "Invalid authentication credentials" }],
  ["gateway-api-key", 401, { message: "Unauthorized" }],
  ["gateway-api-key", 403, { message: "You cannot consume this service" }],
  ["gateway-no-route", 404, { message: "no Route matched with those values" }],
  ["not-deployed", 404, { code: "NOT_FOUND", message: "Requested function was not found" }],
  ["not-deployed", 500, {
    msg:
      "InvalidWorkerCreation: worker boot error: failed to bootstrap runtime: could not find an appropriate entrypoint",
  }],
  ["boot-error", 503, { code: "BOOT_ERROR", message: "Function failed to start (please check logs)" }],
  ["boot-error", 500, { msg: 'InvalidWorkerCreation: worker boot error: Module not found "file:///x.ts"' }],
  ["function-limit", 546, { code: "WORKER_RESOURCE_LIMIT", message: "not enough compute resources" }],
  ["function-limit", 546, ""],
  ["function-timeout", 504, ""],
  ["function-timeout", 504, { code: "IDLE_TIMEOUT", message: "Function timed out" }],
  ["function-timeout", 500, { msg: "InvalidWorkerCreation: worker did not respond in time" }],
  ["function-crashed", 500, { code: "WORKER_ERROR", message: "Function exited due to an error" }],
  ["project-paused", 540, ""],
  ["project-restricted", 402, { message: "exceed_egress_quota" }],
  ["project-down", 522, "<!doctype html><title>522</title>", { Server: "cloudflare" }],
  ["project-down", 521, "error code: 521"],
  ["rate-limited", 429, { message: "Too many requests" }],
  ["front-refuses", 401, "Authorization Required", { "WWW-Authenticate": "Basic realm=staging" }],
  ["front-refuses", 403, "<html>Forbidden</html>", { Server: "cloudflare" }],
  ["front-refuses", 407, ""],
  ["front-page", 200, "<!doctype html><title>App</title>"],
  ["front-page", 404, "<html>Not Found</html>"],
  ["front-redirect", 302, "", { Location: "https://other.example" }],
  ["front-refuses", 302, "", { Location: "https://login.example" }],
  ["front-refuses", 307, "", { Location: "/sign-in?next=%2Ffunctions" }],
  ["front-error", 304, ""],
  ["front-refuses", 401, "<!doctype html>Authentication required, no JWT", { Server: "Vercel" }],
  ["front-page", 405, "<html>Not Allowed</html>", { Server: "nginx" }],
  ["upstream-down", 502, "<html>Bad gateway</html>", { Server: "nginx" }],
  ["upstream-down", 502, { message: "An invalid response was received from the upstream server" }],
  ["upstream-down", 503, { message: "name resolution failed" }],
  ["upstream-down", 504, "<html>Gateway Time-out</html>"],
  ["function-limit", 500, { msg: "WorkerRequestCancelled: request has been cancelled by supervisor" }],
  ["gateway-no-route", 404, "404 page not found\n"],
  ["gateway-key-invalid", 401, {
    message: "Invalid API key",
    hint: "Double check your Supabase `anon` API key.",
  }],
  ["gateway-no-route", 400, { msg: "missing function name in request" }],
  ["no-http", 400, "<html>The plain HTTP request was sent to HTTPS port</html>"],
  ["not-supabase", 404, { error: { code: "PSYNC_S2002" } }],
  ["front-error", 500, { error: "unexpected" }],
];

for (const [probe, status, body, headers] of ANSWERS) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  Deno.test(`HTTP ${status} with ${text.slice(0, 60) || "nothing"} is ${probe}`, () => {
    assertEquals(whoAnswered(new Response(null, { status, ...(headers && { headers }) }), text).probe, probe);
  });
}

Deno.test("what was seen names the status, the words and the server, and no control characters", () => {
  const response = new Response(null, { status: 502, headers: { Server: "nginx" } });
  assertEquals(whoAnswered(response, "<html>").seen, "HTTP 502: a web page, from nginx.");
  const moved = new Response(null, { status: 301, headers: { Location: "https://new.example/jwks" } });
  assertEquals(whoAnswered(moved, "").seen, "HTTP 301: it redirects to https://new.example/jwks.");
  const { seen } = whoAnswered(new Response(null, { status: 500 }), JSON.stringify({ msg: "a\u001b[31mb" }));
  assertEquals(seen, 'HTTP 500: "a�[31mb".');
});

Deno.test("the router of a self-hosted Supabase is told from the platform", () => {
  const isSelfHosted = (body: unknown, headers: HeadersInit = {}) =>
    whoAnswered(new Response(null, { status: 500, headers }), JSON.stringify(body)).selfHosted;
  assertEquals(isSelfHosted({ msg: "Error: x" }), true);
  assertEquals(isSelfHosted({ message: "x" }, { "X-Kong-Proxy-Latency": "1" }), true);
  assertEquals(isSelfHosted({ message: "x" }, { Server: "kong/2.8.1" }), true);
  assertEquals(isSelfHosted({ message: "x" }, { "X-Kong-Proxy-Latency": "1", "CF-Ray": "8f" }), false);
  assertEquals(isSelfHosted({ code: "BOOT_ERROR", message: "x" }), false);
  assertEquals(isSelfHosted({ msg: "x" }, { "sb-project-ref": "abc" }), false);
});

/** What Deno says in an error's cause. */
const FAILURES = {
  "no-dns": "dns error: failed to lookup",
  "no-trust": "client error (Connect): invalid peer certificate: UnknownIssuer",
  "no-http": "client error (SendRequest): invalid HTTP version parsed",
  "no-whole-answer": "client error (SendRequest): peer closed connection without sending TLS close_notify",
};

Deno.test("why nothing answers is told from the words of Deno", () => {
  for (const [kind, text] of Object.entries(FAILURES)) {
    assertEquals(whyNoAnswer(new TypeError("fetch failed", { cause: new Error(text) }), 1).kind, kind);
  }
  const denied = 'Requires net access to "x:443", run again with the --allow-net flag';
  assertEquals(whyNoAnswer(new Deno.errors.NotCapable(denied), 1).kind, "no-permission");
});
