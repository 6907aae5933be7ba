/** Longest run of token or key characters that is shown; Key IDs and thumbprints (43 characters) are shorter. */
const LONGEST_SHOWN_RUN = 44;

/**
 * What may be printed of a text that came from outside: no JWT, no long run of base64, no API key, no control character.
 *
 * @param text The text.
 * @param secrets Values that must not be shown wherever they stand.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((secret) => secret.length >= 8)
    .reduce((rest, secret) => rest.replaceAll(secret, "[hidden]"), text);
  return known
    .replace(/:\/\/[^\s/@]*@/g, "://[hidden]@")
    .replace(/eyJ[\w-]+(\.[\w-]*)*/g, "[token hidden]")
    .replace(/sb_(secret|publishable)_[\w-]+/g, "[API key hidden]")
    .replace(new RegExp(`[A-Za-z0-9+_-]{${LONGEST_SHOWN_RUN},}={0,2}`, "g"), "[hidden]")
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
}
