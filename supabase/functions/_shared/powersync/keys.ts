import { PowerSyncAuthError } from "./errors.ts";
import { type Algorithm, KeyError, type PublishedKey, readPublicKey, readSigningKey } from "./jwk.ts";
import { decodeJsonSecret, isJsonObject, type Secret } from "./secret.ts";

/** A key that signs tokens. */
export interface SigningKey {
  /** The name of the secret it came from. */
  readonly secret: string;
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

/**
 * Reads and proves every key. A bad key beside a good one is left out and reported in `problems`: it must never be
 * served, because one malformed key makes PowerSync refuse the whole JWKS (PSYNC_S2201).
 *
 * @param secrets Each list sorted by name; `extra` is needed only where the ring is published.
 * @returns The ring; it may be empty.
 */
export async function loadKeyRing(
  secrets: { readonly signing: readonly Secret[]; readonly extra?: readonly Secret[] },
): Promise<KeyRing> {
  const signing: SigningKey[] = [];
  const published = new Map<string, PublishedKey>();
  const problems: KeyProblem[] = [];
  const attempt = async <T>(secret: string, read: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      const message = `The key in ${secret} cannot be used: it ${error.message}.`;
      const details = { message, cause: error.cause, why: { reason: secret } };
      problems.push({ secret, error: new PowerSyncAuthError(error.code, details) });
      return undefined;
    }
  };
  for (const { name, value } of secrets.signing) {
    await attempt(name, async () => {
      const { publicJwk, privateKey, notBefore } = await readSigningKey(soleKey(listedKeys(value)));
      const { kid, alg } = publicJwk;
      if (published.has(kid)) throw new KeyError("KEY_ID_DUPLICATE", "has the `kid` of another signing key");
      published.set(kid, publicJwk);
      signing.push({ secret: name, kid, alg, notBefore, privateKey });
    });
  }
  for (const { name, value } of secrets.extra ?? []) {
    for (const jwk of await attempt(name, () => listedKeys(value)) ?? []) {
      await attempt(name, async () => {
        const key = await readPublicKey(jwk);
        const present = published.get(key.kid) ?? key;
        if (!isSameKey(key, present)) {
          throw new KeyError("KEY_PAIR_MISMATCH", "is another key than the one published under its `kid`");
        }
        published.set(key.kid, present);
      });
    }
  }
  return { signing, published: [...published.values()], problems };
}

/**
 * The key that signs at a given time: the one with the latest `nbf` that has passed. No `nbf` means "always"; the later
 * secret name wins a tie. If none has passed, the earliest signs.
 *
 * @throws {PowerSyncAuthError} Why no signing key is usable: its own code, or `POWERSYNC_PRIVATE_KEY_MISSING`.
 */
export function signingKeyAt(ring: Pick<KeyRing, "signing" | "problems">, nowSeconds: number): SigningKey {
  const startOf = ({ notBefore = -Infinity }: SigningKey) => notBefore;
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

/** The keys of a secret: one JWK, an array, or a JWKS. */
function listedKeys(value: string): unknown[] {
  const decoded = decodeJsonSecret(value);
  if (!decoded.ok) throw new KeyError("KEY_MALFORMED", decoded.problem);
  const { value: json } = decoded;
  const list = isJsonObject(json) && Array.isArray(json.keys) ? json.keys : json;
  if (!Array.isArray(list)) return [list];
  if (list.length === 0) throw new KeyError("KEY_MALFORMED", "is missing: the list is empty");
  return list;
}

/**
 * The key of a signing secret. Generators also write it as an array or a JWKS, beside nothing or its public half. Which
 * of several signs, and whether other public keys are to be published, would be a guess.
 */
function soleKey(keys: readonly unknown[]): unknown {
  if (keys.length === 1) return keys[0];
  const [key, ...others] = keys.filter(isJsonObject).filter((jwk) => Object.hasOwn(jwk, "d"));
  const isHalf = (jwk: unknown) =>
    isJsonObject(jwk) && ["kid", "n", "x"].every((member) => jwk[member] === key?.[member]);
  if (key !== undefined && others.length === 0 && keys.every(isHalf)) return key;
  throw new KeyError("KEY_MALFORMED", "is a list of keys, not one private key");
}

/** Published keys are canonical, so one key has one form. */
function isSameKey(a: PublishedKey, b: PublishedKey): boolean {
  return (["kty", "crv", "x", "y", "n", "e"] as const).every((member) => a[member] === b[member]);
}
