import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CommandError } from "../cli/command.ts";
import { isHttpUrl } from "../setup/project-url.ts";

/** As long as PowerSync itself waits for a JWKS is too short for a person who waits for a cold start. */
const TIMEOUT_MS = 10_000;

/** What a JWKS URL answered, or why that is no JWKS. */
export type LiveJwks = { readonly ok: true; readonly body: { readonly keys: readonly unknown[] } } | {
  readonly ok: false;
  /** The rest of the sentence "The JWKS at <url> …". */
  readonly problem: string;
};

/**
 * Fetches a JWKS as it is published now.
 *
 * @param url The address of powersync-jwks.
 */
export async function fetchJwks(url: string): Promise<LiveJwks> {
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) return { ok: false, problem: `answered with HTTP ${response.status}` };
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body) && Array.isArray(body.keys)) return { ok: true, body: { keys: body.keys } };
    return { ok: false, problem: 'is not {"keys":[…]}' };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: "did not answer with JSON" };
    if (error instanceof Deno.errors.NotCapable) {
      return { ok: false, problem: "cannot be read without --allow-net" };
    }
    return { ok: false, problem: "could not be reached" };
  }
}

/** The Key IDs that a JWKS shows. */
export function keyIdsOf(body: { readonly keys: readonly unknown[] }): string[] {
  return body.keys.flatMap((key) => isJsonObject(key) && typeof key.kid === "string" ? [key.kid] : []);
}

/** What the live JWKS shows. */
export interface LiveKeys {
  readonly url: string;
  readonly keyIds: readonly string[];
}

/**
 * Looks at the live JWKS before a key is made.
 *
 * @param url The address of powersync-jwks.
 * @param kid The new key's Key ID, when it was chosen.
 * @throws {CommandError} It is not a JWKS, or it shows that `kid` already: PowerSync would keep the key it knows.
 */
export async function lookAtLiveJwks(url: string, kid: string | undefined): Promise<LiveKeys> {
  if (!isHttpUrl(url)) {
    throw new CommandError("--jwks-url is no http(s) address: give that of powersync-jwks.");
  }
  const live = await fetchJwks(url);
  if (!live.ok) {
    throw new CommandError(`The JWKS at ${url} ${live.problem}: check the address, or leave --jwks-url out.`);
  }
  const keyIds = keyIdsOf(live.body);
  if (kid !== undefined && keyIds.includes(kid)) {
    throw new CommandError(`The kid ${kid} is published already: choose another, or leave --kid out.`);
  }
  return { url, keyIds };
}
