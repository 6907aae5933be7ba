import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CLOCK_TOLERANCE_SECONDS } from "./limits.ts";
import { failed, passed, quoted, type RuleResult, skipped, type TokenRule, warning } from "./result.ts";

/** A token's payload, not yet checked. */
export type Claims = Readonly<Record<string, unknown>>;

/** What the service compares claims with. */
export interface ClaimOptions {
  /** The audiences the service is configured with; on PowerSync Cloud, the instance URL. */
  readonly audiences: readonly string[];
  /** The time, in seconds since 1970. */
  readonly nowSeconds: number;
  /** The longest `exp - iat`, in seconds. */
  readonly maxLifetimeSeconds: number;
}

const FIX_CLAIM = "Let the functions make the token; scripts/token.ts makes one for testing.";

/** Every rule about the payload, in the order in which PowerSync applies them. */
export function checkClaims(claims: Claims, options: ClaimOptions): RuleResult[] {
  return [
    present(claims, { claim: "sub", rule: "sub-present" }),
    present(claims, { claim: "iat", rule: "iat-present" }),
    present(claims, { claim: "exp", rule: "exp-present" }),
    isNumber(claims, { claim: "iat", rule: "iat-number" }),
    checkNotBefore(claims.nbf, options.nowSeconds),
    isNumber(claims, { claim: "exp", rule: "exp-number" }),
    checkExpiry(claims.exp, options.nowSeconds),
    ...checkAudience(claims.aud, options.audiences),
    checkLifetime(claims, options.maxLifetimeSeconds),
    checkParameters(claims.parameters),
    noticeSubject(claims.sub),
    noticeIssuer(claims.iss),
  ];
}

function refused(rule: TokenRule, seen: string, fix = FIX_CLAIM): RuleResult {
  return failed(rule, { code: "PSYNC_S2101", seen, fix });
}

/** A claim counts as present when the member exists, even as `null` (jose, `requiredClaims`). */
function present(claims: Claims, { claim, rule }: { claim: string; rule: TokenRule }): RuleResult {
  if (Object.hasOwn(claims, claim)) return passed(rule, `The claim \`${claim}\` is present.`);
  return refused(rule, `The claim \`${claim}\` is missing.`);
}

function isNumber(claims: Claims, { claim, rule }: { claim: string; rule: TokenRule }): RuleResult {
  const value = claims[claim];
  if (value === undefined) return skipped(rule, `Not checked: there is no \`${claim}\`.`);
  if (typeof value === "number") return passed(rule, `\`${claim}\` is the number ${value}.`);
  return refused(rule, `\`${claim}\` is ${quoted(value)}, not a number of seconds since 1970.`);
}

function checkNotBefore(nbf: unknown, nowSeconds: number): RuleResult {
  if (nbf === undefined) return passed("nbf-reached", "There is no `nbf`.");
  if (typeof nbf !== "number") {
    return refused("nbf-reached", `\`nbf\` is ${quoted(nbf)}, not a number of seconds.`);
  }
  const ahead = nbf - nowSeconds;
  if (ahead <= CLOCK_TOLERANCE_SECONDS) {
    return passed("nbf-reached", "`nbf` has come, give or take a minute.");
  }
  return refused(
    "nbf-reached",
    `The token becomes valid in ${ahead} s.`,
    "Wait, or correct the clock that set `nbf`.",
  );
}

/** jose counts the very second at which the tolerance ends as expired. */
function checkExpiry(exp: unknown, nowSeconds: number): RuleResult {
  if (typeof exp !== "number") return skipped("exp-not-passed", "Not checked: there is no `exp` to compare.");
  const left = exp - nowSeconds;
  if (left > 0) return passed("exp-not-passed", `The token expires in ${left} s.`);
  if (left > -CLOCK_TOLERANCE_SECONDS) {
    return passed(
      "exp-not-passed",
      `The token expired ${-left} s ago, within the ${CLOCK_TOLERANCE_SECONDS} s of tolerance.`,
    );
  }
  const fix = "Get a new token; if it is new, correct the clock that made it.";
  return failed("exp-not-passed", { code: "PSYNC_S2103", seen: `The token expired ${-left} s ago.`, fix });
}

function checkAudience(aud: unknown, audiences: readonly string[]): RuleResult[] {
  const fix = `Make the token for one of the service's audiences, character by character: ${
    quoted(audiences)
  }.`;
  if (aud === undefined || aud === null) {
    return [
      failed("aud-present", { code: "PSYNC_S2105", seen: "The claim `aud` is missing.", fix }),
      skipped("aud-accepted", "Not checked: there is no `aud`."),
    ];
  }
  const present = passed("aud-present", "The claim `aud` is present.");
  const stated: unknown[] = Array.isArray(aud) ? aud : [aud];
  const accepted = stated.find((value) => audiences.some((audience) => audience === value));
  if (accepted !== undefined) return [present, passed("aud-accepted", `\`aud\` has ${quoted(accepted)}.`)];
  const slash = stated.some((value) => audiences.some((audience) => trimmed(audience) === trimmed(value)))
    ? " They differ only in a trailing slash, and PowerSync compares every character."
    : "";
  const seen = `\`aud\` is ${quoted(aud)}; the service accepts ${quoted(audiences)}.${slash}`;
  return [present, failed("aud-accepted", { code: "PSYNC_S2105", seen, fix })];
}

function trimmed(audience: unknown): unknown {
  return typeof audience === "string" ? audience.replace(/\/+$/, "") : undefined;
}

function checkLifetime({ iat, exp }: Claims, maxLifetimeSeconds: number): RuleResult {
  if (typeof iat !== "number" || typeof exp !== "number") {
    return skipped("lifetime", "Not checked: `iat` and `exp` are not both numbers.");
  }
  const seen = `The token's whole lifetime is ${
    exp - iat
  } s; the service accepts up to ${maxLifetimeSeconds} s.`;
  if (exp - iat <= maxLifetimeSeconds) return passed("lifetime", seen);
  return failed("lifetime", {
    code: "PSYNC_S2104",
    seen,
    fix: "supabase secrets set POWERSYNC_TOKEN_TTL=300",
  });
}

/** `null` counts as absent (PowerSync KeyStore). */
function checkParameters(parameters: unknown): RuleResult {
  if (parameters === undefined || parameters === null) {
    return passed("parameters-object", "There are no `parameters`.");
  }
  if (isJsonObject(parameters)) return passed("parameters-object", "`parameters` is an object.");
  return refused(
    "parameters-object",
    "`parameters` is not a JSON object.",
    "Return an object in `parameters` from claims.ts.",
  );
}

/** Our own rule: PowerSync accepts any `sub`, but it keeps its JSON type, and columns are compared with that. */
function noticeSubject(sub: unknown): RuleResult {
  if (typeof sub === "string" && sub !== "") return passed("sub-text", "`sub` is text, as user ids are.");
  if (sub === undefined) return skipped("sub-text", "Not checked: there is no `sub`.");
  const seen = typeof sub === "number"
    ? "`sub` is a number: it matches bigint columns and no text column."
    : `\`sub\` is ${
      sub === "" ? "empty" : sub === null ? "null" : "neither text nor a number"
    }: it names nobody.`;
  return warning("sub-text", { seen, fix: "Return the user's id as text in `sub` from claims.ts." });
}

/** Our own rule: PowerSync does not check `iss`, but takes this one for a token of Supabase Auth in what it logs. */
function noticeIssuer(iss: unknown): RuleResult {
  if (typeof iss !== "string" || !iss.includes("supabase.co")) {
    return passed("iss-not-supabase", "`iss` does not look like Supabase Auth.");
  }
  const seen =
    "`iss` contains `supabase.co`: when the key is not found, PowerSync's log gives hints about Supabase Auth that mislead.";
  return warning("iss-not-supabase", { seen, fix: "supabase secrets unset POWERSYNC_ISSUER" });
}
