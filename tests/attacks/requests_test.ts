import { assert, assertEquals, assertFalse } from "@std/assert";
import { FUNCTION_NAMES } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, SECRET_KEY } from "../support/project.ts";
import { assertAsked, assertRefusal, leaks, type Target, withTarget } from "./attack.ts";
import { signed } from "./jws.ts";
import { exchange, type RawAnswer } from "./raw_http.ts";

const token = await signed(projectKeys.ES256);

/** A request with a head of any lines; the last asks the server to close. */
function request(line: string, headers: readonly string[] = [], body = ""): string {
  return [line, "Host: 127.0.0.1", ...headers, "Connection: close", "", body].join("\r\n");
}

/** Deno itself refuses some requests; those that reach a function get the error contract. */
async function assertRefused(answers: readonly RawAnswer[], target: Target, what: string): Promise<void> {
  for (const { status, headers, body } of answers) {
    assert(status >= 400 && status < 500, `${what}: ${status}`);
    assertFalse(leaks(body), what);
    if (headers.has("Access-Control-Allow-Origin")) {
      await assertRefusal(new Response(body, { status, headers }), what);
    }
  }
  assertAsked(target, undefined, what);
}

Deno.test("the requests that the attacks are made of get a token when nothing is wrong with them", async () => {
  await withTarget(async ({ port }) => {
    for (const line of ["GET /powersync-auth HTTP/1.1", "POST /powersync-auth HTTP/1.1"]) {
      const [answer] = await exchange(port, request(line, [`Authorization: Bearer ${token}`]));
      assertEquals(answer?.status, 200);
      assert(answer?.body.includes('"token":"'));
    }
    const [anonymous] = await exchange(
      port,
      request("GET /powersync-auth-anonymous HTTP/1.1", [`apikey: ${PUBLISHABLE_KEY}`]),
    );
    assertEquals(anonymous?.status, 200);
  });
});

Deno.test("a method that a function does not allow is a 405 that names those it allows", async () => {
  const methods = "PUT PATCH DELETE PROPFIND QUERY get Post GETS X M-SEARCH PURGE".split(" ");
  await withTarget(async (target) => {
    for (const name of FUNCTION_NAMES) {
      const others = name === "powersync-jwks" ? ["POST"] : ["HEAD"];
      for (const method of [...methods, ...others]) {
        const credentials = [`Authorization: Bearer ${token}`, `apikey: ${PUBLISHABLE_KEY}`];
        const [answer] = await exchange(target.port, request(`${method} /${name} HTTP/1.1`, credentials));
        const what = `${method} ${name}`;
        assertEquals(answer?.status, 405, what);
        const allowed = name === "powersync-jwks" ? "GET, HEAD, OPTIONS" : "GET, POST, OPTIONS";
        assertEquals(answer?.headers.get("Allow"), allowed, what);
        if (method !== "HEAD" && answer !== undefined) {
          await assertRefusal(new Response(answer.body, answer), what);
        } else assertEquals(answer?.body, "", what);
      }
    }
    assertAsked(target, undefined, "methods");
  });
});

Deno.test("an invalid method, TRACE and CONNECT are refused", async () => {
  await withTarget(async (target) => {
    for (
      const method of ["TRACE", "CONNECT", "TRACK", "G ET", "GET\t", "", "\u0000", "<script>", "G\u00c9T"]
    ) {
      const line = `${method} /powersync-auth HTTP/1.1`;
      const answers = await exchange(target.port, request(line, [`Authorization: Bearer ${token}`]));
      await assertRefused(answers, target, `method ${JSON.stringify(method)}`);
    }
  });
});

/** Lines of a head, and the code they lead to. */
const CREDENTIALS: [string, readonly string[], string][] = [
  ["none", [], "USER_TOKEN_MISSING"],
  ["an empty value", ["Authorization:"], "USER_TOKEN_MISSING"],
  ["the scheme alone", ["Authorization: Bearer"], "USER_TOKEN_MISSING"],
  ["no scheme", [`Authorization: ${token}`], "USER_TOKEN_MISSING"],
  ["Basic", ["Authorization: Basic dXNlcjpwYXNzd29yZA=="], "USER_TOKEN_MISSING"],
  ["Token", [`Authorization: Token ${token}`], "USER_TOKEN_MISSING"],
  ["DPoP", [`Authorization: DPoP ${token}`], "USER_TOKEN_MISSING"],
  ["two tokens in one header", [`Authorization: Bearer ${token} ${token}`], "USER_TOKEN_MISSING"],
  ["Bearer twice", [`Authorization: Bearer Bearer ${token}`], "USER_TOKEN_MISSING"],
  ["two headers", [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`], "USER_TOKEN_MISSING"],
  [
    "two headers, the second empty",
    [`Authorization: Bearer ${token}`, "Authorization:"],
    "USER_TOKEN_MISSING",
  ],
  ["a comma after the token", [`Authorization: Bearer ${token},`], "USER_TOKEN_INVALID"],
  ["auth parameters", [`Authorization: Bearer token="${token}"`], "USER_TOKEN_INVALID"],
  ["quotes", [`Authorization: Bearer "${token}"`], "USER_TOKEN_INVALID"],
  ["a tab for the space", [`Authorization: Bearer\t${token}`], "USER_TOKEN_MISSING"],
  ["a tab in the token", [`Authorization: Bearer ${token.replace(".", ".\t")}`], "USER_TOKEN_INVALID"],
  ["a no-break space", [`Authorization: Bearer\u00a0${token}`], "USER_TOKEN_MISSING"],
  ["a no-break space at the end", [`Authorization: Bearer ${token}\u00a0`], "USER_TOKEN_INVALID"],
  ["bytes beyond ASCII", [`Authorization: Bearer ${token}\u00ff`], "USER_TOKEN_INVALID"],
  ["a cookie", [`Cookie: sb-access-token=${token}`], "USER_TOKEN_MISSING"],
  ["the token as apikey", [`apikey: ${token}`], "USER_TOKEN_MISSING"],
  ["X-Forwarded-Authorization", [`X-Forwarded-Authorization: Bearer ${token}`], "USER_TOKEN_MISSING"],
  ["a method override", [`X-HTTP-Method-Override: DELETE`], "USER_TOKEN_MISSING"],
  ["a publishable key", [`Authorization: Bearer ${PUBLISHABLE_KEY}`], "USER_TOKEN_IS_API_KEY"],
  ["a secret key", [`Authorization: Bearer ${SECRET_KEY}`], "USER_TOKEN_IS_API_KEY"],
];

Deno.test("a token in any other place or form does not count", async () => {
  await withTarget(async (target) => {
    for (const [what, headers, code] of CREDENTIALS) {
      for (const method of ["GET", "POST"]) {
        const [answer] = await exchange(target.port, request(`${method} /powersync-auth HTTP/1.1`, headers));
        assert(answer !== undefined, what);
        assertEquals(await assertRefusal(new Response(answer.body, answer), what), code, what);
      }
    }
    const inQuery = await exchange(
      target.port,
      request(`GET /powersync-auth?access_token=${token} HTTP/1.1`),
    );
    const inBody = await exchange(
      target.port,
      request("POST /powersync-auth HTTP/1.1", [
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${token.length + 13}`,
      ], `access_token=${token}`),
    );
    for (const [answer] of [inQuery, inBody]) {
      assert(answer !== undefined);
      assertEquals(await assertRefusal(new Response(answer.body, answer), "token"), "USER_TOKEN_MISSING");
    }
    assertAsked(target, undefined, "credentials");
  });
});

/** What is sent in place of an API key, as far as only bytes can say it; the rest is in powersync_auth_anonymous_test.ts. */
const API_KEYS: [string, readonly string[], string][] = [
  ["none but in the query", [], "API_KEY_MISSING"],
  ["an empty one", ["apikey:"], "API_KEY_MISSING"],
  ["two in one header", [`apikey: ${PUBLISHABLE_KEY},${PUBLISHABLE_KEY}`], "API_KEY_INVALID"],
  ["two headers", [`apikey: ${PUBLISHABLE_KEY}`, "apikey: x"], "API_KEY_INVALID"],
  ["60 KB", [`apikey: ${"a".repeat(60_000)}`], "API_KEY_INVALID"],
  ["bytes beyond ASCII", ["apikey: \u00e9\u00ff"], "API_KEY_INVALID"],
  ["a secret key", [`apikey: ${SECRET_KEY}`], "API_KEY_IS_SECRET"],
];

Deno.test("only one whole apikey header that names a key of the project is accepted", async () => {
  await withTarget(async (target) => {
    for (const [what, headers, code] of API_KEYS) {
      const path = `/powersync-auth-anonymous?apikey=${PUBLISHABLE_KEY}`;
      const [answer] = await exchange(target.port, request(`GET ${path} HTTP/1.1`, headers));
      assert(answer !== undefined, what);
      assertEquals(await assertRefusal(new Response(answer.body, answer), what), code, what);
    }
    assertAsked(target, undefined, "API keys");
  });
});
