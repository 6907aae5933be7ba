import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { JWK } from "jose";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { publicHalf, type PublicJwk } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { importProvenKey } from "../../supabase/functions/_shared/powersync/key-proof.ts";
import { makeKey } from "../support/signing.ts";

const rsa = await makeKey("RS256");
const otherRsa = await makeKey("RS256");

/** Proves a private key against a public half and counts the signatures that this takes. */
async function prove(
  privateJwk: JWK,
  publicJwk: PublicJwk = publicHalf({ ...privateJwk }, "SECRET"),
): Promise<{ code: string; signatures: number }> {
  const original = crypto.subtle.sign;
  const counted = { signatures: 0 };
  crypto.subtle.sign = function (...args: Parameters<typeof original>) {
    counted.signatures += 1;
    return original.apply(this, args);
  };
  try {
    const key = await importProvenKey(privateJwk, publicJwk, "SECRET");
    assertEquals([key.type, key.extractable, key.usages], ["private", false, ["sign"]]);
    return { code: "usable", ...counted };
  } catch (error) {
    assert(error instanceof PowerSyncAuthError && error.message.includes("SECRET"), `${error}`);
    return { code: error.code, ...counted };
  } finally {
    crypto.subtle.sign = original;
  }
}

function number(member: string | undefined): bigint {
  return BigInt(`0x${Buffer.from(member ?? "", "base64url").toString("hex")}`);
}

function member(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

Deno.test("an EC or Ed25519 pair signs once; an RSA pair, whose arithmetic is its proof, not at all", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    assertEquals(await prove((await makeKey(alg)).privateJwk), { code: "usable", signatures: 1 });
  }
  for (const alg of ["RS256", "RS384", "RS512"]) {
    assertEquals(await prove((await makeKey(alg)).privateJwk), { code: "usable", signatures: 0 });
  }
});

Deno.test("an RSA key with any member edited, swapped or of another key never signs: that would end the process", async () => {
  const jwk = rsa.privateJwk;
  const other = otherRsa.privateJwk;
  const [n, d, p, q] = [number(jwk.n), number(jwk.d), number(jwk.p), number(jwk.q)];
  const edits: Record<string, Partial<JWK>>[] = [
    ...(["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).flatMap((name) => [
      { [`${name} + 2`]: { [name]: member(number(jwk[name]) + 2n) } },
      { [`${name} of another key`]: name === "e" ? { e: "AQAD" } : { [name]: other[name] ?? "" } },
    ]),
    { "p and q swapped": { p: member(q), q: member(p) } },
    // The members that follow from `d` follow, but it is the inverse of `e` for one of the primes alone.
    { "d for p alone": { d: member(d + p - 1n), dq: member((d + p - 1n) % (q - 1n)) } },
    { "d for q alone": { d: member(d + q - 1n), dp: member((d + q - 1n) % (p - 1n)) } },
    { "d and n swapped": { d: member(n), n: member(d) } },
    { "d too large": { d: member(d + (p - 1n) * (q - 1n) * n) } },
    { "p = 1": { p: "AQ", q: member(n) } },
    { "q = 1": { q: "AQ", p: member(n) } },
    { "p = 2": { p: "Ag" } },
    { "p = 0": { p: "AA" } },
    { "p = q": { p: jwk.q ?? "", n: member(q * q) } },
  ];
  for (const edit of edits) {
    const [[what, members] = ["", {}]] = Object.entries(edit);
    const half: PublicJwk = { kty: "RSA", n: jwk.n ?? "", e: jwk.e ?? "", alg: "RS256", use: "sig" };
    const { code, signatures } = await prove({ ...jwk, ...members }, half);
    assertEquals([what, code, signatures], [what, "KEY_INCONSISTENT", 0]);
  }
});

Deno.test("primes in either order are one key, if the members that follow from them follow", async () => {
  const { p, q, dp, dq, ...jwk } = rsa.privateJwk;
  const [first, second] = [number(p), number(q)];
  // Fermat: the inverse of p modulo the prime q.
  let [inverse, base, exponent] = [1n, first % second, second - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) inverse = inverse * base % second;
    base = base * base % second;
  }
  const swapped: JWK = { ...jwk, p: q ?? "", q: p ?? "", dp: dq ?? "", dq: dp ?? "", qi: member(inverse) };
  assertEquals((await prove(swapped)).code, "usable");
});

Deno.test("a private EC or Ed25519 key with another key's public half is inconsistent", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    const [first, second] = [await makeKey(alg), await makeKey(alg)];
    const half = publicHalf({ ...second.publicJwk }, "SECRET");
    assertEquals((await prove({ ...half, d: first.privateJwk.d ?? "" }, half)).code, "KEY_INCONSISTENT");
  }
});

Deno.test("a private member that no key can have is refused, at its import or by its signature", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    const { privateJwk } = await makeKey(alg);
    for (const d of ["AQAB", `${privateJwk.d}AAAA`, `${privateJwk.d?.slice(0, -4)}`]) {
      const { code } = await prove({ ...privateJwk, d });
      assert(["KEY_MALFORMED", "KEY_INCONSISTENT"].includes(code), `${alg}: ${code}`);
    }
  }
});
