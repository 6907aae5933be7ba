/** How a JWKS is reported; that it is read as PowerSync reads it, verdicts_test.ts holds. */
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { checkJwks, readJwks, readJwksAnswer } from "../../scripts/powersync/jwks.ts";
import { type RuleResult, verdictOf } from "../../scripts/powersync/result.ts";
import { readStaticJwks } from "../../scripts/powersync/static-jwks.ts";
import { makeKey } from "../support/signing.ts";

const rsa = await makeKey("RS256", "rsa");
const ec = await makeKey("ES256", "ec");
const okp = await makeKey("EdDSA", "okp");

function kept(body: unknown): unknown[] {
  return readJwks(body).keys.map(({ kid }) => kid);
}

function failures(results: readonly RuleResult[]): [string, string | undefined][] {
  return results.filter(({ outcome }) => outcome === "failed").map(({ rule, code }) => [rule, code]);
}

function warnings(results: readonly RuleResult[]): string[] {
  return results.filter(({ outcome }) => outcome === "warning").map(({ rule }) => rule);
}

Deno.test("a set of good keys is imported whole, and every rule passes", () => {
  const body = { keys: [rsa.publicJwk, ec.publicJwk, okp.publicJwk] };
  assertEquals(kept(body), ["rsa", "ec", "okp"]);
  assertEquals(verdictOf(checkJwks(body)).outcome, "accepted");
  assert(checkJwks(body).every(({ outcome }) => outcome === "passed"));
});

Deno.test("an Ed25519 key that states its newer algorithm name is told the older one", () => {
  const { because } = verdictOf(checkJwks({ keys: [{ ...okp.publicJwk, alg: "Ed25519" }] }));
  assertStringIncludes(because?.fix ?? "", "EdDSA");
});

for (
  const [what, ignored] of [
    ["a key of type oct", { kty: "oct", alg: "HS256", kid: "shared" }],
    ["a key of an unknown type", { kty: "AKP", kid: "future" }],
    ["a key for encryption", { ...rsa.publicJwk, use: "enc" }],
    ["a key whose key_ops lack verify", { ...rsa.publicJwk, key_ops: ["sign"] }],
  ] as const
) {
  Deno.test(`${what} is skipped with a warning, and the others stay`, () => {
    const body = { keys: [ignored, ec.publicJwk] };
    assertEquals(kept(body), ["ec"]);
    assertEquals(warnings(checkJwks(body)), ["jwks-key-used"]);
    assertEquals(verdictOf(checkJwks(body)).outcome, "accepted");
    assertEquals(failures(checkJwks({ keys: [ignored] })), [["jwks-not-empty", "PSYNC_S2101"]]);
  });
}

Deno.test("a private member fails our own rule, which PowerSync does not have, and is not repeated", () => {
  const results = checkJwks({ keys: [ec.privateJwk, rsa.publicJwk] });
  assertEquals(failures(results), [["jwks-no-private-member", undefined]]);
  assertEquals(verdictOf(results).outcome, "accepted");
  const text = JSON.stringify(results);
  assertStringIncludes(text, "`d`");
  assertFalse(text.includes(ec.privateJwk.d ?? "none"));
});

Deno.test("an answer is told by its status or its body", () => {
  const text = JSON.stringify({ keys: [ec.publicJwk] });
  assertEquals(readJwksAnswer({ status: 200, text }).keys.length, 1);
  assertStringIncludes(readJwksAnswer({ status: 503, text }).results[0]?.seen ?? "", "HTTP 503");
  assertStringIncludes(readJwksAnswer({ status: 200, text: "<html>" }).results[0]?.seen ?? "", "not JSON");
});

Deno.test("a static set may hold a shared secret, and a problem names the key and the member", () => {
  const shared = { kty: "oct", alg: "HS256", kid: "dev", k: "c2VjcmV0" };
  assertEquals(readStaticJwks({ keys: [shared] }).keys.map(({ algorithms }) => algorithms), [["HS256"]]);
  for (
    const [bad, named] of [
      [{ ...shared, k: 7 }, "`k`"],
      [{ ...shared, alg: "RS256" }, "`alg`"],
      [{ ...ec.publicJwk, crv: "secp256k1" }, "`crv`"],
      [{ ...ec.publicJwk, kid: 7 }, "`kid`"],
      [{ kty: "AKP" }, "key type"],
      ["text", "JWK"],
    ] as const
  ) {
    const { keys, results } = readStaticJwks({ keys: [shared, bad] });
    assertEquals([keys.length, failures(results)], [0, [["static-jwks", undefined]]]);
    assertStringIncludes(results[0]?.seen ?? "", named);
    assertStringIncludes(results[0]?.seen ?? "", "key 2");
  }
});
