import type { PowerSyncCode } from "./codes.ts";
import type { RuleId } from "./result.ts";

/**
 * The code that a client sees when one rule alone does not hold; `undefined` for what PowerSync does not notice. A key
 * that is not found because the whole set is refused has the set's code instead.
 */
export const RULE_CODES: Readonly<Record<RuleId, PowerSyncCode | undefined>> = {
  "jwks-shape": "PSYNC_S2204",
  "jwks-not-empty": "PSYNC_S2101",
  "jwks-member": "PSYNC_S2201",
  "jwks-key-used": undefined,
  "jwks-key-imports": "PSYNC_S2201",
  "jwks-rsa-bits": "PSYNC_S2101",
  "jwks-key-algorithm": "PSYNC_S2101",
  "jwks-kid-present": undefined,
  "jwks-kid-unique": undefined,
  "jwks-no-private-member": undefined,
  "token-size": "HTTP 431",
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
};
