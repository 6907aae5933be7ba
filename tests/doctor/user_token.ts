/** A user's token as the doctor examines it, held to what the functions themselves say. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { Check } from "../../scripts/doctor/check.ts";
import { examineUserToken, type UserTokenOptions } from "../../scripts/doctor/tokens/user-token.ts";
import { startFunctions } from "../support/functions.ts";

/** Seconds since 1970. */
export const NOW = () => Math.floor(Date.now() / 1000);

/** What is to be found first in a token. */
export interface Expected {
  /** The settings of the file. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly options?: Partial<UserTokenOptions>;
  readonly status?: Check["status"];
  readonly seen?: RegExp;
  readonly hint?: RegExp;
  readonly set?: Readonly<Record<string, string>>;
  /** Where the functions find Supabase, if all settings that are told, together, heal the token. */
  readonly heals?: string;
}

/**
 * Examines a token, and returns what was found.
 *
 * @param ids The causes without their beginning, and "accepted" where powersync-auth takes the token then.
 */
export async function assertFinds(token: string, ids: string, expected: Expected = {}): Promise<Check[]> {
  const { variables = {}, options = {}, status = "failed", seen = /./, hint, set, heals } = expected;
  const file = { path: ".env.production", local: false, variables };
  const { checks, isAccepted } = await examineUserToken(token, {
    file,
    timeoutMs: 5_000,
    now: NOW,
    ...options,
  });
  assertEquals(idsOf(checks), ids, JSON.stringify(checks));
  const first = checks.find(({ cause, seen }) => cause !== undefined || !seen.startsWith("This is"));
  assert(first);
  assertEquals(first.status, status, ids);
  const isSame = checks.every(({ status, change }) => status !== "failed" && change === undefined);
  assertEquals(isAccepted, isSame && ids.endsWith("accepted"), ids);
  assertMatch(first.seen, seen);
  if (hint !== undefined) assertMatch(first.hint ?? "", hint);
  if (set !== undefined) assertEquals(first.change?.set, set);
  const text = JSON.stringify(checks);
  for (const part of token.split(".")) if (part.length > 24) assertFalse(text.includes(part), "it is shown");
  if (heals === undefined) return [...checks];
  const code = (changes: Record<string, string>) => {
    const environment = { POWERSYNC_USER_ISSUER: "", ...variables, ...changes };
    return startFunctions({ url: heals, inline: [], environment }).code(token);
  };
  assertMatch(await code({}), /^(401|403|500|503) /);
  const changes: Record<string, string> = Object.assign({}, ...checks.map(({ change }) => change?.set));
  for (const value of Object.values(changes)) assertMatch(value, /^[\w.:/@+=,-]*$/, "it needs quotes");
  assertEquals(await code(changes), "200");
  return [...checks];
}

function idsOf(checks: readonly Check[]): string {
  const ids = checks.map(({ cause, status, seen }) =>
    cause?.replace("user-token-", "") ??
      (status === "skipped" ? "skipped" : /^This is/.test(seen) ? "" : "accepted")
  );
  return ids.filter((id) => id !== "").join(" ");
}
