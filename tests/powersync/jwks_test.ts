import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { checkJwks, readJwks } from "../../scripts/powersync/jwks.ts";
import { type RuleResult, verdictOf } from "../../scripts/powersync/result.ts";
import { RULE_CODES } from "../../scripts/powersync/rule-codes.ts";
import { generateKeyPairSync } from "node:crypto";
import { makeKey } from "../support/signing.ts";

const rsa = await makeKey("RS256", "rsa");
const ec = await makeKey("ES256", "ec");
const okp = await makeKey("EdDSA", "okp");

function kept(body: unknown): (string | undefined)[] {
  return readJwks(body, { from: "remote" }).keys.map(({ kid }) => kid);
}

function failures(results: readonly RuleResult[]): [string, string | undefined][] {
  return results.filter(({ outcome }) => outcome === "failed").map(({ rule, code }) => {
    assertEquals(RULE_CODES[rule], code);
    return [rule, code];
  });
}

function warnings(results: readonly RuleResult[]): string[] {
  return results.filter(({ outcome }) => outcome === "warning").map(({ rule }) => rule);
}

Deno.test("a set of good keys is imported whole", () => {
  const body = { keys: [rsa.publicJwk, ec.publicJwk, okp.publicJwk] };
  assertEquals(kept(body), ["rsa", "ec", "okp"]);
  assertEquals(verdictOf(checkJwks(body)).outcome, "accepted");
  assert(checkJwks(body).every(({ outcome }) => outcome === "passed"));
});

for (const body of [{}, [], null, "text", 7, { keys: {} }, { error: "not found" }]) {
  Deno.test(`${JSON.stringify(body)} is no JWKS`, () => {
    assertEquals(failures(checkJwks(body)), [["jwks-shape", "PSYNC_S2204"]]);
  });
}

Deno.test("an empty set wipes PowerSync's keys", () => {
  assertEquals(failures(checkJwks({ keys: [] })), [["jwks-not-empty", "PSYNC_S2101"]]);
});

for (const member of [null, "text", 7, []]) {
  Deno.test(`the member ${JSON.stringify(member)} spoils the set`, () => {
    assertEquals(failures(checkJwks({ keys: [ec.publicJwk, member] })), [["jwks-member", "PSYNC_S2201"]]);
    assertEquals(kept({ keys: [ec.publicJwk, member] }), []);
  });
}

for (
  const [what, bad] of [
    ["an RSA key without modulus", { kty: "RSA", e: "AQAB" }],
    ["an EC point off the curve", { ...ec.publicJwk, y: ec.publicJwk.x }],
    ["an EC key with a cut coordinate", { ...ec.publicJwk, x: ec.publicJwk.x?.slice(0, -4) }],
    ["an EC key at zero", { ...ec.publicJwk, x: "A".repeat(43), y: "A".repeat(43) }],
    ["an EC key with an unknown curve", { ...ec.publicJwk, crv: "P-999" }],
    ["an Ed25519 key that was cut", { ...okp.publicJwk, x: okp.publicJwk.x?.slice(0, -4) }],
  ] as const
) {
  Deno.test(`${what} spoils the whole set`, () => {
    assertEquals(failures(checkJwks({ keys: [rsa.publicJwk, bad] })), [["jwks-key-imports", "PSYNC_S2201"]]);
    assertEquals(kept({ keys: [rsa.publicJwk, bad] }), []);
  });
}

for (
  const [what, ignored] of [
    ["a key of type oct", { kty: "oct", alg: "HS256", kid: "shared" }],
    ["a key of an unknown type", { kty: "AKP", kid: "future" }],
    ["a key for encryption", { ...rsa.publicJwk, use: "enc" }],
    ["a key whose key_ops lack verify", { ...rsa.publicJwk, key_ops: ["sign"] }],
    ["a malformed key for encryption", { kty: "RSA", use: "enc" }],
  ] as const
) {
  Deno.test(`${what} is skipped, and the others stay`, () => {
    const body = { keys: [ignored, ec.publicJwk] };
    assertEquals(kept(body), ["ec"]);
    assertEquals(warnings(checkJwks(body)), ["jwks-key-used"]);
    assertEquals(verdictOf(checkJwks(body)).outcome, "accepted");
    assertEquals(failures(checkJwks({ keys: [ignored] })), [["jwks-not-empty", "PSYNC_S2101"]]);
  });
}

Deno.test("use sig, key_ops with verify, and neither of them, are used", () => {
  const { use: _, ...plain } = ec.publicJwk;
  assertEquals(kept({ keys: [plain, { ...plain, kid: "2", key_ops: ["sign", "verify"] }] }), ["ec", "2"]);
});

Deno.test("an RSA key needs 2048 bits", () => {
  const weak = {
    ...generateKeyPairSync("rsa", { modulusLength: 2040 }).publicKey.export({ format: "jwk" }),
    kid: "weak",
  };
  assertEquals(failures(checkJwks({ keys: [weak] })), [["jwks-rsa-bits", "PSYNC_S2101"]]);
  assertEquals(failures(checkJwks({ keys: [rsa.publicJwk] })), []);
});

Deno.test("an alg that PowerSync does not know verifies nothing", () => {
  for (
    const bad of [{ ...rsa.publicJwk, alg: "PS256" }, { ...okp.publicJwk, alg: "Ed25519" }, {
      ...ec.publicJwk,
      alg: "ES384",
    }]
  ) {
    assertEquals(failures(checkJwks({ keys: [bad] })), [["jwks-key-algorithm", "PSYNC_S2101"]]);
  }
});

Deno.test("a key without kid is a wildcard, with a warning", () => {
  const { kid: _, ...unnamed } = ec.publicJwk;
  assertEquals(kept({ keys: [unnamed] }), [undefined]);
  assertEquals(warnings(checkJwks({ keys: [unnamed] })), ["jwks-kid-present"]);
});

Deno.test("of two keys with one kid the second is warned of", () => {
  assertEquals(warnings(checkJwks({ keys: [ec.publicJwk, { ...rsa.publicJwk, kid: "ec" }] })), [
    "jwks-kid-unique",
  ]);
});

Deno.test("a private member fails our own rule though PowerSync does not notice, and is not repeated", () => {
  const results = checkJwks({ keys: [ec.privateJwk, rsa.publicJwk] });
  assertEquals(failures(results), [["jwks-no-private-member", undefined]]);
  assertEquals(verdictOf(results).outcome, "accepted");
  const text = JSON.stringify(results);
  assertStringIncludes(text, "`d`");
  assertFalse(text.includes(ec.privateJwk.d ?? "none"));
});

Deno.test("a shared secret in a static set counts, a malformed one spoils it", () => {
  const shared = { kty: "oct", alg: "HS256", kid: "dev", k: "c2VjcmV0" };
  assertEquals(readJwks({ keys: [shared] }, { from: "static" }).keys.map(({ algorithms }) => algorithms), [[
    "HS256",
  ]]);
  const bad = readJwks({ keys: [{ ...shared, k: 7 }] }, { from: "static" });
  assertEquals(failures(bad.results), [["jwks-key-imports", "PSYNC_S2201"]]);
});
