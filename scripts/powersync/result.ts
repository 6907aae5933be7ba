import type { PowerSyncCode } from "./codes.ts";

/** Stable identifiers of the rules about a JWKS. */
export type JwksRule =
  | "jwks-shape"
  | "jwks-not-empty"
  | "jwks-member"
  | "jwks-key-used"
  | "jwks-key-imports"
  | "jwks-rsa-bits"
  | "jwks-key-algorithm"
  | "jwks-kid-present"
  | "jwks-kid-unique"
  | "jwks-no-private-member";

/** Stable identifiers of the rules about a token. */
export type TokenRule =
  | "token-size"
  | "token-form"
  | "token-algorithm"
  | "key-found"
  | "key-algorithm"
  | "signature"
  | "sub-present"
  | "iat-present"
  | "exp-present"
  | "iat-number"
  | "nbf-reached"
  | "exp-number"
  | "exp-not-passed"
  | "aud-present"
  | "aud-accepted"
  | "lifetime"
  | "parameters-object"
  | "sub-text"
  | "iss-not-supabase";

export type RuleId = JwksRule | TokenRule;

/**
 * What checking one rule showed. `warning`: PowerSync goes on, but a person should know. `skipped`: could not be
 * checked, because of an earlier failure or because something was not given.
 */
export interface RuleResult {
  readonly rule: RuleId;
  readonly outcome: "passed" | "warning" | "failed" | "skipped";
  /** The code that the failure causes; `undefined` when PowerSync does not notice it, and for any other outcome. */
  readonly code: PowerSyncCode | undefined;
  /** What was seen, as a sentence. Never holds a key, a signature or a whole token. */
  readonly seen: string;
  /** What to do about a failure or warning. */
  readonly fix: string | undefined;
}

/** Whether PowerSync accepts what was checked. */
export interface Verdict {
  /** `undecided`: nothing failed, but something that PowerSync checks could not be checked here. */
  readonly outcome: "accepted" | "refused" | "undecided";
  /** The code that a client sees. */
  readonly code: PowerSyncCode | undefined;
  /** The result that decides. */
  readonly because: RuleResult | undefined;
}

/** A rule that holds. */
export function passed(rule: RuleId, seen: string): RuleResult {
  return { rule, outcome: "passed", code: undefined, seen, fix: undefined };
}

/** A rule of PowerSync, or of ours when `code` is `undefined`, that does not hold. */
export function failed(
  rule: RuleId,
  { code, seen, fix }: { code: PowerSyncCode | undefined; seen: string; fix: string },
): RuleResult {
  return { rule, outcome: "failed", code, seen, fix };
}

/** Something PowerSync lets pass and a person should know. */
export function warning(rule: RuleId, { seen, fix }: { seen: string; fix: string }): RuleResult {
  return { rule, outcome: "warning", code: undefined, seen, fix };
}

/** A rule that could not be checked. */
export function skipped(rule: RuleId, seen: string): RuleResult {
  return { rule, outcome: "skipped", code: undefined, seen, fix: undefined };
}

/**
 * What the results come to. They stand in PowerSync's own order, so the first failure's code is the one a client sees.
 *
 * @param results The results of `checkToken` or `checkJwks`.
 */
export function verdictOf(results: readonly RuleResult[]): Verdict {
  const refusal = results.find(({ outcome, code }) => outcome === "failed" && code !== undefined);
  if (refusal !== undefined) return { outcome: "refused", code: refusal.code, because: refusal };
  const open = results.find(({ outcome }) => outcome === "skipped");
  if (open !== undefined) return { outcome: "undecided", code: undefined, because: open };
  return { outcome: "accepted", code: undefined, because: undefined };
}

/**
 * A value out of a token or key for a sentence, shortened: it may have been put there by anybody, and a person who
 * pastes a secret in the wrong place must not find it in a log.
 */
export function quoted(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) {
    return `[${value.slice(0, 5).map(quoted).join(", ")}${value.length > 5 ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? value : String(value);
  // deno-lint-ignore no-control-regex
  const visible = (text.length > 80 ? `${text.slice(0, 40)}…` : text).replace(/[\x00-\x1f\x7f-\x9f]/g, "�");
  return typeof value === "string" ? `"${visible}"` : visible;
}
