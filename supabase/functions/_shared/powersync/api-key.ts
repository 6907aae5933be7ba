import { decodeJwt } from "jose/jwt/decode";

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

/** Whether a text is a secret key, new (`sb_secret_…`) or legacy (`service_role`). */
export function isSecretKey(text: string): boolean {
  if (text.startsWith("sb_secret_")) return true;
  try {
    const { role, sub } = decodeJwt(text);
    // A user whose role is called like it has a subject.
    return role === "service_role" && sub === undefined;
  } catch {
    return false;
  }
}
