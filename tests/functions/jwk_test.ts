import { assertEquals, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import { calculateJwkThumbprint } from "jose";
import { KeyError, readPublicKey, readSigningKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

type Jwk = Readonly<Record<string, unknown>>;

const rsa = await makeKey("RS256", "rsa");
const ec = await makeKey("ES256", "ec");
const ed = await makeKey("EdDSA", "ed");

async function refused(reading: Promise<unknown>): Promise<KeyError> {
  const error = await reading.then(() => undefined, (error) => error);
  if (error instanceof KeyError) return error;
  throw error ?? new Error("The key was not refused.");
}

async function publicCode(jwk: unknown): Promise<string> {
  return (await refused(readPublicKey(jwk))).code;
}

async function signingCode(jwk: unknown): Promise<string> {
  return (await refused(readSigningKey(jwk))).code;
}

async function algOf(jwk: Jwk): Promise<string> {
  return (await readPublicKey(jwk)).alg;
}

/** A modulus of so many bits: the highest and the lowest one are set. */
function modulus(bits: number): string {
  const hex = ((1n << BigInt(bits - 1)) + 1n).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

Deno.test("RSA keys have 2048 to 4096 bits", async () => {
  const withBits = (bits: number) => ({ kty: "RSA", n: modulus(bits), e: "AQAB" });
  for (const bits of [2048, 3072, 4096]) assertEquals(await algOf(withBits(bits)), "RS256");
  for (const bits of [8, 512, 1024, 2047]) {
    assertEquals([bits, await publicCode(withBits(bits))], [bits, "KEY_TOO_WEAK"]);
  }
  for (const bits of [4097, 8192]) {
    assertEquals([bits, await publicCode(withBits(bits))], [bits, "KEY_UNSUPPORTED"]);
  }
});

Deno.test("RSA's public exponent is odd and at least 65537", async () => {
  const withExponent = (e: string) => ({ ...rsa.publicJwk, e });
  for (const e of ["AQAB", "AQAD"]) assertEquals((await readPublicKey(withExponent(e))).e, e);
  for (const e of ["AA", "AQ", "Aw", "AP__", "AQAC"]) {
    assertEquals([e, await publicCode(withExponent(e))], [e, "KEY_TOO_WEAK"]);
  }
});

Deno.test("each key has the algorithms that fit it, the first of which is the default", async () => {
  const { alg: _, ...bare } = rsa.publicJwk;
  assertEquals(await algOf(bare), "RS256");
  for (const alg of ["RS256", "RS384", "RS512"]) assertEquals(await algOf({ ...bare, alg }), alg);
  assertEquals(await algOf({ ...ed.publicJwk, alg: "Ed25519" }), "EdDSA");
  const unsupported: Jwk[] = [
    ...["PS256", "RS1", "RSA-OAEP", "ES256", "HS256", "none", "", null, 256].map((alg) => ({ ...bare, alg })),
    ...["ES384", "ES512", "ES256K", "EdDSA"].map((alg) => ({ ...ec.publicJwk, alg })),
    ...["ES256", "Ed448"].map((alg) => ({ ...ed.publicJwk, alg })),
    { ...ec.publicJwk, alg: "Ed25519" },
    ...["P-521", "secp256k1", "p-256", undefined, "constructor"].map((crv) => ({ ...ec.publicJwk, crv })),
    ...["Ed448", "X25519", undefined].map((crv) => ({ ...ed.publicJwk, crv })),
  ];
  for (const jwk of unsupported) assertEquals([jwk, await publicCode(jwk)], [jwk, "KEY_UNSUPPORTED"]);
});

Deno.test("a key type is RSA, EC or OKP", async () => {
  for (const kty of ["rsa", "AKP", "toString", "", null, 1]) {
    assertEquals([kty, await publicCode({ ...rsa.publicJwk, kty })], [kty, "KEY_UNSUPPORTED"]);
  }
  for (const code of [publicCode, signingCode]) {
    assertEquals(await code({ kty: "oct", k: "AAAA" }), "KEY_IS_SYMMETRIC");
    for (const value of [{}, null, [], "EC", 1, undefined]) {
      assertEquals([value, await code(value)], [value, "KEY_MALFORMED"]);
    }
  }
});

for (const alg of ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"]) {
  Deno.test(`${alg}: nothing but the allow-list is published, whatever a key holds`, async () => {
    const { privateJwk, publicJwk } = await makeKey(alg, "kid");
    // `supabase gen signing-key` prints these `key_ops`, which jose refuses.
    const more = { x5c: ["x"], x5u: "x", key_ops: ["sign", "verify"], ext: true, nbf: 1, "": "x" };
    assertEquals({ ...await readPublicKey({ ...publicJwk, ...more }) }, { ...publicJwk });
    const pair = await readSigningKey({ ...privateJwk, ...more, k: "x" });
    assertEquals({ ...pair.publicJwk }, { ...publicJwk });
    assertFalse(pair.privateKey.extractable);
  });
}

Deno.test("a use other than signatures is refused, an absent one is not", async () => {
  for (const use of ["enc", "SIG", "", null]) {
    assertEquals([use, await publicCode({ ...ec.publicJwk, use })], [use, "KEY_UNSUPPORTED"]);
  }
  const { use: _, ...unstated } = ec.publicJwk;
  assertEquals((await readPublicKey(unstated)).use, "sig");
});

Deno.test("each member that gives a key away counts as secret, whatever its value", async () => {
  for (const member of ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]) {
    const code = await publicCode({ ...rsa.publicJwk, [member]: null });
    assertEquals([member, code], [member, "KEY_IS_PRIVATE"]);
  }
});

Deno.test("a private key has all its members, and RSA two primes", async () => {
  assertEquals(await signingCode(rsa.publicJwk), "KEY_IS_PUBLIC");
  assertEquals(await signingCode({ ...rsa.privateJwk, oth: [] }), "KEY_UNSUPPORTED");
  for (const member of ["d", "p", "q", "dp", "dq", "qi"]) {
    const code = await signingCode({ ...rsa.privateJwk, [member]: undefined, k: "" });
    assertEquals([member, code], [member, "KEY_MALFORMED"]);
  }
  for (const { privateJwk } of [ec, ed]) {
    assertEquals(await signingCode({ ...privateJwk, d: 7 }), "KEY_MALFORMED");
  }
});

Deno.test("a kid is a text of 1 to 256 characters; a missing one becomes the RFC 7638 thumbprint", async () => {
  const kidOf = async (kid: unknown) => (await readPublicKey({ ...rsa.publicJwk, kid })).kid;
  assertEquals([await kidOf("a"), await kidOf("ä".repeat(256))], ["a", "ä".repeat(256)]);
  assertEquals(await kidOf(undefined), await calculateJwkThumbprint(rsa.publicJwk));
  for (const kid of ["", "a".repeat(257), 1, null, ["a"]]) {
    assertEquals([kid, await publicCode({ ...rsa.publicJwk, kid })], [kid, "KEY_MALFORMED"]);
  }
});

Deno.test("nbf is a number of seconds", async () => {
  const start = async (nbf: unknown) => (await readSigningKey({ ...ed.privateJwk, nbf })).notBefore;
  for (const nbf of [0, -1.5, 1e10, undefined]) assertEquals(await start(nbf), nbf);
  for (const nbf of ["0", null, Infinity, NaN, {}]) {
    assertEquals([nbf, await signingCode({ ...ed.privateJwk, nbf })], [nbf, "KEY_MALFORMED"]);
  }
});

Deno.test("private members in another form than the canonical one make the same key", async () => {
  const prefixed = (text = "") =>
    Buffer.concat([Buffer.alloc(1), Buffer.from(text, "base64url")]).toString("base64url");
  for (const { privateJwk } of [rsa, ec]) {
    const { kty, crv, alg, kid: _, ...members } = privateJwk;
    const padded = Object.fromEntries(
      Object.entries(members).map(([name, text]) => [name, prefixed(`${text}`)]),
    );
    const { privateKey } = await readSigningKey({ kty, ...crv && { crv }, alg, ...padded });
    assertEquals([privateKey.type, privateKey.extractable, privateKey.usages], ["private", false, ["sign"]]);
  }
});
