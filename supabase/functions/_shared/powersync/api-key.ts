import { decodeJwt } from "jose/jwt/decode";
import { PowerSyncAuthError } from "./errors.ts";

/**
 * Makes the function that tells whether a text is one of the project's API keys, in a time that does not depend on
 * how much of it is right.
 */
export function apiKeyMatcher(keys: readonly string[]): (candidate: string) => boolean {
  return (candidate) => keys.filter((key) => isEqual(key, candidate)).length > 0;
}

/** Compares every character, whatever it finds; only the length, which is not secret, ends it early. */
function isEqual(key: string, candidate: string): boolean {
  if (key.length !== candidate.length) return false;
  let difference = 0;
  for (let i = 0; i < key.length; i++) difference |= key.charCodeAt(i) ^ candidate.charCodeAt(i);
  return difference === 0;
}

/** Whether a text is an API key of the newer kind, which is not a JWT. */
export function looksLikeApiKey(text: string): boolean {
  return /^sb_(publishable|secret)_/.test(text);
}

/**
 * Refuses a secret key, new (`sb_secret_…`) or legacy (`service_role`): whoever sends one to a function for the public
 * has it where it must not be.
 *
 * @throws {PowerSyncAuthError} `API_KEY_IS_SECRET`
 */
export function refuseSecretKey(candidate: string): void {
  if (!candidate.startsWith("sb_secret_") && !isLegacySecretKey(candidate)) return;
  throw new PowerSyncAuthError("API_KEY_IS_SECRET");
}

/** A user whose role is called like it has a subject. */
function isLegacySecretKey(candidate: string): boolean {
  try {
    const { role, sub } = decodeJwt(candidate);
    return role === "service_role" && sub === undefined;
  } catch {
    return false;
  }
}
