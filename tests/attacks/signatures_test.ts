import { Buffer } from "node:buffer";
import { type Attack, testAttacks } from "./attack.ts";
import { base64url, signed, signingInput } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";

const { ES256, RS256, EdDSA } = projectKeys;
const KEYS = [ES256, RS256, EdDSA];

/** The order of P-256's group, and that of Ed25519's. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const bytesOf = (value: bigint, length: number): Uint8Array =>
  Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");

const withSignature = (key: typeof ES256, bytes: readonly number[] | Uint8Array) =>
  `${signingInput(key)}.${base64url(Uint8Array.from(bytes))}`;

/** A good token with its signature changed. */
async function changed(key: typeof ES256, change: (bytes: Uint8Array) => Uint8Array): Promise<string> {
  const [header, payload, signature = ""] = (await signed(key)).split(".");
  return `${header}.${payload}.${base64url(change(Uint8Array.from(Buffer.from(signature, "base64url"))))}`;
}

/** ASN.1 as OpenSSL and most languages write ECDSA signatures; a JWS holds r and s bare (RFC 7518, section 3.4). */
function der(raw: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array) => {
    const trimmed = bytes.subarray(Math.max(0, bytes.findIndex((byte) => byte !== 0)));
    const value = (trimmed[0] ?? 0) > 0x7f ? [0, ...trimmed] : [...trimmed];
    return [2, value.length, ...value];
  };
  const body = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
  return Uint8Array.from([0x30, body.length, ...body]);
}

/** Psychic signatures (CVE-2022-21449) and their like: r and s of zero, of the order, beyond it. */
const ECDSA_PAIRS = [0n, 1n, P256_ORDER - 1n, P256_ORDER, P256_ORDER + 1n, 2n ** 256n - 1n]
  .flatMap((r, i, values) => values.map((s, j): [string, bigint, bigint] => [`r ${i}, s ${j}`, r, s]));
testAttacks("an ECDSA signature of zeros, of the order or in DER is refused", [
  ...ECDSA_PAIRS.map(([name, r, s]): Attack => {
    return [name, withSignature(ES256, [...bytesOf(r, 32), ...bytesOf(s, 32)])];
  }),
  ["DER", () => changed(ES256, der)],
  ["DER of zeros", withSignature(ES256, [0x30, 6, 2, 1, 0, 2, 1, 0])],
]);

testAttacks("an Ed25519 signature of small order or beyond the order is refused", [
  ["the neutral element and zero", withSignature(EdDSA, [1, ...new Uint8Array(63)])],
  ["zeros", withSignature(EdDSA, new Uint8Array(64))],
  ["S plus the order (RFC 8032, section 5.1.7)", () =>
    changed(EdDSA, (bytes) => {
      const s = BigInt(`0x${Buffer.from(bytes.slice(32).reverse()).toString("hex")}`);
      return Uint8Array.from([...bytes.subarray(0, 32), ...bytesOf(s + ED25519_ORDER, 32).reverse()]);
    })],
]);

testAttacks("an RSA signature of 0, 1, n or n - 1, or of another length, is refused", [
  ...["0", "1", "n - 1", "n"].map((name, index): Attack => {
    const n = BigInt(`0x${Buffer.from(`${RS256.publicJwk.n}`, "base64url").toString("hex")}`);
    return [name, withSignature(RS256, bytesOf([0n, 1n, n - 1n, n][index] ?? 0n, 256))];
  }),
  ["a leading zero more", () => changed(RS256, (bytes) => Uint8Array.from([0, ...bytes]))],
]);

const CHANGES: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  "empty": () => new Uint8Array(),
  "one byte": (bytes) => bytes.slice(0, 1),
  "one byte less": (bytes) => bytes.slice(0, -1),
  "one byte more": (bytes) => Uint8Array.from([...bytes, 0]),
  "twice": (bytes) => Uint8Array.from([...bytes, ...bytes]),
  "halves swapped": (bytes) =>
    Uint8Array.from([...bytes.slice(bytes.length / 2), ...bytes.slice(0, bytes.length / 2)]),
  "reversed": (bytes) => bytes.slice().reverse(),
  "4 KB": () => new Uint8Array(4096),
};
for (const bit of [0, 1, 7, 100, 255, 511]) {
  CHANGES[`bit ${bit}`] = (bytes) => bytes.map((byte, i) => i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
}
testAttacks(
  "a signature that is cut, longer, empty or of one other bit is refused",
  KEYS.flatMap((key) =>
    Object.entries(CHANGES).map(([name, change]): Attack => {
      return [`${key.kid}: ${name}`, () => changed(key, change)];
    })
  ),
);

const SOMEBODY_ELSE = { sub: "5c7a6c0e-0000-4000-8000-0000000000ff" };
const CLAIMS = [SOMEBODY_ELSE, { role: "admin" }, { exp: 4_000_000_000 }, { is_anonymous: true }];
testAttacks(
  "a token whose claims were changed after it was signed is refused",
  KEYS.flatMap((key) =>
    CLAIMS.map((change): Attack => [`${key.kid}: ${Object.keys(change)}`, async () => {
      const [header, , signature] = (await signed(key)).split(".");
      return `${header}.${base64url(JSON.stringify(userClaims(change)))}.${signature}`;
    }])
  ),
);
