import { apiKeyMatcher, isSecretKey, looksLikeApiKey } from "./api-key.ts";
import { PowerSyncAuthError } from "./errors.ts";
import type { Surroundings } from "./log.ts";
import { once } from "./once.ts";
import { isSet, readApiKeys, readSetting } from "./settings.ts";
import { type IssuerOptions, supabaseIssuer } from "./supabase-issuer.ts";
import type { VerifiedUser } from "./user.ts";
import { decodeToken, refused, verifyToken } from "./verify.ts";

export type CallerOptions = Surroundings & IssuerOptions;

/**
 * Makes the function that tells which signed-in user a request comes from. It reads the settings on its first call.
 *
 * @returns A function that throws `USER_TOKEN_MISSING`, whatever the verification of a token throws, and the settings'
 * errors.
 */
export function signedInCaller(
  { environment, ...options }: CallerOptions,
): (request: Request) => Promise<VerifiedUser> {
  const loadIssuers = once(async () => {
    const variables = environment();
    const list = readSetting(variables, "POWERSYNC_IDENTITY_PROVIDERS");
    if (list === undefined) return { supabase: supabaseIssuer(variables, options) };
    const { providerIssuers } = await import("./provider-issuer.ts");
    const providers = providerIssuers(list, variables, options);
    // An app whose users all come from other providers needs no Supabase.
    if (providers.size > 0 && !isSet(variables, "SUPABASE_URL")) return { providers };
    return { supabase: supabaseIssuer(variables, options), providers };
  });
  return async (request) => {
    const bearer = bearerOf(request);
    if (bearer === undefined) throw new PowerSyncAuthError("USER_TOKEN_MISSING");
    const { supabase, providers } = await loadIssuers();
    if (looksLikeApiKey(bearer)) throw refused("api-key");
    const token = decodeToken(bearer);
    const issuer = providers?.get(token.claims.iss) ?? supabase;
    if (issuer === undefined) throw refused("issuer", token);
    const user = await verifyToken(token, issuer, options.now());
    if (typeof user === "string") throw refused(user, token);
    return user;
  };
}

/**
 * Makes the function that lets a caller pass who sends one of the project's API keys, as `apikey` or as the bearer, or
 * who is signed in. It reads the settings on its first call.
 *
 * @returns A function that throws `API_KEY_MISSING`, `API_KEY_INVALID`, `API_KEY_IS_SECRET`, whatever the verification
 * of a token throws, and the settings' errors.
 */
export function apiKeyCaller(options: CallerOptions): (request: Request) => Promise<void> {
  const loadKeys = once(() => {
    const keys = readApiKeys(options.environment());
    return { isApiKey: apiKeyMatcher(keys), hasNewKind: keys.some(looksLikeApiKey) };
  });
  const requireUser = signedInCaller(options);
  return async (request) => {
    const { isApiKey, hasNewKind } = await loadKeys();
    const apiKey = request.headers.get("apikey") || undefined;
    const bearer = bearerOf(request);
    const sent = [apiKey, bearer].filter((credential) => credential !== undefined);
    if (sent.length === 0) throw new PowerSyncAuthError("API_KEY_MISSING");
    if (sent.every(isApiKey)) return;
    // Whoever sends a secret key to a function for the public has it where it must not be.
    if (sent.some(isSecretKey)) throw new PowerSyncAuthError("API_KEY_IS_SECRET");
    if (sent.some(isApiKey)) return;
    // The caller does what the documentation says, and the environment is behind.
    if (!hasNewKind && sent.some(looksLikeApiKey)) {
      throw new PowerSyncAuthError("API_KEY_INVALID", {
        message: "The API key is a publishable key, but the function knows only the legacy `anon` key.",
        hint: "Set SUPABASE_PUBLISHABLE_KEY in the function's environment, or send the `anon` key.",
        why: { reason: "only-legacy-key-known" },
      });
    }
    // Neither is one of the project's keys, so only the token of a user is left: three parts (RFC 7515, section 3.1).
    if (bearer?.split(".").length !== 3) throw new PowerSyncAuthError("API_KEY_INVALID");
    await requireUser(request).catch(asApiKeyAnswer);
  };
}

/** The credentials of `Authorization: Bearer …`, if any; the scheme's case does not matter (RFC 7235, section 2.1). */
function bearerOf(request: Request): string | undefined {
  const [scheme, credentials, ...rest] = (request.headers.get("Authorization") ?? "").split(/ +/);
  if (scheme?.toLowerCase() !== "bearer" || rest.length > 0) return undefined;
  return credentials || undefined;
}

/** A legacy API key is a JWT too; here it is the right kind of credential with the wrong value. */
function asApiKeyAnswer(error: unknown): never {
  if (!(error instanceof PowerSyncAuthError) || error.code !== "USER_TOKEN_IS_API_KEY") throw error;
  throw new PowerSyncAuthError("API_KEY_INVALID");
}
