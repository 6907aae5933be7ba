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
import { type Answer, answer, outcome } from "./answer.ts";
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
  /** `POWERSYNC_IDENTITY_PROVIDERS`, as the secret or as what it holds. */
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
export interface StartedFunctions {
  /** Milliseconds since 1970; a test moves it. */
  readonly clock: { ms: number };
  /** Read when a function is first called. */
  readonly environment: Record<string, string>;
  /** The user that claims.ts saw last. */
  readonly seen: { user: VerifiedUser | undefined };
  /** The lines that the functions have logged. */
  readonly log: string[];
  readonly handlers: Readonly<Record<FunctionName, (request: Request) => Promise<Response>>>;
  /** Calls a function. */
  send(name: FunctionName, init?: { method?: string; headers?: Record<string, string> }): Promise<Response>;
  /** Calls a function and reads its answer. */
  ask(name: FunctionName, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a token to powersync-auth. */
  askWith(token: string): Promise<Answer>;
  /** The same: `200`, or the status and the code. */
  code(token: string): Promise<string>;
  /** The same: the PowerSync user, or the status and the code. */
  userOf(token: string): Promise<string>;
  /** Calls powersync-auth-anonymous: `200`, or the status and the code. */
  anonymousCode(headers: Record<string, string>): Promise<string>;
}

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
    ...(providers === undefined ? {} : {
      POWERSYNC_IDENTITY_PROVIDERS: typeof providers === "string" ? providers : JSON.stringify(providers),
    }),
    ...environment,
  };
}

/** Starts the three functions as a new isolate does. */
export function startFunctions(options: StartOptions = {}): StartedFunctions {
  const { claims = (user) => ({ sub: user?.id ?? "anonymous" }), claimsTimeoutMs } = options;
  const clock = { ms: Date.now() };
  const environment = options.whole ?? environmentOf(options);
  const seen: StartedFunctions["seen"] = { user: undefined };
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
  const send: StartedFunctions["send"] = (name, init = {}) =>
    handlers[name](new Request(`http://localhost/${name}`, init));
  const ask: StartedFunctions["ask"] = async (name, headers = {}) =>
    await answer(await send(name, { headers }));
  const askWith = (token: string) => ask("powersync-auth", bearer(token));
  return {
    clock,
    environment,
    seen,
    log,
    handlers,
    send,
    ask,
    askWith,
    code: async (token) => await outcome(await askWith(token)),
    async userOf(token) {
      const found = await askWith(token);
      return found.status === 200 ? found.body.user_id : await outcome(found);
    },
    anonymousCode: async (headers) => await outcome(await ask("powersync-auth-anonymous", headers)),
  };
}

/** The header that carries a token. */
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
