import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { Buffer } from "node:buffer";
import type { Algorithm } from "../../supabase/functions/_shared/powersync/jwk.ts";

/** The algorithms a key pair can be made for. RS256 first: PowerSync's other backends expect it. */
export const KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "EdDSA",
] as const satisfies readonly Algorithm[];

/** Characters of the thumbprint (RFC 7638) in a `kid`: 60 bits, so that two keys never share one. */
const KID_THUMBPRINT_CHARACTERS = 10;

/** The two halves of a key, as JWKs. */
export interface KeyPair {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

/** What a new key states besides its members. */
export interface KeyPairOptions {
  /** Key ID; by default a prefix and the start of the key's thumbprint. */
  readonly kid?: string | undefined;
  /** What the default `kid` begins with. */
  readonly prefix?: string;
  /** `nbf`: seconds since 1970 from which the key signs; always, when missing. */
  readonly notBefore?: number | undefined;
}

/** Makes a key pair. */
export async function makeKeyPair(alg: Algorithm, options: KeyPairOptions = {}): Promise<KeyPair> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const publicMembers = await exportJWK(pair.publicKey);
  const thumbprint = (await calculateJwkThumbprint(publicMembers)).slice(0, KID_THUMBPRINT_CHARACTERS);
  const kid = options.kid ?? `${options.prefix ?? "powersync-"}${thumbprint}`;
  const start = options.notBefore === undefined ? {} : { nbf: options.notBefore };
  return {
    kid,
    publicJwk: { ...publicMembers, alg, kid, use: "sig" },
    privateJwk: { ...await exportJWK(pair.privateKey), alg, kid, ...start },
  };
}

/** A JWK as the value of a secret: base64 of its JSON, which survives every shell and `.env` parser. */
export function encodeSecret(jwk: unknown): string {
  return Buffer.from(JSON.stringify(jwk)).toString("base64");
}
