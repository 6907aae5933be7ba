import type { SupabaseClient } from "@supabase/supabase-js";
import { invalidToken } from "./bearer.ts";
import { isJsonObject } from "./secret.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { fetchUpstream } from "./upstream.ts";
import { once } from "./once.ts";

/** Where the Auth server is, and the API key that its gateway wants. */
export interface AuthServerOptions {
  readonly supabaseUrl: string;
  readonly apiKey: () => string;
}

/** Statuses by which the Auth server says that the token is nobody's: unknown, signed out, deleted. */
const TOKEN_REFUSED = [401, 403, 404];

/**
 * Makes the function that asks the project's Auth server whose an access token is. It sees what the token alone does
 * not tell: that the user signed out or was deleted. supabase-js is loaded on the first call, and one client serves
 * all of them, without storage and timers.
 *
 * @returns A function from an access token to the user's id. It throws `USER_TOKEN_INVALID`,
 * `AUTH_SERVER_UNAVAILABLE`, and `SUPABASE_PUBLISHABLE_KEYS_INVALID` when the gateway refuses our own API key.
 */
export function authServer({ supabaseUrl, apiKey }: AuthServerOptions): (token: string) => Promise<string> {
  const connect = once(async (): Promise<SupabaseClient> => {
    const { createClient } = await import("@supabase/supabase-js");
    return createClient(supabaseUrl, apiKey(), {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: { fetch: fetchUpstream },
    });
  });
  return async (token) => {
    const client = await connect();
    const { data, error } = await client.auth.getUser(token).catch((cause: unknown) => {
      throw authServerUnavailable(cause);
    });
    if (error === null) return idOf(data.user);
    if (/api key/i.test(error.message)) throw apiKeyRefused();
    if (error.name === "AuthSessionMissingError" || TOKEN_REFUSED.includes(error.status ?? 0)) {
      throw invalidToken(error);
    }
    throw authServerUnavailable(error);
  };
}

/** The answer while the Auth server or its keys cannot be had. */
export function authServerUnavailable(cause?: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", {
    message: "Supabase Auth did not answer, so the access token could not be checked.",
    hint: "Try again in a moment. If it stays so, look at the project's Auth logs and at SUPABASE_URL.",
    cause,
  });
}

/** supabase-js passes on whatever JSON comes with a 2xx, and throws at `null`; only an id tells whose a token is. */
function idOf(user: unknown): string {
  if (isJsonObject(user) && typeof user.id === "string") return user.id;
  throw authServerUnavailable();
}

function apiKeyRefused(): PowerSyncAuthError {
  return new PowerSyncAuthError("SUPABASE_PUBLISHABLE_KEYS_INVALID", {
    message: "Supabase refused the API key with which the function asked about the access token.",
    hint: "Check that the project's publishable key is active; legacy keys may have been switched off.",
  });
}
