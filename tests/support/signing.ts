import { Buffer } from "node:buffer";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** A key pair made for one test run. */
export interface TestKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly privateJwk: JWK;
  /** As a JWKS would show it. */
  readonly publicJwk: JWK;
}

/** Makes a key pair. Without `kid`, neither the token's header nor the JWK states one. */
export async function makeKey(alg: string, kid?: string): Promise<TestKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const named = kid === undefined ? {} : { kid };
  return {
    alg,
    kid,
    privateKey: pair.privateKey,
    privateJwk: { ...await exportJWK(pair.privateKey), alg, ...named },
    publicJwk: { ...await exportJWK(pair.publicKey), alg, use: "sig", ...named },
  };
}

/** Signs claims; members of `header` replace those that follow from the key. */
export async function sign(
  claims: Record<string, unknown>,
  { key, header = {} }: { key: TestKey; header?: Record<string, unknown> },
): Promise<string> {
  const named = key.kid === undefined ? {} : { kid: key.kid };
  return await new SignJWT(claims).setProtectedHeader({ alg: key.alg, typ: "JWT", ...named, ...header }).sign(
    key.privateKey,
  );
}

/** A token with any header and payload at all, and a signature that nobody made. */
export function unsigned(header: unknown, payload: unknown): string {
  const parts = [JSON.stringify(header), JSON.stringify(payload), "no signature"];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}
