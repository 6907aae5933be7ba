import type { RuleId, RuleResult } from "../powersync/result.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, skipped, type Subject, warning } from "./check.ts";

/** What it means for a set-up when a rule of PowerSync fails. */
const RULE_CAUSES: Readonly<Record<RuleId, CauseId>> = {
  "static-jwks": "jwks-key-malformed",
  "jwks-shape": "jwks-not-a-set",
  "jwks-not-empty": "jwks-empty",
  "jwks-member": "jwks-key-malformed",
  "jwks-key-used": "jwks-key-skipped",
  "jwks-key-imports": "jwks-key-malformed",
  "jwks-rsa-bits": "jwks-key-weak",
  "jwks-key-algorithm": "jwks-key-algorithm",
  "jwks-kid-present": "jwks-kid-missing",
  "jwks-kid-unique": "jwks-kid-duplicate",
  "jwks-no-private-member": "jwks-private-member",
  "token-size": "token-too-large",
  "token-header": "token-malformed",
  "token-form": "token-malformed",
  "token-algorithm": "token-alg-refused",
  "key-found": "token-kid-unknown",
  "key-algorithm": "token-alg-differs",
  signature: "token-signature",
  "sub-present": "token-claim-missing",
  "iat-present": "token-claim-missing",
  "exp-present": "token-claim-missing",
  "iat-number": "token-claim-not-a-number",
  "nbf-reached": "token-not-yet-valid",
  "exp-number": "token-claim-not-a-number",
  "exp-not-passed": "token-expired",
  "aud-present": "token-audience-missing",
  "aud-accepted": "token-audience",
  lifetime: "token-lifetime",
  "parameters-object": "token-parameters",
  "sub-text": "token-subject-type",
  "iss-not-supabase": "token-issuer-supabase",
};

/**
 * The results of the rules as the doctor's checks: one line for each failure, and one for all that pass.
 *
 * @param subject What was checked.
 * @param results From `checkJwks` or `checkToken`.
 * @param options `summary`: what to say when all pass; `causes`: more exact causes, known from the context.
 */
export function checksOfRules(
  subject: Subject,
  results: readonly RuleResult[],
  { summary, causes = {} }: { summary: string; causes?: Readonly<Partial<Record<RuleId, CauseId>>> },
): Check[] {
  const found = results.flatMap(({ rule, outcome, seen, fix }) => {
    const cause = causes[rule] ?? RULE_CAUSES[rule];
    // The rule's own fix knows the case; a more exact cause brings a better one.
    const finding = causes[rule] === undefined ? { seen, fix } : { seen };
    if (outcome === "failed") return [failed(subject, cause, finding)];
    return outcome === "warning" ? [warning(subject, cause, finding)] : [];
  });
  if (found.some(({ status }) => status === "failed")) return found;
  const open = results.find(({ outcome }) => outcome === "skipped");
  return [...found, open === undefined ? passed(subject, summary) : skipped(subject, open.seen)];
}
