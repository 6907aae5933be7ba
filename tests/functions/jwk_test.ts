/** Which public keys are published and which are not. How a private key is proven is in jwk_proof_test.ts. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { calculateJwkThumbprint } from "jose";
import { KeyError, readPublicKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const { publicJwk: rsa } = await makeKey("RS256", "rsa");
const { publicJwk: ec } = await makeKey("ES256", "ec");
const { publicJwk: ed } = await makeKey("EdDSA", "ed");
const { alg: _, ...anyRsa } = rsa;

/** The code that refuses a key, or its algorithm. */
async function codeOf(jwk: unknown): Promise<string> {
  try {
    return (await readPublicKey(jwk)).alg;
  } catch (error) {
    if (error instanceof KeyError) return error.code;
    throw error;
  }
}

function unsigned(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

/** A modulus of so many bits: the highest and the lowest one are set. */
const modulus = (bits: number) => unsigned((1n << BigInt(bits - 1)) + 1n);

/** Keys with other values of one member. */
const each = (jwk: object, member: string, values: readonly unknown[]) =>
  values.map((value) => ({ ...jwk, [member]: value }));

Deno.test("each key has the algorithms that fit it, the first of which is the default", async () => {
  await assertTable(codeOf, {
    RS256: [anyRsa, { ...anyRsa, alg: "RS256" }, ...each(anyRsa, "n", [2048, 3072, 4096].map(modulus))],
    RS384: [{ ...anyRsa, alg: "RS384" }],
    RS512: [{ ...anyRsa, alg: "RS512" }],
    EdDSA: [ed, { ...ed, alg: "Ed25519" }],
  });
});

/** All that is not published though it is well-formed, by code and reason; PowerSync's Node imports much of it. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  KEY_TOO_WEAK: {
    "PowerSync verifies nothing with less than 2048 bits": each(rsa, "n", [8, 512, 1024, 2047].map(modulus)),
    "an exponent below 65537 is unsafe (FIPS 186-5)": each(rsa, "e", ["AA", "AQ", "Aw", "AP__"]),
    "an even exponent has no inverse": [{ ...rsa, e: "AQAC" }],
  },
  KEY_UNSUPPORTED: {
    "the hosted runtime cannot use more than 4096 bits": each(rsa, "n", [4097, 8192].map(modulus)),
    "an `alg` must fit the key, and PowerSync must accept it": [
      ...each(rsa, "alg", ["PS256", "RS1", "RSA-OAEP", "ES256", "HS256", "none", ""]),
      ...each(ec, "alg", ["ES384", "ES512", "ES256K", "EdDSA", "Ed25519"]),
      ...each(ed, "alg", ["ES256", "Ed448"]),
    ],
    "an `alg` is text (RFC 7517, section 4.4)": each(rsa, "alg", [null, 256]),
    "the hosted runtime has no P-521, and PowerSync no ES256K": each(ec, "crv", ["P-521", "secp256k1"]),
    "a curve has one name": each(ec, "crv", ["p-256", "prime256v1", undefined, "constructor"]),
    "the hosted runtime has no Ed448, and X25519 signs nothing": each(ed, "crv", [
      "Ed448",
      "X25519",
      undefined,
    ]),
    "a key type is RSA, EC or OKP": each(rsa, "kty", ["rsa", "AKP", "toString", "", null, 1]),
    "a `use` other than signatures is not for PowerSync": each(ec, "use", ["enc", "SIG", ""]),
    "a `use` is text (RFC 7517, section 4.2)": [{ ...ec, use: null }],
  },
  KEY_MALFORMED: {
    "an even modulus is not a product of two odd primes": [{ ...rsa, n: unsigned(2n ** 2047n) }],
    "the hosted runtime cannot use an exponent of more than 33 bits": [{
      ...rsa,
      e: unsigned(2n ** 33n + 1n),
    }],
    "a `kid` is a text of 1 to 256 characters (RFC 7517, section 4.5)": [
      ...each(rsa, "kid", ["", "a".repeat(257), 1, null, ["a"]]),
    ],
    "padding, white space or base64: the value was edited": [
      { ...ec, x: `${ec.x}=` },
      ...each(rsa, "n", [`${rsa.n}\n`, `+/${rsa.n?.slice(2)}`]),
    ],
    "an empty member: the value was cut": [{ ...rsa, n: "" }],
    "a JWK is an object with `kty`": [{}, null, [], "EC", 1, undefined],
  },
  KEY_IS_SYMMETRIC: { "a shared secret cannot be published": [{ kty: "oct", k: "AAAA" }] },
  KEY_IS_PRIVATE: {
    "PowerSync does not notice a private key, whatever its members hold": [
      ...["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"].map((member) => ({ ...rsa, [member]: null })),
      { ...ec, d: ec.x },
    ],
  },
};

for (const [code, reasons] of Object.entries(REFUSED)) {
  for (const [why, keys] of Object.entries(reasons)) {
    Deno.test(`not published: ${why}`, () => assertTable(codeOf, { [code]: keys }));
  }
}

Deno.test("an exponent of at least 65537 stays as it is, and an absent use becomes `sig`", async () => {
  for (const e of ["AQAB", "AQAD"]) assertEquals((await readPublicKey({ ...rsa, e })).e, e);
  const { use: _, ...unstated } = ec;
  assertEquals((await readPublicKey(unstated)).use, "sig");
});

Deno.test("a missing kid becomes the RFC 7638 thumbprint", async () => {
  await assertTable(async (kid) => (await readPublicKey({ ...rsa, kid })).kid, [
    ["a", ["a"]],
    ["ä".repeat(256), ["ä".repeat(256)]],
    [await calculateJwkThumbprint(rsa), [undefined]],
  ]);
});
