import { checkToken } from "../powersync/check-token.ts";
import { type RuleId, type RuleResult, skipped, verdictOf } from "../powersync/result.ts";
import type { CauseId } from "./causes.ts";
import type { Check, Subject } from "./check.ts";
import { checksOfRules } from "./rule-causes.ts";

/** A token and what it is checked against. */
export interface TokenOptions {
  readonly token: string;
  /** The JWKS that PowerSync fetches; without it the key rules are skipped. */
  readonly jwks: unknown;
  /** What PowerSync is configured with; when empty, it is not known and `aud` is not compared. */
  readonly audiences: readonly string[];
  /** Seconds since 1970 by the servers' clock, where it is known. */
  readonly nowSeconds: number;
  /** More exact causes, known from where the token comes. */
  readonly causes?: Readonly<Partial<Record<RuleId, CauseId>>>;
}

/** What was found, and whether PowerSync would accept the token. */
export interface TokenFound {
  readonly checks: readonly Check[];
  readonly good: boolean;
}

/** Checks a token against every rule of PowerSync. */
export async function examineToken(subject: Subject, options: TokenOptions): Promise<TokenFound> {
  const { token, jwks, audiences, nowSeconds, causes = {} } = options;
  const all = await checkToken(token.trim(), {
    ...(jwks === undefined ? {} : { jwks }),
    audiences,
    nowSeconds,
  });
  const results = audiences.length > 0 ? all : all.map(withoutAudience);
  const summary = `PowerSync accepts it for the audience ${audiences.join(", ")}.`;
  return {
    checks: checksOfRules(subject, results, { summary, causes }),
    good: verdictOf(results).outcome === "accepted",
  };
}

/** Without an expected audience there is nothing to compare. */
function withoutAudience(result: RuleResult): RuleResult {
  if (result.rule !== "aud-accepted" || result.outcome !== "failed") return result;
  return skipped("aud-accepted", "`aud` was not compared: give --audience, or --powersync <URL>.");
}
