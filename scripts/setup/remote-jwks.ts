import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CommandError } from "../cli/command.ts";
import { ask, type Asked, parseJson } from "./ask.ts";
import { isHttpUrl } from "./project-url.ts";

/** A person waits for a cold start longer than the 3 s of PowerSync. */
const TIMEOUT_MS = 10_000;

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

/**
 * A JWKS as it is published now.
 *
 * @throws {CommandError} There is none.
 */
export async function fetchJwks(url: string): Promise<unknown> {
  assertJwksUrl(url);
  const asked = await askForJwks(url);
  const refused = (problem: string) =>
    new CommandError(`The JWKS at ${url} ${problem} Check the address of powersync-jwks.`);
  if (asked.kind !== "answer") throw refused(`could not be reached: ${asked.seen}`);
  if (!asked.response.ok) throw refused(`answered with HTTP ${asked.response.status}.`);
  const body = parseJson(asked.text);
  if (body === undefined) throw refused("did not answer with JSON.");
  if (isJsonObject(body) && Array.isArray(body.keys)) return body;
  throw refused('is not {"keys":[…]}.');
}

/** @throws {CommandError} The value of `--jwks-url` is not a URL. */
export function assertJwksUrl(url: string): void {
  if (isHttpUrl(url)) return;
  throw new CommandError("--jwks-url must be an http(s) URL: the address of powersync-jwks.");
}

/** The Key IDs in a JWKS; none when it is something else. */
export function keyIdsOf(jwks: unknown): string[] {
  if (!isJsonObject(jwks) || !Array.isArray(jwks.keys)) return [];
  return jwks.keys.flatMap((key) => isJsonObject(key) && typeof key.kid === "string" ? [key.kid] : []);
}
