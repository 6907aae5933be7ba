import { decodeBase64url } from "./secret.ts";

/** The members of an RSA private key as numbers (RFC 7518, section 6.3). */
export type RsaNumbers = Readonly<Record<"n" | "e" | "d" | "p" | "q" | "dp" | "dq" | "qi", bigint>>;

/** A curve y² = x³ - 3x + b over the integers modulo p. */
interface Curve {
  readonly p: bigint;
  readonly b: bigint;
  /** The length of a coordinate in bytes. */
  readonly size: number;
}

/** SP 800-186, section 3.2.1. */
export const CURVES: Readonly<Record<"P-256" | "P-384", Curve>> = {
  "P-256": {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    size: 32,
  },
  "P-384": {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    size: 48,
  },
};

/** The number of a Base64urlUInt (RFC 7518, section 2), if it is one. Other software writes leading zero bytes. */
export function decodeUnsigned(text: string): bigint | undefined {
  const bytes = decodeBase64url(text);
  const digits = bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  return digits && BigInt(`0x${digits.join("")}`);
}

/**
 * The one Base64urlUInt of a number.
 *
 * @param value Zero or more.
 * @param size The least number of bytes: the length of a coordinate (RFC 7518, section 6.2.1.2).
 */
export function encodeUnsigned(value: bigint, size = 1): string {
  const digits = value.toString(16);
  const hex = digits.padStart(Math.max(2 * size, digits.length + digits.length % 2), "0");
  let binary = "";
  for (let i = 0; i < hex.length; i += 2) binary += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Whether (x, y) is a point of the curve, with coordinates below p (SEC 1, section 3.2.2.1; the cofactor is 1). */
export function isOnCurve({ p, b }: Curve, { x, y }: { x: bigint; y: bigint }): boolean {
  return x < p && y < p && (y * y - x * (x * x - 3n) - b) % p === 0n;
}

/** Whether the members make one RSA key (RFC 8017, section 3.2). Takes about a millisecond. */
export function satisfiesRsaArithmetic({ n, e, d, p, q, dp, dq, qi }: RsaNumbers): boolean {
  if (p < 3n || q < 3n || p * q !== n || d >= n) return false;
  if ((e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) return false;
  return dp === d % (p - 1n) && dq === d % (q - 1n) && (qi * q) % p === 1n;
}
