import type { SupabaseClient } from "@supabase/supabase-js";
import { PowerSyncAuthError } from "./errors.ts";
import { once } from "./once.ts";
import { isJsonObject } from "./secret.ts";
import { fetchUpstream, type UpstreamLimits } from "./upstream.ts";

/** Open questions of one isolate. Hosted isolates have 256 MB; a flood of forged tokens must not fill them. */
const MAX_QUESTIONS = 64;
/** Those of them that are about key IDs which the Auth server has not confirmed: anybody can invent key IDs. */
const MAX_UNCONFIRMED = 16;
/** Confirmed key IDs to remember. A rotation adds one. */
const MAX_CONFIRMED_KIDS = 16;

/** Where the Auth server is, and the API key that its gateway wants. */
export interface AuthServerOptions {
  readonly supabaseUrl: string;
  readonly apiKey: () => string;
  readonly limits?: UpstreamLimits | undefined;
}

/** A question to the Auth server. */
export interface Question {
  readonly token: string;
  /** The token's key ID, where no published key has it. */
  readonly unknownKid?: string | undefined;
}

/** Statuses by which the Auth server refuses a token. */
const TOKEN_REFUSED = [401, 403];

/** How the gateway in front refuses an API key: the hosted one, and Kong (`key-auth` and `acl`). */
const API_KEY_REFUSED =
  /api key|^(Invalid authentication credentials|Unauthorized|You cannot consume this service)$/i;

/**
 * Makes the function that asks the project's Auth server whose an access token is. It knows what a token alone does not
 * tell: that its user signed out or was deleted. Questions are bounded in number and time, and equal ones are shared.
 *
 * @returns A function from a question to the user's ID, or to `undefined` when the server refuses the token: it is
 * unknown, its user signed out or was deleted. It throws `AUTH_SERVER_UNAVAILABLE`, `AUTH_SERVER_LIMIT_REACHED`, and
 * `SUPABASE_PUBLISHABLE_KEYS_INVALID` when the gateway refuses our own API key.
 */
export function authServer(options: AuthServerOptions): (question: Question) => Promise<string | undefined> {
  const ask = userLookup(options);
  const open = new Map<string, Promise<string | undefined>>();
  const confirmed = new Set<string>();
  let unconfirmed = 0;

  async function answer(token: string, unknownKid: string | undefined): Promise<string | undefined> {
    if (unknownKid === undefined || confirmed.has(unknownKid)) return await ask(token);
    unconfirmed += 1;
    try {
      const id = await ask(token);
      if (id !== undefined) confirmed.add(unknownKid);
      const [oldest = ""] = confirmed;
      if (confirmed.size > MAX_CONFIRMED_KIDS) confirmed.delete(oldest);
      return id;
    } finally {
      unconfirmed -= 1;
    }
  }

  return async ({ token, unknownKid }) => {
    // PowerSync's JS SDK asks twice for each renewal.
    const same = open.get(token);
    if (same !== undefined) return await same;
    const isUnconfirmed = unknownKid !== undefined && !confirmed.has(unknownKid);
    if (open.size >= MAX_QUESTIONS || (isUnconfirmed && unconfirmed >= MAX_UNCONFIRMED)) {
      throw new PowerSyncAuthError("AUTH_SERVER_LIMIT_REACHED", { retryAfterSeconds: 1 });
    }
    const answered = answer(token, unknownKid).finally(() => open.delete(token));
    open.set(token, answered);
    return await answered;
  };
}

/** One client of supabase-js for all questions, without storage and timers. It is loaded for the first one. */
function userLookup(
  { supabaseUrl, apiKey, limits }: AuthServerOptions,
): (token: string) => Promise<string | undefined> {
  const connect = once(async (): Promise<SupabaseClient> => {
    const { createClient } = await import("@supabase/supabase-js");
    return createClient(supabaseUrl, apiKey(), {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: { fetch: (input, init) => fetchUpstream(input, init, limits) },
    });
  });
  return async (token) => {
    const client = await connect();
    const { data, error } = await client.auth.getUser(token).catch((cause: unknown) => {
      throw new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", { cause });
    });
    if (error === null) return idOf(data.user);
    // Auth's own errors have a code.
    if (error.code === undefined && API_KEY_REFUSED.test(error.message)) {
      throw new PowerSyncAuthError("SUPABASE_PUBLISHABLE_KEYS_INVALID", {
        message: "Supabase refused the API key with which the function asked about an access token.",
        hint: "Check that the project's publishable key is active; legacy keys may be disabled.",
      });
    }
    if (error.name === "AuthSessionMissingError" || TOKEN_REFUSED.includes(error.status ?? 0)) {
      return undefined;
    }
    throw new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", { cause: error });
  };
}

/** supabase-js passes on whatever JSON comes with a 2xx; only an ID tells whose token it is. */
function idOf(user: unknown): string {
  if (isJsonObject(user) && typeof user.id === "string") return user.id;
  throw new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE");
}
