import { describeDuration } from "../cli/duration.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CLOCK_TOLERANCE_SECONDS } from "./limits.ts";
import { failed, passed, quoted, type RuleId, type RuleResult, skipped, warning } from "./result.ts";

/** A token's payload, not yet checked. */
export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimOptions {
  /** The audiences the service is configured with; on PowerSync Cloud, the instance URL. */
  readonly audiences: readonly string[];
  readonly nowSeconds: number;
  readonly maxLifetimeSeconds: number;
}

const FIX_CLAIM = "Let the functions make the token; the task `token` prints one for testing.";

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

/** A claim counts as present when the member exists, even as `null` (jose, `requiredClaims`). */
function present(claims: Claims, { claim, rule }: { claim: string; rule: RuleId }): RuleResult {
  if (Object.hasOwn(claims, claim)) return passed(rule, `The claim \`${claim}\` is present.`);
  return failed(rule, { seen: `The claim \`${claim}\` is missing.`, fix: FIX_CLAIM });
}

function isNumber(claims: Claims, { claim, rule }: { claim: string; rule: RuleId }): RuleResult {
  const value = claims[claim];
  if (value === undefined) return skipped(rule, `Not checked: there is no \`${claim}\`.`);
  if (typeof value === "number") return passed(rule, `\`${claim}\` is the number ${value}.`);
  const seen = `\`${claim}\` is ${quoted(value)}, not a number of seconds since 1970.`;
  return failed(rule, { seen, fix: FIX_CLAIM });
}

function checkNotBefore(nbf: unknown, nowSeconds: number): RuleResult {
  if (nbf === undefined) return passed("nbf-reached", "There is no `nbf`.");
  if (typeof nbf !== "number") {
    const seen = `\`nbf\` is ${quoted(nbf)}, not a number of seconds.`;
    return failed("nbf-reached", { seen, fix: FIX_CLAIM });
  }
  const ahead = nbf - nowSeconds;
  if (ahead <= CLOCK_TOLERANCE_SECONDS) {
    return passed("nbf-reached", "`nbf` has passed, or will within a minute.");
  }
  const seen = `The token becomes valid in ${inUnits(ahead)}.`;
  return failed("nbf-reached", { seen, fix: "Wait, or correct the clock that set `nbf`." });
}

/** jose counts the very second at which the tolerance ends as expired. */
function checkExpiry(exp: unknown, nowSeconds: number): RuleResult {
  if (typeof exp !== "number") return skipped("exp-not-passed", "Not checked: there is no `exp` to compare.");
  const left = exp - nowSeconds;
  if (left > 0) return passed("exp-not-passed", `The token expires in ${inUnits(left)}.`);
  const seen = `The token expired ${inUnits(-left)} ago`;
  if (left > -CLOCK_TOLERANCE_SECONDS) {
    return passed("exp-not-passed", `${seen}, within the ${CLOCK_TOLERANCE_SECONDS} s of tolerance.`);
  }
  const fix = "Get a new token; if it is new, correct the issuer's clock.";
  return failed("exp-not-passed", { seen: `${seen}.`, fix });
}

function checkAudience(aud: unknown, audiences: readonly string[]): RuleResult[] {
  const allowed = quoted(audiences);
  const fix = `Make the token for one of the service's audiences, character by character: ${allowed}.`;
  if (aud === undefined || aud === null) {
    return [
      failed("aud-present", { seen: "The claim `aud` is missing.", fix }),
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
  const seen = `\`aud\` is ${quoted(aud)}; the service accepts ${allowed}.${slash}`;
  return [present, failed("aud-accepted", { seen, fix })];
}

/** A claim may be any number. */
function inUnits(seconds: number): string {
  return Number.isSafeInteger(Math.round(seconds)) ? describeDuration(Math.round(seconds)) : `${seconds} s`;
}

function trimmed(audience: unknown): unknown {
  return typeof audience === "string" ? audience.replace(/(?<!\/)\/+$/, "") : undefined;
}

/** Only `exp` less `iat` counts: an `iat` in the future allows any `exp`. Two infinite numbers pass. */
function checkLifetime({ iat, exp }: Claims, maxLifetimeSeconds: number): RuleResult {
  if (typeof iat !== "number" || typeof exp !== "number") {
    return skipped("lifetime", "Not checked: `iat` and `exp` are not both numbers.");
  }
  const lifetime = exp - iat;
  const seen = `The token's lifetime is ${inUnits(lifetime)}; the service accepts up to ${
    inUnits(maxLifetimeSeconds)
  }.`;
  const fix = "Make the token for at most a day: POWERSYNC_TOKEN_TTL is its lifetime in seconds.";
  return lifetime > maxLifetimeSeconds ? failed("lifetime", { seen, fix }) : passed("lifetime", seen);
}

/** `null` counts as absent (PowerSync KeyStore). */
function checkParameters(parameters: unknown): RuleResult {
  if (parameters === undefined || parameters === null) {
    return passed("parameters-object", "There are no `parameters`.");
  }
  if (isJsonObject(parameters)) return passed("parameters-object", "`parameters` is an object.");
  const fix = "Return an object in `parameters` from claims.ts.";
  return failed("parameters-object", { seen: "`parameters` is not a JSON object.", fix });
}

/** Our own rule: PowerSync accepts any `sub`, but keeps its JSON type, and compares columns with that. */
function noticeSubject(sub: unknown): RuleResult {
  if (typeof sub === "string" && sub !== "") return passed("sub-text", "`sub` is text, as user IDs are.");
  if (sub === undefined) return skipped("sub-text", "Not checked: there is no `sub`.");
  const seen = typeof sub === "number"
    ? "`sub` is a number: it matches bigint columns, but no text column."
    : `\`sub\` is ${sub === "" ? "empty" : quoted(sub)}: it is not a user's ID.`;
  return warning("sub-text", { seen, fix: "Return the user's ID as text in `sub` from claims.ts." });
}

/** Our own rule: PowerSync does not check `iss`, but takes this one for a token of Supabase Auth in what it logs. */
function noticeIssuer(iss: unknown): RuleResult {
  if (typeof iss !== "string" || !iss.includes("supabase.co")) {
    return passed("iss-not-supabase", "`iss` does not look like Supabase Auth.");
  }
  const seen =
    "`iss` contains `supabase.co`: when the key is not found, PowerSync's log gives misleading hints about Supabase Auth.";
  return warning("iss-not-supabase", { seen, fix: "Leave POWERSYNC_ISSUER out." });
}
