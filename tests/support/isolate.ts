/** One isolate of powersync-auth, with a clock of its own, whose neighbour is the one given. */
import { assertEquals } from "@std/assert";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { base64, POWERSYNC_URL, PUBLISHABLE_KEY, signLegacyToken, userClaims } from "./project.ts";
import { makeKey, sign, type TestKey } from "./signing.ts";
import { withShortTimeOuts } from "./time_outs.ts";

const powersyncKey = await makeKey("ES256", "powersync-test");
/** The project's key, which the Auth server publishes. */
export const projectKey = await makeKey("ES256", "project");

/** What a request led to: the status and, if it is an error, the code. */
export type Outcome = `${number}` | `${number} ${string}`;

/** A running function. */
export interface Isolate {
  /** Lets time pass for it. */
  pass(seconds: number): void;
  /** Calls it with a user's token. */
  call(token: string): Promise<Outcome>;
}

/** Starts an isolate that knows no key but those that its neighbour shows. */
export function startIsolate(supabaseUrl: string, changes: Record<string, string> = {}): Isolate {
  let passedMs = 0;
  const environment = {
    POWERSYNC_PRIVATE_KEY: base64(powersyncKey.privateJwk),
    POWERSYNC_URL,
    SUPABASE_URL: supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    ...changes,
  };
  const respond = powersyncAuth({ environment: () => environment, now: () => Date.now() + passedMs });
  return {
    pass: (seconds) => void (passedMs += seconds * 1000),
    async call(token) {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await respond(new Request("http://localhost/powersync-auth", { headers }));
      const { status } = response;
      const body: Record<string, unknown> = await response.json();
      assertEquals(
        response.headers.get("Access-Control-Allow-Origin"),
        CORS_HEADERS["Access-Control-Allow-Origin"],
      );
      assertEquals(response.headers.has("Retry-After"), status === 503);
      if (status === 200) return "200";
      assertEquals(Object.keys(body), ["code", "message", "hint"]);
      return `${status} ${body.code}`;
    },
  };
}

/** A user's token, signed by the project's key unless it is stated. It outlives every test's clock. */
export function userToken(key: TestKey = projectKey): Promise<string> {
  return sign(userClaims({ exp: Math.floor(Date.now() / 1000) + 86_400 }), { key });
}

/** A legacy user's token. */
export function legacyToken(): Promise<string> {
  return signLegacyToken(userClaims({ exp: Math.floor(Date.now() / 1000) + 86_400 }));
}

/** Runs with the log silenced: each 5xx leaves a line. */
export async function quietly(run: () => Promise<void>): Promise<void> {
  const original = console.error;
  console.error = () => {};
  try {
    await run();
  } finally {
    console.error = original;
  }
}

/** Waits for a silent neighbour only as long as it takes to be silent. */
export async function impatiently(run: () => Promise<void>): Promise<void> {
  await withShortTimeOuts(50, run);
}
