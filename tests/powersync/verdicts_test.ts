/** Holds the rules to the answers of the real PowerSync Service 1.25.0: 1,143 cases, without exception. */
import { assertEquals } from "@std/assert";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { type RuleResult, type Verdict, verdictOf } from "../../scripts/powersync/result.ts";
import { makeKey, sign } from "../support/signing.ts";
import { check, GOOD, key as ec } from "./token_check.ts";
import { type Case, CASES } from "./verdicts.ts";

/** The size and form of the Authorization header are decided before the key store, which gave the verdicts. */
function keyStoreVerdict(results: readonly RuleResult[]): Verdict {
  return verdictOf(results.filter(({ rule }) => rule !== "token-size" && rule !== "token-header"));
}

async function verdictOn(given: Case): Promise<Verdict> {
  const { jwks, jwks_status: status = 200, static_keys: keys, max_age_seconds: maxAge } = given;
  return keyStoreVerdict(
    await checkToken(given.token, {
      ...(jwks === undefined ? {} : { jwksAnswer: { status, text: jwks } }),
      ...(keys === undefined ? {} : { staticJwks: { keys } }),
      ...(maxAge === undefined ? {} : { maxLifetimeSeconds: maxAge }),
      audiences: given.audience,
      nowSeconds: given.now,
    }),
  );
}

Deno.test("the file of verdicts is whole", () => assertEquals(CASES.length, 1134));

for (const [group, cases] of Map.groupBy(CASES, ({ id }) => id.slice(0, id.indexOf("/")))) {
  Deno.test(`the rules decide as PowerSync does: ${group}`, async () => {
    const differences = [];
    for (const given of cases) {
      const { outcome, code, because } = await verdictOn(given);
      const rules = outcome === "refused" ? code ?? "does not start" : outcome;
      const service = given.refused === undefined ? "accepted" : given.refused ?? "does not start";
      if (rules !== service) {
        differences.push({ id: given.id, what: given.what, rules, because, service, message: given.message });
      }
    }
    assertEquals(differences, []);
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
