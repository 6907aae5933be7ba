import { apiKeyMatcher, refuseSecretKey } from "./api-key.ts";
import { bearerOf, decodeToken } from "./bearer.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { once } from "./once.ts";
import { type Environment, readApiKeys, readIdentityProviders, readUserTokenSettings } from "./settings.ts";
import { supabaseTokenVerifier } from "./supabase-token.ts";
import { tokenIsApiKey } from "./supabase-user.ts";
import type { VerifiedUser } from "./user.ts";

/** What recognising a caller depends on. */
export interface CallerOptions {
  readonly environment: () => Environment;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Makes the function that tells which signed-in user a request comes from. Settings are read on its first call.
 *
 * @returns A function that throws `USER_TOKEN_MISSING`, `USER_TOKEN_IS_API_KEY`, whatever the check of a token throws,
 * and the settings' errors.
 */
export function signedInCaller(
  { environment, now }: CallerOptions,
): (request: Request) => Promise<VerifiedUser> {
  const loadVerifier = once(() => bearerVerifier({ environment, now }));
  return async (request) => {
    const bearer = bearerOf(request);
    if (bearer === undefined) throw userTokenMissing();
    const verify = await loadVerifier();
    return await verify(bearer);
  };
}

/**
 * Makes the function that lets a caller pass who shows one of the project's API keys, as `apikey` or as the bearer, or
 * who is signed in. Settings are read on its first call.
 *
 * @returns A function that throws `API_KEY_MISSING`, `API_KEY_INVALID`, `API_KEY_IS_SECRET`, whatever the check of a
 * token throws, and the settings' errors.
 */
export function apiKeyCaller(options: CallerOptions): (request: Request) => Promise<void> {
  const loadMatcher = once(() => apiKeyMatcher(readApiKeys(options.environment())));
  const requireUser = signedInCaller(options);
  return async (request) => {
    const isApiKey = await loadMatcher();
    const apiKey = request.headers.get("apikey") || undefined;
    const bearer = bearerOf(request);
    const shown = [apiKey, bearer].filter((credential) => credential !== undefined);
    if (shown.length === 0) throw apiKeyMissing();
    if (shown.every(isApiKey)) return;
    shown.forEach(refuseSecretKey);
    if (shown.some(isApiKey)) return;
    // Neither is one of the project's keys, so only the token of a user is left: three parts (RFC 7515, section 3.1).
    if (bearer?.split(".").length !== 3) throw apiKeyInvalid();
    await requireUser(request).catch(asApiKeyAnswer);
  };
}

/** A token is verified by the one provider that its `iss` names, and otherwise as a Supabase user's. */
async function bearerVerifier(
  { environment, now }: CallerOptions,
): Promise<(bearer: string) => Promise<VerifiedUser>> {
  const settings = readUserTokenSettings(environment());
  const verifySupabaseToken = supabaseTokenVerifier({
    settings,
    apiKey: () => readApiKeys(environment())[0],
    now,
  });
  const list = readIdentityProviders(environment());
  const providers = list === undefined
    ? undefined
    : (await import("./identity-providers.ts")).verifiersByIssuer({ list, supabase: settings, now });
  return async (bearer) => {
    if (/^sb_(publishable|secret)_/.test(bearer)) throw tokenIsApiKey();
    const token = decodeToken(bearer);
    const verify = providers?.get(token.claims.iss) ?? verifySupabaseToken;
    return await verify(token);
  };
}

/** A legacy API key is a JWT too; here it is the right kind of credential with the wrong value. */
function asApiKeyAnswer(error: unknown): never {
  throw error instanceof PowerSyncAuthError && error.code === "USER_TOKEN_IS_API_KEY"
    ? apiKeyInvalid()
    : error;
}

function userTokenMissing(): PowerSyncAuthError {
  return new PowerSyncAuthError("USER_TOKEN_MISSING", {
    message: "The request carries no access token of a user.",
    hint: "Sign in and send the session's access token as `Authorization: Bearer <token>`; supabase-js does.",
  });
}

function apiKeyMissing(): PowerSyncAuthError {
  return new PowerSyncAuthError("API_KEY_MISSING", {
    message: "The request carries no API key.",
    hint: "Send the project's publishable key in the `apikey` header; supabase-js does.",
  });
}

function apiKeyInvalid(): PowerSyncAuthError {
  return new PowerSyncAuthError("API_KEY_INVALID", {
    message: "The API key is none of this project's.",
    hint: "Use the publishable key from the project's API settings; it may have been rotated.",
  });
}
