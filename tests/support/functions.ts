/**
 * The one fixture that starts the functions, with a clock and an environment that a test can change. Benchmarks use it
 * too, so it imports nothing from JSR.
 */
import { UPSTREAM_TIMEOUT_MS } from "../../supabase/functions/_shared/powersync/upstream.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import { type Answer, answer, outcome } from "./answer.ts";
import { base64, POWERSYNC_URL, projectKeys, PUBLISHABLE_KEY, SECRET_KEY, USER_ISSUER } from "./project.ts";
import { makeKey, type TestKey } from "./signing.ts";

export const FUNCTION_NAMES = ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"] as const;
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
  /** The limit on each question to an upstream. */
  readonly upstreamTimeoutMs?: number;
  /** The limit on claims.ts. */
  readonly claimsTimeoutMs?: number;
}

/** The functions of one isolate. */
export interface StartedFunctions {
  /** Milliseconds since 1970; a test moves it. */
  readonly clock: { ms: number };
  /** The limit on each question to an upstream; a test changes it. */
  readonly limits: { timeoutMs: number };
  /** Read when a function is first called. */
  readonly environment: Record<string, string>;
  /** The user that claims.ts saw last. */
  readonly seen: { user: VerifiedUser | undefined };
  readonly handlers: Readonly<Record<FunctionName, (request: Request) => Promise<Response>>>;
  /** Calls a function. */
  send(name: FunctionName, init?: { method?: string; headers?: Record<string, string> }): Promise<Response>;
  /** Calls a function and reads its answer. */
  ask(name: FunctionName, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a token to powersync-auth: `200`, or the status and the code. */
  code(token: string): Promise<string>;
  /** Sends a token to powersync-auth: the PowerSync user, or the status and the code. */
  userOf(token: string): Promise<string>;
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
  const {
    claims = (user) => ({ sub: user?.id ?? "anonymous" }),
    upstreamTimeoutMs = UPSTREAM_TIMEOUT_MS,
    claimsTimeoutMs,
  } = options;
  const clock = { ms: Date.now() };
  const limits = { timeoutMs: upstreamTimeoutMs };
  const environment = options.whole ?? environmentOf(options);
  const seen: StartedFunctions["seen"] = { user: undefined };
  const given = {
    environment: () => environment,
    now: () => clock.ms,
    ...(claimsTimeoutMs === undefined ? {} : { claimsTimeoutMs }),
    limits,
  };
  const handlers = {
    "powersync-jwks": powersyncJwks(given),
    "powersync-auth": powersyncAuth({
      ...given,
      claims: (user, request) => claims(seen.user = user, request),
    }),
    "powersync-auth-anonymous": powersyncAuthAnonymous({
      ...given,
      claims: (request) => claims(seen.user = undefined, request),
    }),
  };
  const send: StartedFunctions["send"] = (name, init = {}) =>
    handlers[name](new Request(`http://localhost/${name}`, init));
  const ask: StartedFunctions["ask"] = async (name, headers = {}) =>
    await answer(await send(name, { headers }));
  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
  return {
    clock,
    limits,
    environment,
    seen,
    handlers,
    send,
    ask,
    code: async (token) => await outcome(await send("powersync-auth", bearer(token))),
    async userOf(token) {
      const { status, body } = await answer(await send("powersync-auth", bearer(token)));
      return status === 200 ? body.user_id : `${status} ${body.code}`;
    },
  };
}

/** Starts the functions of a project that leaves POWERSYNC_USER_ISSUER to its default. */
export function startWithoutUserIssuer(
  { url }: { readonly url: string },
  { environment, ...options }: StartOptions = {},
): StartedFunctions {
  return startFunctions({ url, environment: { POWERSYNC_USER_ISSUER: "", ...environment }, ...options });
}
