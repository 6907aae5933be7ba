import { Buffer } from "node:buffer";
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";

/** A key pair made for one test run. */
export interface TestKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly privateJwk: JWK;
  /** As a JWKS shows it. */
  readonly publicJwk: JWK;
}

/** RSA pairs take 0.1 s and more to make, so scripts/test.ts makes some for each run, which its files share. */
const rsaPairs: JWK[] = await readRsaPairs(Deno.env.get("TEST_RSA_PAIRS"));

/** Makes a key pair. Without `kid`, neither the token's header nor the JWK states one. */
export async function makeKey(alg: string, kid?: string): Promise<TestKey> {
  const { privateKey, publicKey } = await makePair(alg);
  const named = kid === undefined ? {} : { kid };
  return {
    alg,
    kid,
    privateKey,
    privateJwk: { ...await exportJWK(privateKey), alg, ...named },
    publicJwk: { ...await exportJWK(publicKey), alg, use: "sig", ...named },
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

/** A token with any header and payload, and bytes that are not a signature. */
export function unsigned(header: unknown, payload: unknown): string {
  const parts = [JSON.stringify(header), JSON.stringify(payload), "no signature"];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}

async function makePair(alg: string): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> {
  const jwk = alg.startsWith("RS") ? rsaPairs.pop() : undefined;
  if (jwk === undefined) return await generateKeyPair(alg, { extractable: true });
  const { kty = "", n = "", e = "" } = jwk;
  return { privateKey: await importKey(jwk, alg), publicKey: await importKey({ kty, n, e }, alg) };
}

async function importKey(jwk: JWK, alg: string): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg, { extractable: true });
  if (key instanceof Uint8Array) throw new TypeError("An RSA key was expected.");
  return key;
}

async function readRsaPairs(file: string | undefined): Promise<JWK[]> {
  return file === undefined ? [] : JSON.parse(await Deno.readTextFile(file));
}
