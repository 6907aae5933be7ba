/** Builds compact JWS byte by byte, because a library would refuse to build a hostile one. */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { userClaims } from "../support/project.ts";
import type { TestKey } from "../support/signing.ts";

/** The parts of a token; text is used as it is. */
export interface Parts {
  /** Members that are added to those that follow from the key. */
  readonly header?: Record<string, unknown> | string;
  readonly payload?: Record<string, unknown> | string;
}

const WEBCRYPTO: Readonly<Record<string, AlgorithmIdentifier | EcdsaParams>> = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  EdDSA: { name: "Ed25519" },
};

/** Base64url without padding of a text's UTF-8 bytes, or of bytes. */
export function base64url(data: string | Uint8Array): string {
  return (typeof data === "string" ? Buffer.from(data) : Buffer.from(data)).toString("base64url");
}

/** The header that a Supabase access token has. */
export function headerOf({ alg, kid }: Pick<TestKey, "alg" | "kid">): Record<string, unknown> {
  return { alg, kid, typ: "JWT" };
}

/** The first two parts. */
export function signingInput(
  key: Pick<TestKey, "alg" | "kid">,
  { header = {}, payload = userClaims() }: Parts = {},
): string {
  const texts = [typeof header === "string" ? header : { ...headerOf(key), ...header }, payload]
    .map((part) => typeof part === "string" ? part : JSON.stringify(part));
  return texts.map((text) => base64url(text)).join(".");
}

/** Signs any text, whatever it says. */
export async function signInput(key: TestKey, input: string): Promise<string> {
  const parameters = WEBCRYPTO[key.alg];
  if (parameters === undefined) throw new Error(`No test signs with ${key.alg}.`);
  const signature = await crypto.subtle.sign(parameters, key.privateKey, new TextEncoder().encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

/** A token with a valid signature, whatever it says. */
export async function signed(key: TestKey, parts: Parts = {}): Promise<string> {
  return await signInput(key, signingInput(key, parts));
}

/** A token with an HMAC whose key is any bytes. */
export function hmacSigned(
  hash: "sha256" | "sha384" | "sha512",
  secret: string | Uint8Array,
  parts: Parts = {},
): string {
  const input = signingInput({ alg: `HS${hash.slice(3)}`, kid: undefined }, parts);
  return `${input}.${createHmac(hash, secret).update(input).digest("base64url")}`;
}

/** A claim or header member as JSON text that `JSON.stringify` would not write. */
export function withRawMember(object: Record<string, unknown>, name: string, json: string): string {
  const { [name]: _, ...rest } = object;
  return `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(name)}:${json}}`;
}
