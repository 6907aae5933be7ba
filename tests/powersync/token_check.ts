import { assertEquals } from "@std/assert";
import { checkToken, type TokenCheck } from "../../scripts/powersync/check-token.ts";
import type { PowerSyncCode } from "../../scripts/powersync/codes.ts";
import { type RuleId, type RuleResult, verdictOf } from "../../scripts/powersync/result.ts";
import { makeKey, sign } from "../support/signing.ts";

export const NOW = 1_800_000_000;
export const AUDIENCE = "https://instance.powersync.example";
/** Claims that PowerSync accepts at `NOW`. */
export const GOOD = { sub: "5c0e7ad4-1111-4222-8333-444455556666", aud: AUDIENCE, iat: NOW, exp: NOW + 300 };

export const key = await makeKey("ES256", "powersync-a");
export const JWKS = { keys: [key.publicJwk] };

/** Checks a token against the key above, the audience and `NOW`. */
export function check(token: string, options: Partial<TokenCheck> = {}): Promise<readonly RuleResult[]> {
  return checkToken(token, { jwks: JWKS, audiences: [AUDIENCE], nowSeconds: NOW, ...options });
}

/** Checks a well-signed token with other claims than the good ones. */
export async function checkClaims(
  claims: Record<string, unknown>,
  options: Partial<TokenCheck> = {},
): Promise<readonly RuleResult[]> {
  return await check(await sign({ ...GOOD, ...claims }, { key }), options);
}

/** The rule fails with the code, that code is the verdict, and no other of PowerSync's rules fails. */
export function assertRefused(
  results: readonly RuleResult[],
  rule: RuleId,
  code: PowerSyncCode | undefined,
): void {
  const failures = results.filter(({ outcome }) => outcome === "failed");
  assertEquals(failures.map((result) => [result.rule, result.code]), [[rule, code]]);
  assertEquals(verdictOf(results).outcome, "refused");
  assertEquals(verdictOf(results).code, code);
}

/** No rule fails, and the verdict says so. */
export function assertAccepted(results: readonly RuleResult[]): void {
  assertEquals(results.filter(({ outcome }) => outcome === "failed"), []);
  assertEquals(verdictOf(results).outcome, "accepted");
}
