import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { decodeUnsigned, isBase64url } from "./secret.ts";
import { type KeyErrorCode, PowerSyncAuthError } from "./errors.ts";

/** The JWS algorithms that PowerSync accepts and that the hosted runtime can sign with. */
export type Algorithm = "RS256" | "RS384" | "RS512" | "ES256" | "ES384" | "EdDSA";

/** A public JWK as it is published: these members and no others (RFC 7517, section 4; RFC 7518, section 6). */
export interface PublicJwk extends JWK {
  readonly kty: "RSA" | "EC" | "OKP";
  readonly alg: Algorithm;
  readonly use: "sig";
}

/** An object that came out of a secret and claims to be a JWK. */
export type UncheckedJwk = Readonly<Record<string, unknown>>;

/** The public key members of each key type; a published key is built from these alone. */
const PUBLIC_MEMBERS = { RSA: ["n", "e"], EC: ["crv", "x", "y"], OKP: ["crv", "x"] } as const;

/** The private members of each key type, all of which WebCrypto needs (RFC 7518, sections 6.2.2 and 6.3.2; RFC 8037). */
const PRIVATE_MEMBERS = { RSA: ["d", "p", "q", "dp", "dq", "qi"], EC: ["d"], OKP: ["d"] } as const;

/** Every member that would give a private or symmetric key away. */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** RFC 7518, section 3.3; PowerSync refuses less. */
const MIN_RSA_BITS = 2048;

/** What the hosted runtime's `node:crypto` still reads (the `rsa` crate's `MAX_SIZE`). */
const MAX_RSA_BITS = 4096;

/** FIPS 186-5, appendix A.1.1. With 1 anybody could sign. */
const MIN_RSA_EXPONENT = 65537n;

/** Longest `kid` that is taken, in characters: it is repeated in every token. */
const MAX_KEY_ID_CHARACTERS = 256;

const GENERATE =
  "Make a new pair with `deno run scripts/generate-keys.ts` and run the `supabase secrets set` commands it prints.";

const HINTS: Record<KeyErrorCode, string> = {
  KEY_MALFORMED: `The value was probably cut or edited on its way. ${GENERATE}`,
  KEY_IS_PUBLIC:
    `The two secrets may be swapped: the JWK with the member \`d\` is the private one. ${GENERATE}`,
  KEY_IS_PRIVATE:
    "It was not published. The two secrets may be swapped: put the JWK without `d` here, and make a new pair if the private one was shown to anybody.",
  KEY_IS_SYMMETRIC: `A shared secret cannot be published in a JWKS. ${GENERATE}`,
  KEY_UNSUPPORTED:
    `Use RS256, RS384 or RS512 with at most 4096 bits, ES256, ES384, or EdDSA (Ed25519). ${GENERATE}`,
  KEY_TOO_WEAK: `RSA keys need 2048 bits or more and an odd public exponent of at least 65537. ${GENERATE}`,
  KEY_INCONSISTENT: `The members do not belong to one key: the value was edited or mixed. ${GENERATE}`,
  KEY_ID_DUPLICATE:
    "Give each key its own `kid`, or unset one of the two secrets with `supabase secrets unset`.",
  KEY_PAIR_MISMATCH:
    "The public half of the signing key is published in its place. Set both secrets from one pair, or unset the public one.",
};

/**
 * The error that a key in a secret gives rise to.
 *
 * @param code What is wrong.
 * @param secret The name of the secret that holds the key.
 * @param state The rest of the sentence "The key in NAME cannot be used: it …".
 */
export function keyError(
  code: KeyErrorCode,
  secret: string,
  state: string,
  cause?: unknown,
): PowerSyncAuthError {
  const message = `The key in ${secret} cannot be used: it ${state}.`;
  return new PowerSyncAuthError(code, { message, hint: HINTS[code], cause });
}

/** Whether a JWK holds a member that must not be published. */
export function hasSecretMember(jwk: UncheckedJwk): boolean {
  return SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member));
}

/**
 * The public half of a JWK as it will be published, still without `kid`. `node:crypto` must accept it, because
 * PowerSync runs on Node and one key that Node refuses spoils the whole JWKS (PSYNC_S2201), while Deno's WebCrypto
 * imports points that are not on their curve; its export is canonical.
 *
 * @param jwk A public or private JWK; private members are not read.
 * @param secret The name of the secret that holds it.
 * @throws {PowerSyncAuthError} `KEY_MALFORMED`, `KEY_IS_SYMMETRIC`, `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`
 */
export function publicHalf(jwk: UncheckedJwk, secret: string): PublicJwk {
  const kty = keyType(jwk, secret);
  const alg = algorithm(jwk, secret);
  if (jwk.use !== undefined && jwk.use !== "sig") {
    throw keyError("KEY_UNSUPPORTED", secret, "is not for signatures");
  }
  const stated = stringMembers(jwk, PUBLIC_MEMBERS[kty], secret);
  if (kty === "RSA") assertStrongRsa(stated, secret);
  const exported = nodePublicKey({ kty, ...stated }, secret).export({ format: "jwk" });
  const members = Object.fromEntries(PUBLIC_MEMBERS[kty].map((member) => [member, exported[member]]));
  return { kty, ...members, alg, use: "sig" };
}

/**
 * A private JWK reduced to the members that make the key, so that `key_ops`, `use` and the like cannot keep it from
 * being imported (`supabase gen signing-key` prints `key_ops` that jose refuses).
 *
 * @throws {PowerSyncAuthError} `KEY_IS_PUBLIC`, `KEY_MALFORMED`, `KEY_UNSUPPORTED`
 */
export function privateMembers(jwk: UncheckedJwk, publicJwk: PublicJwk, secret: string): JWK {
  if (!hasSecretMember(jwk)) throw keyError("KEY_IS_PUBLIC", secret, "is a public key");
  if (Object.hasOwn(jwk, "oth")) {
    throw keyError("KEY_UNSUPPORTED", secret, "is an RSA key of more than two primes");
  }
  const { kid: _, use: __, ...key } = publicJwk;
  return { ...key, ...stringMembers(jwk, PRIVATE_MEMBERS[publicJwk.kty], secret) };
}

/**
 * The key ID that a JWK states, or `undefined`.
 *
 * @throws {PowerSyncAuthError} `KEY_MALFORMED`
 */
export function statedKeyId(jwk: UncheckedJwk, secret: string): string | undefined {
  if (jwk.kid === undefined) return undefined;
  if (typeof jwk.kid === "string" && jwk.kid !== "" && jwk.kid.length <= MAX_KEY_ID_CHARACTERS) {
    return jwk.kid;
  }
  throw keyError("KEY_MALFORMED", secret, "has a `kid` that is no text of 1 to 256 characters");
}

/**
 * The time from which a key signs, in seconds since 1970, or `undefined` for "always": the registered JWK member `nbf`
 * of OpenID Federation 1.0.
 *
 * @throws {PowerSyncAuthError} `KEY_MALFORMED`
 */
export function notBefore(jwk: UncheckedJwk, secret: string): number | undefined {
  if (jwk.nbf === undefined) return undefined;
  if (typeof jwk.nbf === "number" && Number.isFinite(jwk.nbf)) return jwk.nbf;
  throw keyError("KEY_MALFORMED", secret, "has an `nbf` that is not a number of seconds");
}

function keyType(jwk: UncheckedJwk, secret: string): "RSA" | "EC" | "OKP" {
  if (jwk.kty === "RSA" || jwk.kty === "EC" || jwk.kty === "OKP") return jwk.kty;
  if (jwk.kty === "oct") throw keyError("KEY_IS_SYMMETRIC", secret, "is symmetric");
  if (jwk.kty === undefined) throw keyError("KEY_MALFORMED", secret, "is not a JWK: it has no `kty`");
  throw keyError("KEY_UNSUPPORTED", secret, "is of a key type that PowerSync refuses");
}

/** The algorithm a key signs with: what `alg` states, if the key fits it; else what follows from the key. */
function algorithm(jwk: UncheckedJwk, secret: string): Algorithm {
  // PowerSync refuses "Ed25519" (RFC 9864) and wants its older name.
  const stated = jwk.alg === "Ed25519" ? "EdDSA" : jwk.alg;
  const [first, ...others] = fittingAlgorithms(jwk);
  if (first === undefined) throw keyError("KEY_UNSUPPORTED", secret, "is on a curve that cannot be used");
  const fitting = stated === undefined ? first : [first, ...others].find((alg) => alg === stated);
  if (fitting === undefined) {
    throw keyError("KEY_UNSUPPORTED", secret, "states an `alg` that cannot be used with it");
  }
  return fitting;
}

function fittingAlgorithms({ kty, crv }: UncheckedJwk): Algorithm[] {
  if (kty === "RSA") return ["RS256", "RS384", "RS512"];
  if (kty === "EC" && crv === "P-256") return ["ES256"];
  // P-521 is missing from the hosted runtime's WebCrypto.
  if (kty === "EC" && crv === "P-384") return ["ES384"];
  if (kty === "OKP" && crv === "Ed25519") return ["EdDSA"];
  return [];
}

function stringMembers(jwk: UncheckedJwk, names: readonly string[], secret: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => {
    const value = jwk[name];
    // `crv` was checked with the algorithm.
    if (typeof value === "string" && (name === "crv" || isBase64url(value))) return [name, value];
    throw keyError("KEY_MALFORMED", secret, `has no well-formed member \`${name}\``);
  }));
}

function nodePublicKey(key: JsonWebKey, secret: string): KeyObject {
  try {
    return createPublicKey({ format: "jwk", key });
  } catch (cause) {
    throw keyError("KEY_MALFORMED", secret, "is not a valid public key", cause);
  }
}

/** Before Node looks at it, which calls a key too weak or too large just invalid. */
function assertStrongRsa({ n = "", e = "" }: Record<string, string>, secret: string): void {
  const bits = decodeUnsigned(n).toString(2).length;
  const exponent = decodeUnsigned(e);
  if (bits < MIN_RSA_BITS) throw keyError("KEY_TOO_WEAK", secret, `has only ${bits} bits`);
  if (bits > MAX_RSA_BITS) throw keyError("KEY_UNSUPPORTED", secret, `has more than ${MAX_RSA_BITS} bits`);
  if (exponent < MIN_RSA_EXPONENT || exponent % 2n === 0n) {
    throw keyError("KEY_TOO_WEAK", secret, "has an unsafe public exponent");
  }
}
