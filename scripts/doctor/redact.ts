import { visible } from "../cli/shown.ts";

/** Longest run of token or key characters that is shown; Key IDs and thumbprints (43 characters) are shorter. */
const LONGEST_SHOWN_RUN = 44;

/**
 * A text from outside without JWTs, long runs of base64, API keys and characters that a terminal acts on.
 *
 * @param text The text.
 * @param secrets Values that must never be shown.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  return redactCommand(text, secrets)
    .replace(/eyJ[\w-]+/g, "[token hidden]")
    .replace(new RegExp(`[A-Za-z0-9+_-]{${LONGEST_SHOWN_RUN},}={0,2}`, "g"), "[hidden]");
}

/** The same for a command, in which a long value, such as a list of identity providers, must stay as it is. */
export function redactCommand(command: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((secret) => secret.length >= 8)
    .reduce((rest, secret) => rest.replaceAll(secret, "[hidden]"), command);
  return visible(known)
    .replace(/:\/\/[^\s/]*@/g, "://[hidden]@")
    .replace(/eyJ[\w-]+(\.[\w-]*)+/g, "[token hidden]")
    .replace(/sb_(secret|publishable)_[\w-]+/g, "[API key hidden]");
}
