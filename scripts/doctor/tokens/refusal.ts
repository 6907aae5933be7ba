/** What the explanations of a refused user token share. */
import { isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import type { Environment } from "../../../supabase/functions/_shared/powersync/settings.ts";
import { fetchJson, UnusableAnswer } from "../../../supabase/functions/_shared/powersync/upstream.ts";
import type { Reason } from "../../../supabase/functions/_shared/powersync/verify.ts";
import { whyNoAnswer } from "../../setup/ask.ts";
import { type Check, failed, type Particulars, skipped } from "../check.ts";
import { type DecodedToken, named } from "./decoded-token.ts";
import { USER_TOKEN } from "./whose-token.ts";

/** What a refusal of a user's token is explained with. */
export interface RefusalContext {
  readonly decoded: DecodedToken;
  readonly environment: Environment;
  /** For each answer of a server. */
  readonly timeoutMs: number;
}

/** How an issuer's refusals are explained. */
export type Explanations = Readonly<
  Partial<Record<Reason, (context: RefusalContext) => Particulars | Promise<Particulars>>>
>;

/** Why the functions refuse the token. */
export function refused(reason: string, found: Particulars): Check {
  return failed(USER_TOKEN, `user-token-${reason}`, found);
}

/** What could not be compared, though the command line names the token. */
export function notCompared(seen: string): Check {
  return skipped(USER_TOKEN, seen, { wanted: true });
}

/** Whether a value from a token needs no quotes in a file or a shell. */
export function isPlainValue(value: unknown): value is string {
  return typeof value === "string" && /^[\w.:/@+-]{1,200}$/.test(value);
}

/** The keys that an issuer publishes at the moment. */
export interface LiveKeys {
  /** Their IDs; `undefined` when they could not be fetched. */
  readonly keyIds?: readonly unknown[];
  /** The same as a sentence. */
  readonly seen: string;
}

/** Fetches the IDs of an issuer's keys. */
export async function fetchLiveKeys(jwksUri: string, timeoutMs: number): Promise<LiveKeys> {
  try {
    const jwks = await fetchJson(jwksUri, { timeoutMs });
    const keys = isJsonObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys.filter(isJsonObject) : undefined;
    if (keys === undefined) return { seen: `What ${named(jwksUri)} answers is not a JWKS.` };
    const keyIds = keys.map(({ kid }) => kid);
    const list = keyIds.length === 0 ? "none" : named(keyIds);
    return { keyIds, seen: `The live keys at ${named(jwksUri)} are ${list}.` };
  } catch (error) {
    return { seen: `The keys at ${named(jwksUri)} could not be fetched. ${whyUnfetched(error, timeoutMs)}` };
  }
}

/** Why keys could not be fetched, as sentences. */
export function whyUnfetched(error: unknown, timeoutMs: number): string {
  if (error instanceof UnusableAnswer) {
    const isRedirect = error.status >= 300 && error.status < 400;
    return isRedirect ? `${error.message} The functions do not follow redirects.` : error.message;
  }
  // What the functions say of an answer; all others are of the connection.
  const isOurs = error instanceof Error && !(error instanceof TypeError || error instanceof RangeError);
  return isOurs && !(error instanceof DOMException) ? error.message : whyNoAnswer(error, timeoutMs).seen;
}
