/** One attack on the functions of a project, served on loopback, and the check that it leads nowhere. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { FUNCTION_NAMES, powersyncKey, startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { base64, SECRET_KEY } from "../support/project.ts";
import { serve } from "../support/serving.ts";
import { makeKey } from "../support/signing.ts";

/** Shown only by the Auth server's JWKS. */
export const remoteKey = await makeKey("ES256", "project-remote");
/** Belongs to another project, or to an attacker. */
export const foreignKey = await makeKey("ES256", "foreign");

/** Private members and whole secrets, which no answer may show. */
const CONFIDENTIAL = [SECRET_KEY, base64(powersyncKey.privateJwk), `${powersyncKey.privateJwk.d}`];

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

/** Not a bound on speed, which would fail on a busy machine: a request that hangs must fail a test. */
const HANG_MS = 30_000;

/** The functions of one isolate, and what they must leave alone. */
export interface Target {
  readonly port: number;
  readonly auth: AuthStandIn;
  /** Where the headers of hostile tokens lead. */
  readonly trapUrl: string;
  /** Requests to that URL. */
  readonly trapped: () => number;
  /** Requests with an `Authorization` header that Deno handed to a function. */
  readonly authorized: () => number;
  readonly log: readonly string[];
  /** Forgets everything, as a new isolate does. */
  reset(): void;
}

/** Serves the three functions under their names while a test runs. */
export async function withTarget(test: (target: Target) => Promise<void>): Promise<void> {
  await using auth = new AuthStandIn([remoteKey.publicJwk]);
  let trapped = 0;
  await using trap = serve(() => {
    trapped += 1;
    return Response.json({ keys: [foreignKey.publicJwk] });
  });
  let authorized = 0;
  let functions = startFunctions(auth);
  await using server = serve((request) => {
    if (request.headers.has("Authorization")) authorized += 1;
    // Deno hands over even a URL that cannot be parsed; the functions do not read it.
    const path = /\/([\w-]+)(\?.*)?$/.exec(request.url)?.[1];
    const name = FUNCTION_NAMES.find((name) => name === path);
    return name === undefined ? new Response(null, { status: 404 }) : functions.handlers[name](request);
  });
  await captureLog(async (log) => {
    await test({
      port: Number(new URL(server.url).port),
      auth,
      trapUrl: trap.url,
      trapped: () => trapped,
      authorized: () => authorized,
      log,
      reset() {
        functions = startFunctions(auth);
        Object.assign(auth.calls, { jwks: 0, user: 0 });
        log.length = 0;
      },
    });
  });
}

/** Registers one test that tries every attack on both functions that issue tokens. */
export function testAttacks(title: string, attacks: readonly Attack[]): void {
  Deno.test(title, async () => {
    assertEquals(new Set(attacks.map(([name]) => name)).size, attacks.length, "names are unique");
    await withTarget(async (target) => {
      for (const attack of attacks) {
        for (const name of ["powersync-auth", "powersync-auth-anonymous"]) {
          await tryAttack(attack, target, name);
        }
      }
    });
  });
}

async function tryAttack(
  [name, given, { code: expected = "USER_TOKEN_INVALID", calls } = {}]: Attack,
  target: Target,
  functionName: string,
): Promise<void> {
  target.reset();
  const what = `${functionName}: ${name}`;
  const token = typeof given === "string" ? given : await given(target.trapUrl);
  const response = await fetch(`http://127.0.0.1:${target.port}/${functionName}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(HANG_MS),
  });
  const code = await assertRefusal(response, what);
  // Where an API key is expected, a text that is not a JWT may be meant as one; so may a legacy key.
  const asApiKey = functionName === "powersync-auth-anonymous" &&
    (token.split(".").length !== 3 || expected === "USER_TOKEN_IS_API_KEY");
  if (!asApiKey) assertEquals(code, expected, what);
  else assertMatch(code, /^API_KEY_(INVALID|MISSING|IS_SECRET)$|^USER_TOKEN_/, what);
  assertAsked(target, asApiKey ? undefined : calls, what);
  assertEquals(target.trapped(), 0, `${what}: fetched what the token names`);
}

/** The Auth server was asked this often, nothing where it is not stated, and the log has no more than the reason. */
export function assertAsked({ auth, log }: Target, calls = { jwks: 0, user: 0 }, what = ""): void {
  assertEquals({ ...auth.calls }, calls, what);
  assertReasonsOnly(log, what);
}

/** The log of refused tokens says why in a line, and nothing secret. */
export function assertReasonsOnly(log: readonly string[], what = ""): void {
  for (const line of log) {
    assertMatch(
      line,
      /^powersync-auth\S* (USER_TOKEN|OAUTH_CLIENT)_\S+ reason=[a-z-]+ [\x20-\x7e…]{1,600}$/,
      what,
    );
    assertFalse(/eyJ|ey[A-Za-z0-9_-]{20,}\./.test(line) || leaks(line), `${what}: ${line}`);
  }
}

/** The error contract: 4xx, JSON with code, message and hint, CORS headers, no secret. Returns the code. */
export async function assertRefusal(response: Response, what: string): Promise<string> {
  const text = await response.text();
  assert(response.status >= 400 && response.status < 500, `${what}: ${response.status} ${text}`);
  assertEquals(response.headers.get("Content-Type"), "application/json", what);
  assertEquals(response.headers.get("Cache-Control"), "no-store", what);
  for (const [name, value] of Object.entries(CORS_HEADERS)) {
    assertEquals(response.headers.get(name), value, what);
  }
  const body: Record<string, unknown> = JSON.parse(text);
  assertEquals(Object.keys(body), ["code", "message", "hint"], what);
  for (const sentence of Object.values(body)) assert(typeof sentence === "string" && sentence !== "", what);
  assertEquals(
    Object.entries(ERRORS).find(([code]) => code === body.code)?.[1].status,
    response.status,
    what,
  );
  if (response.status === 401) {
    const sent = `${body.code}`.startsWith("USER_TOKEN_") && body.code !== "USER_TOKEN_MISSING";
    const challenge = sent ? 'Bearer error="invalid_token"' : "Bearer";
    assertEquals(response.headers.get("WWW-Authenticate"), challenge, what);
  }
  assertFalse(/eyJ|ey[A-Za-z0-9_-]{20,}\./.test(text) || leaks(text), `${what}: ${text}`);
  return `${body.code}`;
}

/** Whether a text gives anything away: a private member, a secret, a stack. */
export function leaks(text: string): boolean {
  return CONFIDENTIAL.some((secret) => text.includes(secret)) ||
    /\bat \S+:\d+:\d+|node_modules|\.ts\b.*:\d+/.test(text);
}
