import type { JWK } from "jose";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { importJWK } from "jose/key/import";
import type { KeyErrorCode } from "./errors.ts";
import {
  CURVES,
  decodeUnsigned,
  encodeUnsigned,
  isOnCurve,
  satisfiesRsaArithmetic,
} from "./key-arithmetic.ts";
import { isJsonObject } from "./secret.ts";

/**
 * What PowerSync accepts and the hosted runtime can sign with; a key's default is the first that fits it. P-521 is missing
 * from that runtime's Web Crypto.
 */
const KEY_KINDS = [
  { kty: "RSA", crv: undefined, alg: "RS256" },
  { kty: "RSA", crv: undefined, alg: "RS384" },
  { kty: "RSA", crv: undefined, alg: "RS512" },
  { kty: "EC", crv: "P-256", alg: "ES256" },
  { kty: "EC", crv: "P-384", alg: "ES384" },
  { kty: "OKP", crv: "Ed25519", alg: "EdDSA" },
] as const;

type KeyKind = typeof KEY_KINDS[number];
export type Algorithm = KeyKind["alg"];

/** A public JWK as it is published: these members and no others (RFC 7517, section 4; RFC 7518, section 6). */
export interface PublishedKey extends JWK {
  readonly kty: KeyKind["kty"];
  readonly alg: Algorithm;
  readonly use: "sig";
  readonly kid: string;
}

/** Why a key cannot be used. The message is the end of the sentence "The key in NAME cannot be used: it …". */
export class KeyError extends Error {
  override readonly name = "KeyError";
  readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, state: string, cause?: unknown) {
    super(state, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** An object that claims to be a JWK. */
type UncheckedJwk = Readonly<Record<string, unknown>>;

/** Every member that gives a private or symmetric key away. */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** RFC 7518, section 3.3; PowerSync refuses less. */
const MIN_RSA_BITS = 2048;
/** The hosted runtime's limit (the `rsa` crate's `MAX_SIZE`). */
const MAX_RSA_BITS = 4096;
/** FIPS 186-5, appendix A.1.1. With 1 anybody could sign. */
const MIN_RSA_EXPONENT = 65537n;
/** The hosted runtime's limit (the `rsa` crate's `MAX_PUB_EXPONENT`). */
const MAX_RSA_EXPONENT = 2n ** 33n - 1n;

/** An Ed25519 key, public or private (RFC 8032, section 5.1.5), and its base64url. */
const ED25519 = { bytes: 32, characters: 43 };

/** Longest `kid`, in characters: every token repeats it. */
const MAX_KEY_ID_CHARACTERS = 256;

/**
 * Reads a public JWK that PowerSync accepts. PowerSync runs on Node, and one key that Node cannot import makes it refuse
 * the whole JWKS (PSYNC_S2201). Web Crypto's import proves less: Deno's takes points that are not on their curve.
 *
 * @returns The key in its canonical form, so that one key has one thumbprint.
 * @throws {KeyError} `KEY_IS_PRIVATE`, `KEY_IS_SYMMETRIC`, `KEY_MALFORMED`, `KEY_TOO_WEAK`, `KEY_UNSUPPORTED`
 */
export async function readPublicKey(value: unknown): Promise<PublishedKey> {
  const jwk = asJwk(value);
  if (jwk.kty !== "oct" && hasSecretMember(jwk)) throw new KeyError("KEY_IS_PRIVATE", "is a private key");
  return await publicHalf(jwk, keyKind(jwk));
}

/**
 * Reads a private JWK and proves that it is one pair with the public half in it.
 *
 * @returns `notBefore`: seconds since 1970 from which the key signs; `undefined` is always.
 * @throws {KeyError} `KEY_INCONSISTENT`, `KEY_IS_PUBLIC`, `KEY_IS_SYMMETRIC`, `KEY_MALFORMED`, `KEY_TOO_WEAK`,
 * `KEY_UNSUPPORTED`
 */
export async function readSigningKey(value: unknown) {
  const jwk = asJwk(value);
  const kind = keyKind(jwk);
  const publicJwk = await publicHalf(jwk, kind);
  const privateKey = await importProven(publicJwk, privateMembers(jwk, kind));
  return { publicJwk, privateKey, notBefore: notBefore(jwk) };
}

function asJwk(value: unknown): UncheckedJwk {
  if (isJsonObject(value)) return value;
  throw new KeyError("KEY_MALFORMED", "is not a JSON object");
}

function hasSecretMember(jwk: UncheckedJwk): boolean {
  return SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member));
}

function keyKind(jwk: UncheckedJwk): KeyKind {
  if (jwk.kty === "oct") throw new KeyError("KEY_IS_SYMMETRIC", "is symmetric");
  if (jwk.kty === undefined) throw new KeyError("KEY_MALFORMED", "is not a JWK: it has no `kty`");
  const kinds = KEY_KINDS.filter(({ kty, crv }) => kty === jwk.kty && (crv === undefined || crv === jwk.crv));
  if (kinds.length === 0) throw new KeyError("KEY_UNSUPPORTED", "is of a type or curve that cannot be used");
  // PowerSync refuses "Ed25519" (RFC 9864) and wants its older name.
  const stated = jwk.alg === "Ed25519" ? "EdDSA" : jwk.alg;
  const kind = kinds.find(({ alg }) => stated === undefined || stated === alg);
  if (kind !== undefined) return kind;
  throw new KeyError("KEY_UNSUPPORTED", "states an `alg` that cannot be used with it");
}

async function publicHalf(jwk: UncheckedJwk, kind: KeyKind): Promise<PublishedKey> {
  if (jwk.use !== undefined && jwk.use !== "sig") {
    throw new KeyError("KEY_UNSUPPORTED", "is not for signatures");
  }
  const half = { kty: kind.kty, ...publicMembers(jwk, kind), alg: kind.alg, use: "sig" as const };
  // RFC 7638
  return { ...half, kid: statedKeyId(jwk) ?? await calculateJwkThumbprint(half) };
}

/** The members that make the public half, checked and in canonical form. */
function publicMembers(jwk: UncheckedJwk, { crv }: KeyKind): Record<string, string> {
  if (crv === "Ed25519") return { crv, x: ed25519Member(jwk, "x") };
  if (crv === undefined) {
    const { n, e } = unsigned(jwk, "n", "e");
    assertStrongRsa(n, e);
    return { n: encodeUnsigned(n), e: encodeUnsigned(e) };
  }
  const { x, y } = unsigned(jwk, "x", "y");
  const curve = CURVES[crv];
  if (!isOnCurve(curve, { x, y })) throw new KeyError("KEY_MALFORMED", "is not a point of its curve");
  return { crv, x: encodeUnsigned(x, curve.size), y: encodeUnsigned(y, curve.size) };
}

/**
 * The members that make the private half, all of which Web Crypto needs (RFC 7518, sections 6.2.2 and 6.3.2; RFC 8037).
 * Nothing else is taken: `supabase gen signing-key` prints a `key_ops` that keeps a key from being imported.
 */
function privateMembers(jwk: UncheckedJwk, { crv }: KeyKind): Record<string, string> {
  if (!hasSecretMember(jwk)) throw new KeyError("KEY_IS_PUBLIC", "is a public key");
  if (Object.hasOwn(jwk, "oth")) {
    throw new KeyError("KEY_UNSUPPORTED", "is an RSA key of more than two primes");
  }
  if (crv === "Ed25519") return { d: ed25519Member(jwk, "d") };
  if (crv !== undefined) return { d: encodeUnsigned(unsigned(jwk, "d").d, CURVES[crv].size) };
  const numbers = unsigned(jwk, "n", "e", "d", "p", "q", "dp", "dq", "qi");
  // The hosted runtime crashes when it signs with an RSA key whose members do not match.
  if (!satisfiesRsaArithmetic(numbers)) {
    throw new KeyError("KEY_INCONSISTENT", "does not satisfy RSA's own arithmetic");
  }
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, encodeUnsigned(number)]));
}

function assertStrongRsa(n: bigint, e: bigint): void {
  const bits = n.toString(2).length;
  if (bits < MIN_RSA_BITS) throw new KeyError("KEY_TOO_WEAK", `has only ${bits} bits`);
  if (bits > MAX_RSA_BITS) throw new KeyError("KEY_UNSUPPORTED", `has more than ${MAX_RSA_BITS} bits`);
  if (e < MIN_RSA_EXPONENT || e % 2n === 0n) {
    throw new KeyError("KEY_TOO_WEAK", "has an unsafe public exponent");
  }
  if (n % 2n === 0n || e > MAX_RSA_EXPONENT) throw new KeyError("KEY_MALFORMED", "is not a valid RSA key");
}

/** Members as numbers, which drops leading zero bytes and bits after the last byte: other software writes them. */
function unsigned<Name extends string>(jwk: UncheckedJwk, ...names: Name[]): Record<Name, bigint> {
  const numbers = names.map((name) => {
    const value = jwk[name];
    const number = typeof value === "string" ? decodeUnsigned(value) : undefined;
    if (number !== undefined) return [name, number];
    throw new KeyError("KEY_MALFORMED", `has no well-formed member \`${name}\``);
  });
  return Object.fromEntries(numbers) as Record<Name, bigint>;
}

/** A string of bytes with a fixed length; it is a number only on the way to its canonical form. */
function ed25519Member(jwk: UncheckedJwk, name: "x" | "d"): string {
  const { [name]: number } = unsigned(jwk, name);
  if (`${jwk[name]}`.length === ED25519.characters) return encodeUnsigned(number, ED25519.bytes);
  throw new KeyError("KEY_MALFORMED", `has a member \`${name}\` that is not ${ED25519.bytes} bytes long`);
}

function statedKeyId({ kid }: UncheckedJwk): string | undefined {
  if (kid === undefined) return undefined;
  if (typeof kid === "string" && kid !== "" && kid.length <= MAX_KEY_ID_CHARACTERS) return kid;
  throw new KeyError("KEY_MALFORMED", "has a `kid` that is not a text of 1 to 256 characters");
}

/** The registered JWK member `nbf` of OpenID Federation 1.0. */
function notBefore({ nbf }: UncheckedJwk): number | undefined {
  if (nbf === undefined || typeof nbf === "number" && Number.isFinite(nbf)) return nbf;
  throw new KeyError("KEY_MALFORMED", "has an `nbf` that is not a number of seconds");
}

/** An RSA key that was cut, edited or mixed fails its arithmetic, checked above; other pairs sign and verify once. */
async function importProven(publicJwk: PublishedKey, members: Record<string, string>): Promise<CryptoKey> {
  const { kty, alg } = publicJwk;
  try {
    const key = await importJWK({ ...publicJwk, ...members }, alg);
    if (kty === "RSA" || await isOnePair(alg, key, await importJWK(publicJwk, alg))) return key;
  } catch (cause) {
    // Web Crypto's name for key material that is not valid.
    if (cause instanceof DOMException && cause.name === "DataError") {
      throw new KeyError("KEY_MALFORMED", "is not a valid private key", cause);
    }
    throw new KeyError("KEY_UNSUPPORTED", "cannot be used by this runtime", cause);
  }
  throw new KeyError("KEY_INCONSISTENT", "has a public half that does not verify its signatures");
}

/** Not with jose: it reports a runtime that cannot verify as a signature that does not match. */
async function isOnePair(alg: Algorithm, privateKey: CryptoKey, publicKey: CryptoKey): Promise<boolean> {
  // RFC 7518, section 3.4; Ed25519 ignores the hash.
  const algorithm = { name: privateKey.algorithm.name, hash: alg === "ES384" ? "SHA-384" : "SHA-256" };
  const data = new Uint8Array(1);
  const signature = await crypto.subtle.sign(algorithm, privateKey, data);
  return await crypto.subtle.verify(algorithm, publicKey, signature, data);
}
