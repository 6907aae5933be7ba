import type { JWK } from "jose";
import { CompactSign } from "jose/jws/compact/sign";
import { compactVerify } from "jose/jws/compact/verify";
import { importJWK } from "jose/key/import";
import { decodeUnsigned } from "./secret.ts";
import { type Algorithm, keyError, type PublicJwk } from "./jwk.ts";

/**
 * Imports a private key after proof that it is one pair with its public half. WebCrypto's import proves little, and
 * the hosted runtime dies of a signature with an RSA key whose members do not fit, so RSA's arithmetic is checked
 * before any signature; EC and Ed25519 pairs sign and verify once.
 *
 * @param privateJwk The private key's members.
 * @param publicJwk Its public half, already checked.
 * @param secret The name of the secret that holds them.
 * @returns A key that signs and cannot be exported.
 * @throws {PowerSyncAuthError} `KEY_MALFORMED`, `KEY_INCONSISTENT`
 */
export async function importProvenKey(
  privateJwk: JWK,
  publicJwk: PublicJwk,
  secret: string,
): Promise<CryptoKey> {
  if (publicJwk.kty === "RSA" && !satisfiesRsaArithmetic(privateJwk)) {
    throw keyError("KEY_INCONSISTENT", secret, "does not satisfy RSA's own arithmetic");
  }
  const key = await importKey(privateJwk, publicJwk.alg, secret);
  if (publicJwk.kty !== "RSA" && !await signsForItsPublicHalf(key, publicJwk)) {
    throw keyError("KEY_INCONSISTENT", secret, "has a public half that does not verify its signatures");
  }
  return key;
}

async function importKey(jwk: JWK, alg: Algorithm, secret: string): Promise<CryptoKey> {
  try {
    const key = await importJWK(jwk, alg);
    if (key instanceof CryptoKey) return key;
  } catch (cause) {
    throw keyError("KEY_MALFORMED", secret, "is not a valid private key", cause);
  }
  throw keyError("KEY_IS_SYMMETRIC", secret, "is symmetric");
}

async function signsForItsPublicHalf(key: CryptoKey, { alg, ...publicJwk }: PublicJwk): Promise<boolean> {
  try {
    const signed = await new CompactSign(new Uint8Array(1)).setProtectedHeader({ alg }).sign(key);
    await compactVerify(signed, await importJWK(publicJwk, alg), { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
}

/** RFC 8017, section 3.2: what makes (n, e, d, p, q, dP, dQ, qInv) one key. Costs about a millisecond. */
function satisfiesRsaArithmetic(jwk: JWK): boolean {
  const [n, e, d, p, q] = [
    decodeUnsigned(jwk.n),
    decodeUnsigned(jwk.e),
    decodeUnsigned(jwk.d),
    decodeUnsigned(jwk.p),
    decodeUnsigned(jwk.q),
  ];
  if (p < 3n || q < 3n || p * q !== n || d >= n) return false;
  if ((e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) return false;
  return decodeUnsigned(jwk.dp) === d % (p - 1n) && decodeUnsigned(jwk.dq) === d % (q - 1n) &&
    (decodeUnsigned(jwk.qi) * q) % p === 1n;
}
