/**
 * The one fixture that starts the functions, with a clock and an environment that a test can change. Benchmarks use it
 * too, so it imports nothing from JSR.
 */
import type { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { logTo } from "../../supabase/functions/_shared/powersync/log.ts";
import { UPSTREAM_TIMEOUT_MS } from "../../supabase/functions/_shared/powersync/upstream.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import { answer, outcome } from "./answer.ts";
import { printedBy } from "./log.ts";
import { base64, POWERSYNC_URL, projectKeys, PUBLISHABLE_KEY, SECRET_KEY, USER_ISSUER } from "./project.ts";
import { makeKey, type TestKey } from "./signing.ts";

/** The functions that issue tokens. */
export const AUTH_FUNCTIONS = ["powersync-auth", "powersync-auth-anonymous"] as const;
export const FUNCTION_NAMES = ["powersync-jwks", ...AUTH_FUNCTIONS] as const;
export type FunctionName = typeof FUNCTION_NAMES[number];

/** The key that signs PowerSync tokens. */
export const powersyncKey = await makeKey("ES256", "powersync-0123456789");

/** What a test changes of the project. */
export interface StartOptions {
  /** Where Supabase is; nothing listens there by default. */
  readonly url?: string;
  /** The keys in `SUPABASE_JWKS`: one of each type by default. */
  readonly inline?: readonly TestKey[];
  /** What `POWERSYNC_IDENTITY_PROVIDERS` holds. */
  readonly providers?: unknown;
  readonly environment?: Readonly<Record<string, string>>;
  /** The whole environment, in place of all that the options above set. */
  readonly whole?: Record<string, string>;
  /** What stands in claims.ts; of any type, because the functions check it. */
  readonly claims?: (user: VerifiedUser | undefined, request: Request) => unknown;
  /** The limit on each question to an upstream; a test may change it later. */
  readonly limits?: { timeoutMs: number };
  /** The limit on claims.ts. */
  readonly claimsTimeoutMs?: number;
}

/** The functions of one isolate. */
export type StartedFunctions = ReturnType<typeof startFunctions>;

/** The environment of the functions, as the platform and the README's commands set it. */
export function environmentOf(
  { url = "http://127.0.0.1:9", inline = Object.values(projectKeys), providers, environment }: StartOptions =
    {},
): Record<string, string> {
  return {
    POWERSYNC_PRIVATE_KEY: base64(powersyncKey.privateJwk),
    POWERSYNC_URL,
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET_KEY }),
    POWERSYNC_USER_ISSUER: USER_ISSUER,
    SUPABASE_JWKS: JSON.stringify({ keys: inline.map(({ publicJwk }) => publicJwk) }),
    ...(providers === undefined ? {} : { POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify(providers) }),
    ...environment,
  };
}

/** Starts the three functions as a new isolate does. */
export function startFunctions(options: StartOptions = {}) {
  const { claims = (user) => ({ sub: user?.id ?? "anonymous" }), claimsTimeoutMs } = options;
  /** Milliseconds since 1970; a test moves it. */
  const clock = { ms: Date.now() };
  /** Read when a function is first called. */
  const environment = options.whole ?? environmentOf(options);
  /** The user that claims.ts saw last. */
  const seen: { user: VerifiedUser | undefined } = { user: undefined };
  /** The lines that the functions have logged. */
  const log: string[] = [];
  const given = (name: FunctionName) => {
    const read = { environment: () => environment, now: () => clock.ms };
    const write = logTo(name, read);
    return {
      ...read,
      ...(claimsTimeoutMs === undefined ? {} : { claimsTimeoutMs }),
      log: (error: PowerSyncAuthError) => void log.push(...printedBy(() => write(error))),
      limits: options.limits ?? { timeoutMs: UPSTREAM_TIMEOUT_MS },
    };
  };
  const handlers = {
    "powersync-jwks": powersyncJwks(given("powersync-jwks")),
    "powersync-auth": powersyncAuth({
      ...given("powersync-auth"),
      claims: (user, request) => claims(seen.user = user, request),
    }),
    "powersync-auth-anonymous": powersyncAuthAnonymous({
      ...given("powersync-auth-anonymous"),
      claims: (request) => claims(seen.user = undefined, request),
    }),
  };
  /** Calls a function. */
  const send = (name: FunctionName, init: { method?: string; headers?: Record<string, string> } = {}) =>
    handlers[name](new Request(`http://localhost/${name}`, init));
  /** Calls a function and reads its answer. */
  const ask = async (name: FunctionName, headers: Record<string, string> = {}) =>
    await answer(await send(name, { headers }));
  /** Sends a token to powersync-auth. */
  const askWith = (token: string) => ask("powersync-auth", bearer(token));
  /** The same: `200`, or the status and the code. */
  const code = async (token: string) => await outcome(await askWith(token));
  /** The same: the PowerSync user, or the status and the code. */
  const userOf = async (token: string): Promise<string> => {
    const found = await askWith(token);
    return found.status === 200 ? found.body.user_id : await outcome(found);
  };
  /** Calls powersync-auth-anonymous: `200`, or the status and the code. */
  const anonymousCode = async (headers: Record<string, string>) =>
    await outcome(await ask("powersync-auth-anonymous", headers));
  return { clock, environment, seen, log, handlers, send, ask, askWith, code, userOf, anonymousCode };
}

/** The header that carries a token. */
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
