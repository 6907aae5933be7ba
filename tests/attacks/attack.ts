/** One attack on the functions that issue tokens, and the check that it leads nowhere. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { AUTH_FUNCTIONS, bearer, powersyncKey, startFunctions } from "../support/functions.ts";
import { base64, SECRET_KEY } from "../support/project.ts";
import { serve } from "../support/serving.ts";
import { makeKey } from "../support/signing.ts";

/** Shown only by the Auth server's JWKS. */
export const remoteKey = await makeKey("ES256", "project-remote");
/** Belongs to another project, or to an attacker. */
export const foreignKey = await makeKey("ES256", "foreign");

/** Private members and whole secrets, which no answer may show. */
const CONFIDENTIAL = [SECRET_KEY, base64(powersyncKey.privateJwk), `${powersyncKey.privateJwk.d}`];
const TOKEN = /eyJ|ey[A-Za-z0-9_-]{20,}\./;

/** A bearer; where it is a function, it is given the URL of a server that must not be asked. */
type Token = string | ((trapUrl: string) => string | Promise<string>);

/** What a token leads to: `USER_TOKEN_INVALID` without a question to the Auth server, unless it is stated. */
interface Expected {
  readonly code?: ErrorCode;
  readonly calls?: AuthStandIn["calls"];
}

/** A token that must be refused. */
export type Attack = readonly [name: string, token: Token, expected?: Expected];

/** A key that no published set shows may be new: only the Auth server knows. */
export const UNKNOWN_KEY = { calls: { jwks: 1, user: 1 } };

/** Only the Auth server can check a legacy token. */
export const LEGACY = { calls: { jwks: 0, user: 1 } };

/** Registers one test that tries every attack on both functions that issue tokens. */
export function testAttacks(title: string, attacks: readonly Attack[]): void {
  Deno.test(title, async () => {
    assertEquals(new Set(attacks.map(([name]) => name)).size, attacks.length, "names are unique");
    await using auth = new AuthStandIn([remoteKey.publicJwk]);
    let trapped = 0;
    await using trap = serve(() => {
      trapped += 1;
      return Response.json({ keys: [foreignKey.publicJwk] });
    });
    for (const [name, given, { code: expected = "USER_TOKEN_INVALID", calls } = {}] of attacks) {
      const token = typeof given === "string" ? given : await given(trap.url);
      // Where an API key is expected, a text that is not a JWT may be meant as one; so may a legacy key.
      const mayBeApiKey = token.split(".").length !== 3 || expected === "USER_TOKEN_IS_API_KEY";
      for (const functionName of AUTH_FUNCTIONS) {
        const what = `${functionName}: ${name}`;
        Object.assign(auth.calls, { jwks: 0, user: 0 });
        const { send, log } = startFunctions(auth);
        const code = await assertRefusal(await send(functionName, { headers: bearer(token) }), what);
        const asApiKey = functionName === "powersync-auth-anonymous" && mayBeApiKey;
        if (!asApiKey) assertEquals(code, expected, what);
        else assertMatch(code, /^API_KEY_(INVALID|MISSING|IS_SECRET)$|^USER_TOKEN_/, what);
        assertAsked({ auth, log }, asApiKey ? undefined : calls, what);
        assertEquals(trapped, 0, `${what}: fetched what the token names`);
      }
    }
  });
}

/** The Auth server was asked this often, nothing where it is not stated, and the log has no more than the reason. */
export function assertAsked(
  { auth, log }: { auth: AuthStandIn; log: readonly string[] },
  calls = { jwks: 0, user: 0 },
  what = "",
): void {
  assertEquals({ ...auth.calls }, calls, what);
  assertReasonsOnly(log, what);
}

/** The log of refused tokens says why in a line, and nothing secret. */
export function assertReasonsOnly(log: readonly string[], what = ""): void {
  const reason = /^powersync-auth\S* (USER_TOKEN|OAUTH_CLIENT)_\S+ reason=[a-z-]+ [\x20-\x7e…]{1,600}$/;
  for (const line of log) {
    assertMatch(line, reason, what);
    assertFalse(TOKEN.test(line) || leaks(line), `${what}: ${line}`);
  }
}

/** The error contract: 4xx, JSON with code, message and hint, CORS headers, no secret. Returns the code. */
export async function assertRefusal(response: Response, what: string): Promise<string> {
  const { status, headers } = response;
  const text = await response.text();
  assert(status >= 400 && status < 500, `${what}: ${status} ${text}`);
  const expected = { ...CORS_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store" };
  for (const [name, value] of Object.entries(expected)) assertEquals(headers.get(name), value, what);
  const body: Record<string, unknown> = JSON.parse(text);
  assertEquals(Object.keys(body), ["code", "message", "hint"], what);
  for (const sentence of Object.values(body)) assert(typeof sentence === "string" && sentence !== "", what);
  const code = `${body.code}`;
  assertEquals(new Map<string, { status: number }>(Object.entries(ERRORS)).get(code)?.status, status, what);
  const challenge = /^USER_TOKEN_(?!MISSING)/.test(code) ? 'Bearer error="invalid_token"' : "Bearer";
  if (status === 401) assertEquals(headers.get("WWW-Authenticate"), challenge, what);
  assertFalse(TOKEN.test(text) || leaks(text), `${what}: ${text}`);
  return code;
}

/** Whether a text gives anything away: a private member, a secret, a stack. */
export function leaks(text: string): boolean {
  return CONFIDENTIAL.some((secret) => text.includes(secret)) ||
    /\bat \S+:\d+:\d+|node_modules|\.ts\b.*:\d+/.test(text);
}
