import { checkToken } from "../powersync-rules.ts";
import { verdictOf } from "../powersync-rules/result.ts";
import type { RuleId } from "../powersync-rules/result.ts";
import type { CauseId } from "./causes.ts";
import type { Check, Subject } from "./check.ts";
import { checksOfRules } from "./rule-causes.ts";

/** A token and what it is held against. */
export interface TokenOptions {
  readonly token: string;
  /** The JWKS that PowerSync fetches; without it the key rules are skipped. */
  readonly jwks: unknown;
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

/** Holds a token against every rule of PowerSync. */
export async function examineToken(subject: Subject, options: TokenOptions): Promise<TokenFound> {
  const { token, jwks, audiences, nowSeconds, causes = {} } = options;
  const results = await checkToken(token.trim(), {
    ...(jwks === undefined ? {} : { jwks }),
    audiences,
    nowSeconds,
  });
  const summary = `PowerSync accepts it for the audience ${audiences.join(", ")}.`;
  return {
    checks: checksOfRules(subject, results, { summary, causes }),
    good: verdictOf(results).outcome === "accepted",
  };
}
