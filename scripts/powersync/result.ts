import { shown } from "../cli/shown.ts";
import type { PowerSyncCode } from "./codes.ts";

/**
 * Every rule, with the code that a client sees when that rule alone does not hold; `undefined` for what PowerSync does
 * not notice, and for static keys with which it does not start. A key that is not found because PowerSync refuses the
 * whole set has the set's code instead.
 */
export const RULE_CODES = {
  "static-jwks": undefined,
  "jwks-shape": "PSYNC_S2204",
  "jwks-not-empty": "PSYNC_S2101",
  "jwks-member": "PSYNC_S2204",
  "jwks-key-used": undefined,
  "jwks-key-imports": "PSYNC_S2201",
  "jwks-rsa-bits": "PSYNC_S2101",
  "jwks-key-algorithm": "PSYNC_S2101",
  "jwks-kid-present": undefined,
  "jwks-kid-unique": undefined,
  "jwks-no-private-member": undefined,
  "token-size": "HTTP 431",
  "token-header": "PSYNC_S2106",
  "token-form": "PSYNC_S2101",
  "token-algorithm": "PSYNC_S2101",
  "key-found": "PSYNC_S2101",
  "key-algorithm": "PSYNC_S2101",
  signature: "PSYNC_S2101",
  "sub-present": "PSYNC_S2101",
  "iat-present": "PSYNC_S2101",
  "exp-present": "PSYNC_S2101",
  "iat-number": "PSYNC_S2101",
  "nbf-reached": "PSYNC_S2101",
  "exp-number": "PSYNC_S2101",
  "exp-not-passed": "PSYNC_S2103",
  "aud-present": "PSYNC_S2105",
  "aud-accepted": "PSYNC_S2105",
  lifetime: "PSYNC_S2104",
  "parameters-object": "PSYNC_S2101",
  "sub-text": undefined,
  "iss-not-supabase": undefined,
} as const satisfies Readonly<Record<string, PowerSyncCode | undefined>>;

export type RuleId = keyof typeof RULE_CODES;

/**
 * What checking one rule showed. `warning`: PowerSync goes on, but a person should know. `skipped`: could not be
 * checked, because of an earlier failure or because something was not given.
 */
export interface RuleResult {
  readonly rule: RuleId;
  readonly outcome: "passed" | "warning" | "failed" | "skipped";
  /** The code that the failure causes; `undefined` for any other outcome, and as `RULE_CODES` says. */
  readonly code: PowerSyncCode | undefined;
  /** What was seen, as a sentence. Never holds a key, a signature or a whole token. */
  readonly seen: string;
  readonly fix: string | undefined;
}

export interface Verdict {
  /** `undecided`: nothing failed, but something that PowerSync checks could not be checked here. */
  readonly outcome: "accepted" | "refused" | "undecided";
  /** The code that a client sees; a refusal without a code means that the service does not start. */
  readonly code: PowerSyncCode | undefined;
  /** The result that decides. */
  readonly because: RuleResult | undefined;
}

export function passed(rule: RuleId, seen: string): RuleResult {
  return { rule, outcome: "passed", code: undefined, seen, fix: undefined };
}

/** A rule that does not hold: one of PowerSync's, or of ours when `code` is `undefined`. */
export function failed(
  rule: RuleId,
  { code, seen, fix }: { code?: PowerSyncCode | undefined; seen: string; fix: string },
): RuleResult {
  return { rule, outcome: "failed", code: code ?? RULE_CODES[rule], seen, fix };
}

/** Something that PowerSync accepts and a person should know. */
export function warning(rule: RuleId, { seen, fix }: { seen: string; fix: string }): RuleResult {
  return { rule, outcome: "warning", code: undefined, seen, fix };
}

export function skipped(rule: RuleId, seen: string): RuleResult {
  return { rule, outcome: "skipped", code: undefined, seen, fix: undefined };
}

/** Sums up results. They stand in PowerSync's own order, so the first failure's code is the one a client sees. */
export function verdictOf(results: readonly RuleResult[]): Verdict {
  const refusal = results.find(({ rule, outcome, code }) =>
    outcome === "failed" && (code !== undefined || rule === "static-jwks")
  );
  if (refusal !== undefined) return { outcome: "refused", code: refusal.code, because: refusal };
  const open = results.find(({ outcome }) => outcome === "skipped");
  if (open !== undefined) return { outcome: "undecided", code: undefined, because: open };
  return { outcome: "accepted", code: undefined, because: undefined };
}

/** A value from a token or key for a sentence: anybody may have put it there. */
export function quoted(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) {
    // A list in a list is not shown: it may be nested too deeply.
    const members = value.slice(0, 5).map((one) => Array.isArray(one) ? "a list" : quoted(one));
    return `[${members.join(", ")}${value.length > 5 ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? value : String(value);
  return typeof value === "string" ? `"${shown(text)}"` : shown(text);
}
