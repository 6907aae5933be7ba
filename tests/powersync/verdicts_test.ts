/** Holds the rules to the answers of the real PowerSync Service 1.25.0: 1,143 cases, without exception. */
import { assert, assertEquals } from "@std/assert";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { readJwksAnswer } from "../../scripts/powersync/jwks.ts";
import { RULE_CODES, type RuleResult, type Verdict, verdictOf } from "../../scripts/powersync/result.ts";
import { makeKey, sign } from "../support/signing.ts";
import { check, GOOD, key as ec } from "./token_check.ts";
import { type Case, CASES } from "./verdicts.ts";

/** The size and form of the Authorization header are decided before the key store, which gave the verdicts. */
function keyStoreVerdict(results: readonly RuleResult[]): Verdict {
  return verdictOf(results.filter(({ rule }) => rule !== "token-size" && rule !== "token-header"));
}

function resultsOf(given: Case): Promise<readonly RuleResult[]> {
  const { jwks, jwks_status: status = 200, static_keys: keys, max_age_seconds: maxAge } = given;
  return checkToken(given.token, {
    ...(jwks === undefined ? {} : { jwksAnswer: { status, text: jwks } }),
    ...(keys === undefined ? {} : { staticJwks: { keys } }),
    ...(maxAge === undefined ? {} : { maxLifetimeSeconds: maxAge }),
    audiences: given.audience,
    nowSeconds: given.now,
  });
}

Deno.test("the file of verdicts is whole", () => assertEquals(CASES.length, 1134));

for (const [group, cases] of Map.groupBy(CASES, ({ id }) => id.slice(0, id.indexOf("/")))) {
  Deno.test(`the rules decide as PowerSync does: ${group}`, async () => {
    const differences = [];
    for (const given of cases) {
      const { outcome, code, because } = keyStoreVerdict(await resultsOf(given));
      const rules = outcome === "refused" ? code ?? "does not start" : outcome;
      const service = given.refused === undefined ? "accepted" : given.refused ?? "does not start";
      if (rules !== service) {
        differences.push({ id: given.id, what: given.what, rules, because, service, message: given.message });
      }
    }
    assertEquals(differences, []);
  });
}

/** Cases in which one rule alone does not hold, or warns, and no other may be named. */
const ALONE: Readonly<Record<string, string>> = {
  "jwks-shape": "empty-object jwks-shape/array jwks-shape/null error-json html",
  "jwks-not-empty": "keys-empty keys-twice-last-empty",
  "jwks-member": "member-text member-null",
  "jwks-key-imports": "rsa-n-missing ec-off-curve okp-x-short",
  "jwks-rsa-bits": "algorithm/RSA-1024-RS256 rs256-2047",
  "jwks-key-algorithm": "jwk-alg/P-256-ES384 algorithm/secp256k1-ES256",
  "jwks-key-used": "use/enc-beside",
  "jwks-kid-present": "wildcard/P-256-ES256 kid/empty-key",
  "jwks-kid-unique": "kid/duplicate-first",
  "token-form": "encoding/two-parts encoding/four-parts text-not-json crit-unknown crit-empty",
  "token-algorithm":
    "header/alg-missing algorithm/P-256-none algorithm/P-256-PS256 algorithm/Ed25519-Ed25519",
  "token-header": "encoding/space-in-header",
  "token-size": "size/16k",
  "key-found": "kid/unknown kid/missing-in-token wildcard/changed-payload",
  "key-algorithm": "algorithm/P-256-ES384 algorithm/P-384-ES256 algorithm/RSA-2048-HS256",
  "signature": "es256-other-input kid/duplicate-second wildcard/named-is-final",
  "sub-present": "sub/missing",
  "iat-present": "iat/missing",
  "exp-present": "exp/missing",
  "iat-number": "iat/number-text",
  "nbf-reached": "nbf/ahead-61 nbf/text",
  "exp-number": "exp/number-text",
  "exp-not-passed": "exp/at--60 exp/zero",
  "aud-present": "aud/missing aud/null",
  "aud-accepted": "aud/array-other aud/slash",
  "lifetime": "lifetime/86401 lifetime/max-60",
  "parameters-object": "parameters/array parameters/text",
  "sub-text": "sub/number sub/empty sub/null sub/true",
  "iss-not-supabase": "iss/functions",
};

for (const [rule, ids] of Object.entries(ALONE)) {
  Deno.test(`the rule ${rule} is named alone`, async () => {
    for (const id of ids.split(" ")) {
      const given = CASES.find((one) => one.id === id || one.id.endsWith(`/${id}`));
      assert(given, id);
      const { jwks: text = "", jwks_status: status = 200 } = given;
      const results = rule.startsWith("jwks-")
        ? readJwksAnswer({ status, text }).results
        : await resultsOf(given);
      const found = results.filter(({ outcome }) => ["failed", "warning"].includes(outcome));
      assertEquals([id, ...new Set(found.map((result) => result.rule))], [id, rule]);
      const code = found[0]?.outcome === "failed" ? RULE_CODES[rule as keyof typeof RULE_CODES] : undefined;
      // Where PowerSync refuses the whole set, `null` has a code of its own.
      assertEquals([id, found[0]?.code], [
        id,
        /(shape\/|member-)null$/.test(given.id) ? given.refused : code,
      ]);
    }
  });
}

// These cases show private keys, which are made here instead of standing in a file.
const [rsa, okp] = [await makeKey("RS256", "rsa"), await makeKey("EdDSA", "okp")];
const other = {
  ec: (await makeKey("ES256", "other")).privateJwk,
  rsa: (await makeKey("RS256", "rsa")).privateJwk,
  okp: (await makeKey("EdDSA", "okp")).privateJwk,
};
const { n = "", e = "" } = rsa.publicJwk;
const { p, q } = rsa.privateJwk;

for (
  const [id, key, keys, code] of [
    ["ec-private", ec, [ec.privateJwk], undefined],
    ["ec-private-other", ec, [{ ...ec.publicJwk, d: other.ec.d }], undefined],
    ["rsa-private", rsa, [rsa.privateJwk], undefined],
    ["rsa-primes-only", rsa, [{ ...rsa.publicJwk, p, q }], undefined],
    ["rsa-d-only", rsa, [{ ...rsa.publicJwk, d: rsa.privateJwk.d }], "PSYNC_S2201"],
    ["rsa-d-wrong", rsa, [{ ...other.rsa, n, e }], undefined],
    ["okp-private", okp, [okp.privateJwk], undefined],
    ["okp-private-other", okp, [{ ...okp.publicJwk, d: other.okp.d }], "PSYNC_S2101"],
    ["beside-bad-private", ec, [{ ...other.ec, d: ec.privateJwk.d }, ec.publicJwk], undefined],
  ] as const
) {
  Deno.test(`the rules decide as PowerSync does: jwks-key/${id}`, async () => {
    const verdict = keyStoreVerdict(await check(await sign(GOOD, { key }), { jwks: { keys } }));
    assertEquals(verdict.code, code, JSON.stringify(verdict));
    assertEquals(verdict.outcome, code === undefined ? "accepted" : "refused");
  });
}
