/** What the three functions do on every host, over HTTP. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { checkJwks } from "../../scripts/powersync/jwks.ts";
import { assertAccepted } from "../powersync/token_check.ts";
import { type Answer, answer, outcome } from "./answer.ts";
import { bearer, FUNCTION_NAMES, type FunctionName } from "./functions.ts";
import { POWERSYNC_URL, PUBLISHABLE_KEY } from "./project.ts";

/** Calls a function of a host. */
export type Call = (name: FunctionName, init?: RequestInit) => Promise<Response>;

export function callTo(url: string): Call {
  return (name, init = {}) => fetch(`${url}/${name}?from=test`, init);
}

export const withToken = (token: string): RequestInit => ({ headers: bearer(token) });
export const withApiKey: RequestInit = { headers: { apikey: PUBLISHABLE_KEY } };

/** PowerSync accepts the published keys. */
export async function assertPublished(call: Call): Promise<{ keys: { alg: string; kty: string }[] }> {
  const response = await call("powersync-jwks");
  const headers = ["Cache-Control", "Access-Control-Allow-Origin"].map((name) => response.headers.get(name));
  assertEquals(headers, ["public, max-age=60", "*"]);
  const { status, body } = await answer(response);
  assertEquals(status, 200);
  assertAccepted(checkJwks(body));
  return body;
}

/** The function answers a token for the user, and PowerSync accepts it. */
export async function assertIssued(
  call: Call,
  name: FunctionName,
  { subject, powersyncUrl = POWERSYNC_URL, ...init }: RequestInit & {
    readonly subject: string;
    readonly powersyncUrl?: string;
  },
): Promise<void> {
  const jwks = await assertPublished(call);
  for (const method of ["GET", "POST"]) {
    const response = await call(name, { ...init, method });
    assertEquals(
      [response.headers.get("Cache-Control"), response.headers.get("Access-Control-Allow-Origin")],
      ["no-store", "*"],
    );
    const { status, body: { token, expires_at, ...rest } } = await answer(response);
    const expected = { powersync_url: powersyncUrl, endpoint: powersyncUrl, user_id: subject };
    assertEquals({ status, ...rest }, { status: 200, ...expected });
    assertMatch(expires_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const nowSeconds = Math.floor(Date.now() / 1000);
    assertAccepted(await checkToken(token, { jwks, audiences: [powersyncUrl], nowSeconds }));
  }
}

/** An answer is an error with its code, and a browser may read it. */
async function assertError(response: Response, expected: string): Promise<void> {
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
  assertEquals(response.headers.get("Content-Type"), "application/json");
  const { status, body }: Answer = await answer(response);
  assertEquals([`${status} ${body.code}`, Object.keys(body)], [expected, ["code", "message", "hint"]]);
}

/** What every function answers to requests that it does not serve. */
export async function assertRefusals(call: Call): Promise<void> {
  const refused: [FunctionName, RequestInit, string][] = [
    ["powersync-auth", {}, "401 USER_TOKEN_MISSING"],
    ["powersync-auth", withToken("a.b.c"), "401 USER_TOKEN_INVALID"],
    ["powersync-auth", withToken(PUBLISHABLE_KEY), "401 USER_TOKEN_IS_API_KEY"],
    ["powersync-auth-anonymous", {}, "401 API_KEY_MISSING"],
    ["powersync-auth-anonymous", { headers: { apikey: "sb_publishable_x" } }, "401 API_KEY_INVALID"],
    ...FUNCTION_NAMES.map((name): [FunctionName, RequestInit, string] => [
      name,
      { method: "DELETE" },
      "405 METHOD_NOT_ALLOWED",
    ]),
  ];
  for (const [name, init, expected] of refused) {
    const response = await call(name, init);
    assertEquals(response.headers.has("WWW-Authenticate"), expected.startsWith("401"));
    assertEquals(response.headers.has("Allow"), expected.startsWith("405"));
    await assertError(response, expected);
  }
}

/** A browser may call every function, with headers of its own. */
export async function assertPreflights(call: Call): Promise<void> {
  for (const name of FUNCTION_NAMES) {
    const headers = {
      "Origin": "https://app.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization, x-app",
    };
    const response = await call(name, { method: "OPTIONS", headers });
    assertEquals([response.status, await response.text()], [204, ""]);
    assertStringIncludes(response.headers.get("Access-Control-Allow-Headers") ?? "", "x-app");
  }
}

/** HEAD has the status and the type of GET, and no body. */
export async function assertHead(call: Call): Promise<void> {
  const [get, head] = [await call("powersync-jwks"), await call("powersync-jwks", { method: "HEAD" })];
  const told = ({ status, headers }: Response) => [status, headers.get("Content-Type")];
  assertEquals(told(head), told(get));
  assertEquals([await head.text(), (await get.text()) !== ""], ["", true]);
}

/** Without any setting, every answer says which one is missing. */
export async function assertUnset(call: Call): Promise<void> {
  await assertError(await call("powersync-jwks"), "500 POWERSYNC_PRIVATE_KEY_MISSING");
  await assertError(await call("powersync-auth", withToken("a.b.c")), "500 SUPABASE_URL_MISSING");
  await assertError(
    await call("powersync-auth-anonymous", withApiKey),
    "500 SUPABASE_PUBLISHABLE_KEYS_MISSING",
  );
}

/** A key that was mixed from two is said to be that, and never that the runtime cannot use it. */
export async function assertMixedKey(call: Call): Promise<void> {
  const code = await outcome(await call("powersync-jwks"));
  assert(["500 KEY_INCONSISTENT", "500 KEY_MALFORMED"].includes(code), code);
}
