import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FUNCTION_NAMES } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, SECRET_KEY } from "../support/project.ts";
import { assertAsked, assertRefusal, leaks } from "./attack.ts";
import { signed } from "./jws.ts";
import { exchange, type Target, withTarget } from "./raw_http.ts";

const token = await signed(projectKeys.ES256);

/** A request with a head of any lines; the last asks the server to close. */
function request(line: string, headers: readonly string[] = [], body = ""): string {
  return [line, "Host: 127.0.0.1", ...headers, "Connection: close", "", body].join("\r\n");
}

/** Sends a request and reads its one answer. */
async function answerTo({ port }: Target, ...parts: Parameters<typeof request>): Promise<Response> {
  const [answer] = await exchange(port, request(...parts));
  assert(answer !== undefined, parts[0]);
  return new Response(answer.body, answer);
}

Deno.test("the requests that the attacks are made of get a token when nothing is wrong with them", async () => {
  await withTarget(async (target) => {
    for (const line of ["GET /powersync-auth HTTP/1.1", "POST /powersync-auth HTTP/1.1"]) {
      const answer = await answerTo(target, line, [`Authorization: Bearer ${token}`]);
      assertEquals(answer.status, 200);
      assertStringIncludes(await answer.text(), '"token":"');
    }
    const anonymous = "GET /powersync-auth-anonymous HTTP/1.1";
    assertEquals((await answerTo(target, anonymous, [`apikey: ${PUBLISHABLE_KEY}`])).status, 200);
  });
});

Deno.test("a method that a function does not allow is a 405 that names those it allows", async () => {
  const methods = "PUT PATCH DELETE PROPFIND QUERY get Post GETS X M-SEARCH PURGE".split(" ");
  const credentials = [`Authorization: Bearer ${token}`, `apikey: ${PUBLISHABLE_KEY}`];
  await withTarget(async (target) => {
    for (const name of FUNCTION_NAMES) {
      const [other, allowed] = name === "powersync-jwks" ? ["POST", "GET, HEAD"] : ["HEAD", "GET, POST"];
      for (const method of [...methods, other]) {
        const what = `${method} ${name}`;
        const answer = await answerTo(target, `${method} /${name} HTTP/1.1`, credentials);
        assertEquals([answer.status, answer.headers.get("Allow")], [405, `${allowed}, OPTIONS`], what);
        if (method !== "HEAD") await assertRefusal(answer, what);
        else assertEquals(await answer.text(), "", what);
      }
    }
    assertAsked(target, undefined, "methods");
  });
});

/** Deno itself refuses some requests; those that reach a function get the error contract. */
Deno.test("an invalid method, TRACE and CONNECT are refused", async () => {
  const methods = ["TRACE", "CONNECT", "TRACK", "G ET", "GET\t", "", "\u0000", "<script>", "G\u00c9T"];
  await withTarget(async (target) => {
    for (const method of methods) {
      const what = `method ${JSON.stringify(method)}`;
      const line = `${method} /powersync-auth HTTP/1.1`;
      const answers = await exchange(target.port, request(line, [`Authorization: Bearer ${token}`]));
      for (const { status, headers, body } of answers) {
        assert(status >= 400 && status < 500 && !leaks(body), `${what}: ${status}`);
        if (!headers.has("Access-Control-Allow-Origin")) continue;
        await assertRefusal(new Response(body, { status, headers }), what);
      }
      assertAsked(target, undefined, what);
    }
  });
});

/** Lines of a head that is sent with nothing else, by the code they lead to. */
const CREDENTIALS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  USER_TOKEN_MISSING: [
    [],
    ["Authorization:"],
    ["Authorization: Bearer"],
    ["Authorization: Basic dXNlcjpwYXNzd29yZA=="],
    // No scheme, others, two tokens, the scheme twice, a tab or a no-break space in place of the space.
    ...["", "Token ", "DPoP ", `Bearer ${token} `, "Bearer Bearer ", "Bearer\t", "Bearer\u00a0"]
      .map((before) => [`Authorization: ${before}${token}`]),
    [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    [`Authorization: Bearer ${token}`, "Authorization:"],
    [`Cookie: sb-access-token=${token}`],
    [`apikey: ${token}`],
    [`X-Forwarded-Authorization: Bearer ${token}`],
    ["X-HTTP-Method-Override: DELETE"],
  ],
  USER_TOKEN_INVALID: [`${token},`, `token="${token}"`, `"${token}"`, token.replace(".", ".\t")]
    .concat([`${token}\u00a0`, `${token}\u00ff`]).map((bearer) => [`Authorization: Bearer ${bearer}`]),
  USER_TOKEN_IS_API_KEY: [PUBLISHABLE_KEY, SECRET_KEY].map((bearer) => [`Authorization: Bearer ${bearer}`]),
};

Deno.test("a token in any other place or form does not count", async () => {
  await withTarget(async (target) => {
    for (const [code, heads] of Object.entries(CREDENTIALS)) {
      for (const headers of heads) {
        for (const method of ["GET", "POST"]) {
          const answer = await answerTo(target, `${method} /powersync-auth HTTP/1.1`, headers);
          assertEquals([headers, await assertRefusal(answer, headers.join())], [headers, code]);
        }
      }
    }
    const inQuery = await answerTo(target, `GET /powersync-auth?access_token=${token} HTTP/1.1`);
    const form = ["Content-Type: application/x-www-form-urlencoded", `Content-Length: ${token.length + 13}`];
    const inBody = await answerTo(target, "POST /powersync-auth HTTP/1.1", form, `access_token=${token}`);
    for (const answer of [inQuery, inBody]) {
      assertEquals(await assertRefusal(answer, "token"), "USER_TOKEN_MISSING");
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
      const line = `GET /powersync-auth-anonymous?apikey=${PUBLISHABLE_KEY} HTTP/1.1`;
      assertEquals(await assertRefusal(await answerTo(target, line, headers), what), code, what);
    }
    assertAsked(target, undefined, "API keys");
  });
});
