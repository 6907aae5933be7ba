import type { PowerSyncCode } from "../powersync/codes.ts";
import { checkToken } from "../powersync/check-token.ts";
import { type RuleResult, skipped, verdictOf } from "../powersync/result.ts";
import { type Check, checksOfRules, type Subject } from "./check.ts";

/** A token and what it is checked against. */
export interface TokenOptions {
  readonly token: string;
  /** The JWKS that PowerSync fetches; without it the key rules are skipped. */
  readonly jwks: unknown;
  /** What PowerSync is configured with; when empty, it is not known and `aud` is not compared. */
  readonly audiences: readonly string[];
  /** Seconds since 1970 by the servers' clock, where it is known. */
  readonly nowSeconds: number;
  /** The command line names the token. */
  readonly wanted?: boolean;
}

/** What was found, and whether PowerSync would accept the token. */
export interface TokenFound {
  readonly checks: readonly Check[];
  readonly good: boolean;
  /** The code with which PowerSync refuses it. */
  readonly code: PowerSyncCode | undefined;
}

/** Checks a token against every rule of PowerSync. */
export async function examineToken(subject: Subject, options: TokenOptions): Promise<TokenFound> {
  const { token, jwks, audiences, nowSeconds, wanted = false } = options;
  const all = await checkToken(token, { ...(jwks === undefined ? {} : { jwks }), audiences, nowSeconds });
  const results = audiences.length > 0 ? all : all.map(withoutAudience);
  const summary = `PowerSync accepts it for the audience ${audiences.join(", ")}.`;
  const { outcome, code } = verdictOf(results);
  return {
    checks: checksOfRules(subject, results, { summary, wanted }),
    good: outcome === "accepted",
    code,
  };
}

/** Without an expected audience there is nothing to compare. */
function withoutAudience(result: RuleResult): RuleResult {
  if (result.rule !== "aud-accepted" || result.outcome !== "failed") return result;
  return skipped("aud-accepted", "`aud` was not compared: pass --powersync <URL> or --audience.");
}
