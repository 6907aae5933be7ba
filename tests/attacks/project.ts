/**
 * The project under attack: its keys, its functions on loopback, a stand-in of its Auth server that refuses every
 * token and counts, and a trap that no request may ever reach.
 */
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import {
  type AuthStandIn,
  base64,
  POWERSYNC_URL,
  PUBLISHABLE_KEY,
  startAuthStandIn,
} from "../support/project.ts";
import { makeKey, type TestKey } from "../support/signing.ts";

export const SECRET_KEY = "sb_secret_test";

/** The project's signing keys, one of each type, all in `SUPABASE_JWKS`. */
export const projectKeys = {
  ES256: await makeKey("ES256", "project-ec"),
  RS256: await makeKey("RS256", "project-rsa"),
  EdDSA: await makeKey("EdDSA", "project-ed"),
};
/** Shown only by the Auth server's JWKS. */
export const remoteKey = await makeKey("ES256", "project-remote");
/** Of another project, or of an attacker. */
export const foreignKey = await makeKey("ES256", "foreign");
const powersyncKey = await makeKey("ES256", "powersync-test");

/** What must show in no answer: private members and whole secrets. */
const CONFIDENTIAL = [SECRET_KEY, base64(powersyncKey.privateJwk), ...privateMembers(powersyncKey)];

/** The functions of a fresh isolate, served on loopback. */
export interface Target {
  readonly port: number;
  readonly auth: AuthStandIn;
  /** Connections to the URL that hostile headers name. */
  readonly trapped: () => number;
  readonly trapUrl: string;
  /** Requests with an `Authorization` header that Deno handed to a function. */
  readonly authorized: () => number;
  /** What the functions logged. */
  readonly log: readonly string[];
  /** Forgets everything, as a new isolate does. */
  reset(): void;
}

/** Serves the three functions under their names while a test runs. */
export async function withTarget(test: (target: Target) => Promise<void>): Promise<void> {
  const auth = startAuthStandIn([remoteKey.publicJwk]);
  auth.user = () => Response.json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, { status: 403 });
  let trapped = 0;
  const quiet = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const trap = Deno.serve(quiet, () => {
    trapped += 1;
    return Response.json({ keys: [foreignKey.publicJwk] });
  });
  let authorized = 0;
  let functions = freshFunctions(auth.url);
  const server = Deno.serve(quiet, (request) => {
    if (request.headers.has("Authorization")) authorized += 1;
    // Deno hands over even a URL that cannot be parsed; the functions do not read it.
    const name = /\/([\w-]+)(\?.*)?$/.exec(request.url)?.[1] ?? "";
    return functions.get(name)?.(request) ?? new Response(null, { status: 404 });
  });
  const log: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void log.push(parts.join(" "));
  try {
    await test({
      port: server.addr.port,
      auth,
      trapped: () => trapped,
      authorized: () => authorized,
      trapUrl: `http://127.0.0.1:${trap.addr.port}`,
      log,
      reset: () => {
        functions = freshFunctions(auth.url);
        Object.assign(auth.calls, { jwks: 0, user: 0 });
        log.length = 0;
      },
    });
  } finally {
    console.error = original;
    await Promise.all([server.shutdown(), trap.shutdown(), auth.close()]);
  }
}

/** Whether a text gives anything away: a private member, a secret, a stack. */
export function leaks(text: string): boolean {
  return CONFIDENTIAL.some((secret) => text.includes(secret)) ||
    /\bat \S+:\d+:\d+|node_modules|\.ts\b.*:\d+/.test(text);
}

function freshFunctions(supabaseUrl: string): Map<string, (request: Request) => Promise<Response>> {
  const inline = Object.values(projectKeys).map(({ publicJwk }) => publicJwk);
  const environment = () => ({
    POWERSYNC_PRIVATE_KEY: base64(powersyncKey.privateJwk),
    POWERSYNC_URL,
    SUPABASE_URL: supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET_KEY }),
    SUPABASE_JWKS: JSON.stringify({ keys: inline }),
  });
  return new Map([
    ["powersync-jwks", powersyncJwks({ environment })],
    ["powersync-auth", powersyncAuth({ environment })],
    ["powersync-auth-anonymous", powersyncAuthAnonymous({ environment })],
  ]);
}

function privateMembers({ privateJwk: { d } }: TestKey): string[] {
  return d === undefined ? [] : [d];
}
