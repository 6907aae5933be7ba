/** One hostile token, and the check that it leads nowhere. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { ErrorCode } from "../../supabase/functions/_shared/powersync/errors.ts";
import { CORS_HEADERS, HTTP_STATUS } from "../../supabase/functions/_shared/powersync/http.ts";
import { leaks, type Target, withTarget } from "./project.ts";

/** A token that must be refused. */
export interface Attack {
  readonly name: string;
  /** The bearer. Given the URL of a server that must not be asked. */
  readonly token: string | ((trapUrl: string) => string | Promise<string>);
  /** `USER_TOKEN_INVALID` where it is not stated. */
  readonly code?: ErrorCode;
  /** What the Auth server is asked; nothing where it is not stated. */
  readonly calls?: { readonly jwks: number; readonly user: number };
}

/** A key that no published set shows may have been made a moment ago: the Auth server is the one who knows. */
export const UNKNOWN_KEY_CALLS = { jwks: 1, user: 1 };

/** A legacy token is checked by the Auth server alone. */
export const LEGACY_CALLS = { jwks: 0, user: 1 };

/** Not a bound on speed, which would fail on a busy machine: a request that hangs must fail a test. */
const HANG_MS = 30_000;

/** Registers one test that tries every attack on both functions that issue tokens. */
export function testAttacks(title: string, attacks: readonly Attack[]): void {
  Deno.test(title, async () => {
    assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length, "names are unique");
    await withTarget(async (target) => {
      for (const attack of attacks) {
        for (const name of ["powersync-auth", "powersync-auth-anonymous"]) {
          await tryAttack(attack, target, name);
        }
      }
    });
  });
}

async function tryAttack(attack: Attack, target: Target, functionName: string): Promise<void> {
  target.reset();
  const what = `${functionName}: ${attack.name}`;
  const token = typeof attack.token === "string" ? attack.token : await attack.token(target.trapUrl);
  const response = await fetch(`http://127.0.0.1:${target.port}/${functionName}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(HANG_MS),
  });
  const code = await assertRefusal(response, what);
  // A text that is no JWT may be meant as an API key where one is expected; so may a legacy key.
  const asApiKey = functionName === "powersync-auth-anonymous" &&
    (token.split(".").length !== 3 || attack.code === "USER_TOKEN_IS_API_KEY");
  const expected = attack.code ?? "USER_TOKEN_INVALID";
  if (!asApiKey) assertEquals(code, expected, what);
  else assertMatch(code, /^API_KEY_(INVALID|MISSING|IS_SECRET)$|^USER_TOKEN_/, what);
  const { jwks, user } = target.auth.calls;
  assertEquals({ jwks, user }, asApiKey ? { jwks: 0, user: 0 } : attack.calls ?? { jwks: 0, user: 0 }, what);
  assertEquals(target.trapped(), 0, `${what}: fetched what the token names`);
  assertEquals(target.log, [], `${what}: a caller's fault is not logged`);
}

/** The error contract: 4xx, JSON of three sentences, CORS headers, nothing given away. Returns the code. */
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
  assertEquals(Object.entries(HTTP_STATUS).find(([code]) => code === body.code)?.[1], response.status, what);
  if (response.status === 401) assertEquals(response.headers.get("WWW-Authenticate"), "Bearer", what);
  assertFalse(/eyJ|ey[A-Za-z0-9_-]{20,}\./.test(text) || leaks(text), `${what}: ${text}`);
  return `${body.code}`;
}
