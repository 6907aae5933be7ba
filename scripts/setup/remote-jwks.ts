import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { ask, type Asked, parseJson } from "./ask.ts";

/** A person waits for a cold start longer than the 3 s of PowerSync. */
const TIMEOUT_MS = 10_000;

/** A JWKS as it is published now, or why there is none. */
export type RemoteJwks =
  | { readonly ok: true; readonly jwks: { readonly keys: readonly unknown[] } }
  /** The rest of a sentence that begins with "The JWKS at <url>". */
  | { readonly ok: false; readonly problem: string };

/**
 * Asks for a JWKS as PowerSync does.
 *
 * @param url The address of powersync-jwks.
 * @param options `timeoutMs`: how long to wait; `redirect`: as for `fetch`, PowerSync follows.
 */
export function askForJwks(
  url: string,
  { timeoutMs = TIMEOUT_MS, redirect = "follow" }: { timeoutMs?: number; redirect?: RequestRedirect } = {},
): Promise<Asked> {
  return ask(url, { headers: { Accept: "application/json" }, redirect }, timeoutMs);
}

/** Fetches a JWKS. */
export async function fetchJwks(url: string): Promise<RemoteJwks> {
  const asked = await askForJwks(url);
  if (asked.kind !== "answer") return { ok: false, problem: `could not be reached: ${asked.seen}` };
  const { response, text } = asked;
  if (!response.ok) return { ok: false, problem: `answered with HTTP ${response.status}.` };
  const body = parseJson(text);
  if (body === undefined) return { ok: false, problem: "did not answer with JSON." };
  if (isJsonObject(body) && Array.isArray(body.keys)) return { ok: true, jwks: { keys: body.keys } };
  return { ok: false, problem: 'is not {"keys":[…]}.' };
}

/** The Key IDs in a JWKS; none when it is something else. */
export function keyIdsOf(jwks: unknown): string[] {
  if (!isJsonObject(jwks) || !Array.isArray(jwks.keys)) return [];
  return jwks.keys.flatMap((key) => isJsonObject(key) && typeof key.kid === "string" ? [key.kid] : []);
}
