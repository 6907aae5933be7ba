import { PowerSyncAuthError } from "./errors.ts";
import {
  type Algorithm,
  KeyError,
  type KeyPair,
  type PublishedKey,
  readPublicKey,
  readSigningKey,
} from "./jwk.ts";
import { decodeJsonSecret, isJsonObject, type Secret } from "./secret.ts";

export type { PublishedKey };

/** A key that signs tokens. */
export interface SigningKey {
  /** The name of the secret it came from. */
  readonly secret: string;
  /** Key ID: in the token's header and in the JWKS. */
  readonly kid: string;
  readonly alg: Algorithm;
  /** Seconds since 1970 from which the key signs; `undefined` is always. */
  readonly notBefore: number | undefined;
  readonly privateKey: CryptoKey;
}

/** A key that was left out. */
export interface KeyProblem {
  readonly secret: string;
  readonly error: PowerSyncAuthError;
}

/** Everything the key secrets hold. */
export interface KeyRing {
  /** Usable signing keys, by the names of their secrets. */
  readonly signing: readonly SigningKey[];
  /** What the JWKS shows: one key per `kid`, a signing key's public half before an extra key. */
  readonly published: readonly PublishedKey[];
  /** What was left out and why, signing keys first. */
  readonly problems: readonly KeyProblem[];
}

/** The secrets that a ring is made of, each list sorted by name. */
export interface KeySecrets {
  /** Each holds one private JWK, perhaps in an array or a JWKS. */
  readonly signing: readonly Secret[];
  /** Each holds a public JWK, an array of them, or a JWKS. Only the JWKS needs them. */
  readonly extra?: readonly Secret[];
}

/**
 * Reads and proves every key. A bad key beside a good one is left out and reported in `problems`: it must never be
 * served, because one malformed key makes PowerSync refuse the whole JWKS (PSYNC_S2201).
 *
 * @param secrets The secrets' names and values.
 * @returns The ring; it may be empty.
 */
export async function loadKeyRing({ signing: signingSecrets, extra = [] }: KeySecrets): Promise<KeyRing> {
  const signing: SigningKey[] = [];
  const published = new Map<string, PublishedKey>();
  const problems: KeyProblem[] = [];
  const collect = async (secret: string, read: () => Promise<void>) => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      problems.push({ secret, error: problemOf(secret, error) });
    }
  };
  for (const { name, value } of signingSecrets) {
    await collect(name, async () => {
      const pair = await readSigningKey(soleKey(decode(value)));
      publishSigningKey(published, pair);
      const { publicJwk: { kid, alg }, privateKey, notBefore } = pair;
      signing.push({ secret: name, kid, alg, notBefore, privateKey });
    });
  }
  for (const { name, value } of extra) {
    await collect(name, async () => {
      for (const jwk of listedKeys(decode(value))) {
        await collect(name, async () => publishExtraKey(published, await readPublicKey(jwk)));
      }
    });
  }
  return { signing, published: [...published.values()], problems };
}

/**
 * The key that signs at a given time: the one with the latest `nbf` that has passed. No `nbf` means "always"; the later
 * secret name wins a tie. If none has passed, the earliest signs.
 *
 * @param ring The ring.
 * @param nowSeconds Seconds since 1970.
 * @throws {PowerSyncAuthError} Why no signing key is usable: its own code, or `POWERSYNC_PRIVATE_KEY_MISSING`.
 */
export function signingKeyAt(ring: Pick<KeyRing, "signing" | "problems">, nowSeconds: number): SigningKey {
  const byStart = ring.signing.toSorted((a, b) => startOf(a) - startOf(b) || (a.secret < b.secret ? -1 : 1));
  const key = byStart.findLast((candidate) => startOf(candidate) <= nowSeconds) ?? byStart[0];
  if (key !== undefined) return key;
  throw ring.problems.find(({ secret }) => secret.startsWith("POWERSYNC_PRIVATE_KEY"))?.error ??
    new PowerSyncAuthError("POWERSYNC_PRIVATE_KEY_MISSING");
}

/**
 * The JWK Set to serve (RFC 7517, section 5).
 *
 * @throws {PowerSyncAuthError} Why there is nothing to serve: PowerSync drops its keys at once on an empty set, but
 * keeps them when the answer is an error.
 */
export function publicJwks(ring: KeyRing): { keys: readonly PublishedKey[] } {
  if (ring.published.length > 0) return { keys: ring.published };
  throw ring.problems[0]?.error ?? new PowerSyncAuthError("POWERSYNC_PRIVATE_KEY_MISSING");
}

function publishSigningKey(published: Map<string, PublishedKey>, { publicJwk }: KeyPair): void {
  if (published.has(publicJwk.kid)) {
    throw new KeyError("KEY_ID_DUPLICATE", "has the `kid` of another signing key");
  }
  published.set(publicJwk.kid, publicJwk);
}

function publishExtraKey(published: Map<string, PublishedKey>, key: PublishedKey): void {
  const present = published.get(key.kid);
  if (present === undefined) published.set(key.kid, key);
  else if (!isSameKey(present, key)) {
    throw new KeyError("KEY_PAIR_MISMATCH", "is another key than the one published under its `kid`");
  }
}

/** Published keys are canonical, so one key has one form. */
function isSameKey(a: PublishedKey, b: PublishedKey): boolean {
  return (["kty", "crv", "x", "y", "n", "e"] as const).every((member) => a[member] === b[member]);
}

function decode(value: string): unknown {
  const decoded = decodeJsonSecret(value);
  if (decoded.ok) return decoded.value;
  throw new KeyError("KEY_MALFORMED", decoded.problem);
}

/**
 * The key of a signing secret. Generators also write it as an array or a JWKS, beside nothing or its public half. Which
 * of several signs, and whether other public keys are to be published, would be a guess.
 */
function soleKey(value: unknown): unknown {
  const keys = listedKeys(value);
  if (keys.length === 1) return keys[0];
  const jwks = keys.filter(isJsonObject);
  const [key, ...others] = jwks.filter((jwk) => Object.hasOwn(jwk, "d"));
  const isHalf = (jwk: typeof key) => ["kid", "n", "x"].every((member) => jwk?.[member] === key?.[member]);
  if (key !== undefined && others.length === 0 && keys.length === jwks.length && jwks.every(isHalf)) {
    return key;
  }
  throw new KeyError("KEY_MALFORMED", "is a list of keys, not one private key");
}

/** The keys of a secret: one JWK, an array, or a JWKS. */
function listedKeys(value: unknown): unknown[] {
  const list = isJsonObject(value) && Array.isArray(value.keys) ? value.keys : value;
  if (!Array.isArray(list)) return [list];
  if (list.length === 0) throw new KeyError("KEY_MALFORMED", "is missing: the list is empty");
  return list;
}

function problemOf(secret: string, { code, message: state, cause }: KeyError): PowerSyncAuthError {
  const message = `The key in ${secret} cannot be used: it ${state}.`;
  return new PowerSyncAuthError(code, { message, cause, why: { reason: secret } });
}

function startOf(key: SigningKey): number {
  return key.notBefore ?? -Infinity;
}
