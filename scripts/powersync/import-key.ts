/**
 * How PowerSync imports a JWK and verifies with it: jose 4.15.9 on Node 24. Only the arithmetic is left to Deno,
 * whose own import refuses text that Node reads and accepts members that Node refuses.
 */
import { Buffer } from "node:buffer";
import { createHmac, createPrivateKey, createPublicKey, verify } from "node:crypto";

/** A JWK's members, not yet checked. */
export type Members = Readonly<Record<string, unknown>>;

type PlainJwk = Readonly<
  { kty: string; crv?: string; n?: string; e?: string; x?: string; y?: string; k?: string }
>;

/** A key as Node holds it after importing a JWK. */
export interface ImportedKey {
  /** `RSA`, `oct`, or the name of the curve. */
  readonly kind: string;
  readonly bits?: number;
  /** The public members, or the shared secret, in one spelling of base64. */
  readonly jwk: PlainJwk;
}

/**
 * The length of a coordinate in bytes, by what Node accepts as `crv` of an EC key: also OpenSSL's own names. OpenSSL has
 * more curves, with which no token can be verified.
 */
const EC_CURVES: ReadonlyMap<unknown, readonly [kind: string, bytes: number]> = new Map([
  ["P-256", ["P-256", 32]],
  ["prime256v1", ["P-256", 32]],
  ["P-384", ["P-384", 48]],
  ["secp384r1", ["P-384", 48]],
  ["P-521", ["P-521", 66]],
  ["secp521r1", ["P-521", 66]],
  ["secp256k1", ["secp256k1", 32]],
]);

/** The length of a key in bytes (RFC 8037). Node checks nothing else of an OKP key. */
const OKP_CURVES: ReadonlyMap<unknown, number> = new Map(
  [["Ed25519", 32], ["Ed448", 57], ["X25519", 32], ["X448", 56]],
);

/**
 * Imports a JWK.
 *
 * @returns The key; `undefined` when the import throws, which makes PowerSync refuse the whole set.
 */
export function importKey(jwk: Members): ImportedKey | undefined {
  // Node takes a key with `d` for a private key, and a `d` that is not text for a mistake.
  if (jwk.kty !== "oct" && jwk.d !== undefined && typeof jwk.d !== "string") return undefined;
  if (jwk.kty === "RSA") return importRsa(jwk);
  if (jwk.kty === "EC") return importEc(jwk);
  if (jwk.kty === "OKP") return importOkp(jwk);
  if (jwk.kty !== "oct" || typeof jwk.k !== "string" || jwk.k === "") return undefined;
  return { kind: "oct", jwk: { kty: "oct", k: jwk.k } };
}

/**
 * Node imports any modulus and exponent: a truncated one verifies nothing, and leaves the other keys alone. A private
 * key must be complete, and no member longer than the modulus.
 */
function importRsa({ n, e, d, p, q, dp, dq, qi, oth }: Members): ImportedKey | undefined {
  if (typeof n !== "string" || typeof e !== "string" || oth !== undefined) return undefined;
  const isPossible = d === undefined ||
    [d, p, q, dp, dq, qi].every((member) =>
      typeof member === "string" && text(integer(member)).length <= text(integer(n)).length
    );
  if (!isPossible) return undefined;
  const bits = integer(n).toString(2).length;
  return { kind: "RSA", bits, jwk: { kty: "RSA", n: text(integer(n)), e: text(integer(e)) } };
}

/** OpenSSL computes with numbers, so leading zeros do not matter; the point must lie on the curve. */
function importEc({ crv, x, y }: Members): ImportedKey | undefined {
  const [kind, bytes] = EC_CURVES.get(crv) ?? [];
  if (kind === undefined || typeof x !== "string" || typeof y !== "string") return undefined;
  const jwk = { kty: "EC", crv: kind, x: text(integer(x), bytes), y: text(integer(y), bytes) };
  return isImportable(jwk) ? { kind, jwk } : undefined;
}

/** With `d`, OpenSSL derives the public key from it, whatever `x` says. */
function importOkp({ crv, x, d }: Members): ImportedKey | undefined {
  const bytes = OKP_CURVES.get(crv);
  if (bytes === undefined || typeof crv !== "string" || typeof x !== "string") return undefined;
  const given = Buffer.from(typeof d === "string" ? d : x, "base64");
  if (given.length !== bytes) return undefined;
  const jwk = { kty: "OKP", crv, x: given.toString("base64url") };
  if (d === undefined) return { kind: crv, jwk };
  const pair = createPrivateKey({ format: "jwk", key: { ...jwk, d: jwk.x } });
  return { kind: crv, jwk: { ...jwk, x: createPublicKey(pair).export({ format: "jwk" }).x ?? "" } };
}

function isImportable(jwk: PlainJwk): boolean {
  try {
    return createPublicKey({ format: "jwk", key: jwk }).type === "public";
  } catch {
    return false;
  }
}

function integer(base64: string): bigint {
  return BigInt(`0x${Buffer.from(base64, "base64").toString("hex") || "0"}`);
}

function text(value: bigint, bytes = 0): string {
  const hex = value.toString(16);
  const length = Math.max(bytes * 2, hex.length + hex.length % 2);
  return Buffer.from(hex.padStart(length, "0"), "hex").toString("base64url");
}

/**
 * Whether a key of the algorithm's kind verifies a signature (RFC 7518, section 3; RFC 8037, section 3.1).
 *
 * @param options `alg`: an algorithm that `key` fits; `data`: what was signed.
 */
export async function verifies(
  { kind, jwk }: ImportedKey,
  { alg, data, signature }: {
    alg: string;
    data: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
  },
): Promise<boolean> {
  const bits = alg.slice(2);
  if (kind === "oct") {
    const mac = createHmac(`sha${bits}`, Buffer.from(jwk.k ?? "", "base64")).update(data).digest();
    return mac.equals(signature);
  }
  try {
    if (jwk.kty !== "EC") {
      const key = createPublicKey({ format: "jwk", key: jwk });
      return verify(alg === "EdDSA" ? undefined : `sha${bits}`, data, key, signature);
    }
    const ecdsa = { name: "ECDSA", namedCurve: kind, hash: `SHA-${bits}` };
    const key = await crypto.subtle.importKey("jwk", jwk, ecdsa, false, ["verify"]);
    return await crypto.subtle.verify(ecdsa, key, signature, data);
  } catch {
    return false;
  }
}
