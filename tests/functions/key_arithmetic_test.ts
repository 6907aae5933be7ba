import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  CURVES,
  decodeUnsigned,
  encodeUnsigned,
  isOnCurve,
  type RsaNumbers,
  satisfiesRsaArithmetic,
} from "../../supabase/functions/_shared/powersync/key-arithmetic.ts";
import { makeKey } from "../support/signing.ts";

function number(member: unknown): bigint {
  return BigInt(`0x${Buffer.from(`${member}`, "base64url").toString("hex")}`);
}

const MEMBERS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;

async function rsaNumbers(): Promise<RsaNumbers> {
  const { privateJwk } = await makeKey("RS256");
  return Object.fromEntries(MEMBERS.map((name) => [name, number(privateJwk[name])])) as RsaNumbers;
}

Deno.test("a Base64urlUInt is a big-endian number", () => {
  const texts = ["AQAB", "AA", "AAE", "AP__", "-_A"];
  assertEquals(texts.map(decodeUnsigned), [65537n, 0n, 1n, 65535n, 0xfbf0n]);
});

Deno.test("a number has one Base64urlUInt: no leading zero bytes, no unused bits, zero is AA", () => {
  const numbers = [0n, 1n, 255n, 256n, 65537n, 0xfbf0n].map((value) => encodeUnsigned(value));
  assertEquals(numbers, ["AA", "AQ", "_w", "AQA", "AQAB", "-_A"]);
  const others = ["AAAAAQ", "AR", "__"].map((text) => encodeUnsigned(decodeUnsigned(text) ?? 0n));
  assertEquals(others, ["AQ", "AQ", "_w"]);
});

Deno.test("a coordinate is written in its full length", () => {
  assertEquals(encodeUnsigned(1n, 3), "AAAB");
  assertEquals(encodeUnsigned(2n ** 32n, 3), encodeUnsigned(2n ** 32n), "a larger number is not cut");
});

for (const [crv, alg] of [["P-256", "ES256"], ["P-384", "ES384"]] as const) {
  Deno.test(`${crv}: a key's point is on the curve, and so is its negative; no other, and none beyond p`, async () => {
    const { publicJwk } = await makeKey(alg);
    const curve = CURVES[crv];
    const { p } = curve;
    const [x, y] = [number(publicJwk.x), number(publicJwk.y)];
    const on = [{ x, y }, { x, y: p - y }];
    const beyond = [{ x: x + p, y }, { x, y: y + p }];
    const off = [{ x, y: y + 1n }, { x: x + 1n, y }, { x: y, y: x }, { x: 0n, y: 0n }, ...beyond];
    assertEquals([...on, ...off].map((point) => isOnCurve(curve, point)), [
      ...on.map(() => true),
      ...off.map(() => false),
    ]);
  });
}

Deno.test("RSA's arithmetic fails with any member edited, swapped or of another key", async () => {
  const key = await rsaNumbers();
  const other = await rsaNumbers();
  const { n, d, p, q } = key;
  assert(satisfiesRsaArithmetic(key));
  const edits: Record<string, Partial<RsaNumbers>> = {
    "p and q swapped": { p: q, q: p },
    // The members that follow from `d` follow, but it is the inverse of `e` for one of the primes alone.
    "d for p alone": { d: d + p - 1n, dq: (d + p - 1n) % (q - 1n) },
    "d for q alone": { d: d + q - 1n, dp: (d + q - 1n) % (p - 1n) },
    "d and n swapped": { d: n, n: d },
    "d too large": { d: d + (p - 1n) * (q - 1n) * n },
    "p = 1": { p: 1n, q: n },
    "q = 1": { q: 1n, p: n },
    "p = 2": { p: 2n },
    "p = 0": { p: 0n },
    "p = q": { p: q, n: q * q },
  };
  for (const name of MEMBERS) {
    edits[`${name} + 2`] = { [name]: key[name] + 2n };
    if (name !== "e") edits[`${name} of another key`] = { [name]: other[name] };
  }
  for (const [what, edit] of Object.entries(edits)) {
    assertEquals([what, satisfiesRsaArithmetic({ ...key, ...edit })], [what, false]);
  }
});

Deno.test("RSA primes in either order are one key, if the members that follow from them follow", async () => {
  const { p, q, dp, dq, ...key } = await rsaNumbers();
  // Fermat: the inverse of p modulo the prime q.
  let [inverse, base, exponent] = [1n, p % q, q - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) inverse = inverse * base % q;
    base = base * base % q;
  }
  assert(satisfiesRsaArithmetic({ ...key, p: q, q: p, dp: dq, dq: dp, qi: inverse }));
});
