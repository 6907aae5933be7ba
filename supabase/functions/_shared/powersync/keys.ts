import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { decodeJsonSecret, isJsonObject, type Secret } from "./secret.ts";
import { PowerSyncAuthError } from "./errors.ts";
import {
  type Algorithm,
  hasSecretMember,
  keyError,
  notBefore,
  privateMembers,
  publicHalf,
  type PublicJwk,
  statedKeyId,
  type UncheckedJwk,
} from "./jwk.ts";
import { importProvenKey } from "./key-proof.ts";

/** A key that signs tokens, proven usable. */
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

/** A key as it is served: with its `kid`. */
export type PublishedKey = PublicJwk & { readonly kid: string };

/** A key that was left out. */
export interface KeyProblem {
  readonly secret: string;
  readonly error: PowerSyncAuthError;
}

/** Everything the key secrets hold. */
export interface KeyRing {
  /** Usable signing keys, by the names of their secrets. */
  readonly signing: readonly SigningKey[];
  /** What the JWKS shows: one key per `kid`, a signing key's half before an extra one. */
  readonly published: readonly PublishedKey[];
  /** What was left out and why, signing keys first. */
  readonly problems: readonly KeyProblem[];
}

/** The secrets that a ring is made of, each list sorted by name. */
export interface KeySecrets {
  /** Each holds one private JWK. */
  readonly signing: readonly Secret[];
  /** Each holds a public JWK, an array of them, or a JWKS. */
  readonly extra: readonly Secret[];
}

/**
 * Decodes, checks and imports every key. A bad key beside a good one is left out and told in `problems`: it must never
 * be served, because one malformed key makes PowerSync refuse the whole JWKS (PSYNC_S2201).
 *
 * @param secrets The secrets' names and values.
 * @returns The ring; it may be empty.
 */
export async function loadKeyRing(secrets: KeySecrets): Promise<KeyRing> {
  const signing: SigningKey[] = [];
  const published = new Map<string, PublishedKey>();
  const problems: KeyProblem[] = [];
  for (const secret of secrets.signing) {
    await collectProblem(problems, secret.name, async () => {
      const { key, publicJwk } = await loadSigningKey(secret);
      if (published.has(key.kid)) {
        throw keyError("KEY_ID_DUPLICATE", secret.name, "has the `kid` of another signing key");
      }
      published.set(key.kid, publicJwk);
      signing.push(key);
    });
  }
  for (const secret of secrets.extra) {
    await collectProblem(problems, secret.name, async () => {
      for (const jwk of listedKeys(decodeSecret(secret), secret.name)) {
        await collectProblem(problems, secret.name, () => publishExtra(published, jwk, secret.name));
      }
    });
  }
  return { signing, published: [...published.values()], problems };
}

/**
 * The key that signs at a given time: the one with the latest `nbf` that has come, where no `nbf` means "always" and
 * a tie goes to the later secret name; if none has come, the one that comes first.
 *
 * @param ring The ring.
 * @param now Seconds since 1970.
 * @throws {PowerSyncAuthError} Why no signing key is usable: its own code, or `POWERSYNC_PRIVATE_KEY_MISSING`.
 */
export function signingKeyAt(ring: Pick<KeyRing, "signing" | "problems">, now: number): SigningKey {
  const byStart = ring.signing.toSorted((a, b) => startOf(a) - startOf(b) || (a.secret < b.secret ? -1 : 1));
  const key = byStart.findLast((candidate) => startOf(candidate) <= now) ?? byStart[0];
  if (key !== undefined) return key;
  throw ring.problems.find(({ secret }) => secret.startsWith("POWERSYNC_PRIVATE_KEY"))?.error ?? noKey();
}

/**
 * The JWK Set to serve (RFC 7517, section 5).
 *
 * @throws {PowerSyncAuthError} Why there is nothing to serve: PowerSync drops its keys at once on an empty set, but
 * keeps them when the answer is an error.
 */
export function publicJwks(ring: KeyRing): { keys: readonly PublishedKey[] } {
  if (ring.published.length > 0) return { keys: ring.published };
  throw ring.problems[0]?.error ?? noKey();
}

async function loadSigningKey(source: Secret): Promise<{ key: SigningKey; publicJwk: PublishedKey }> {
  const secret = source.name;
  const jwk = asJwk(decodeSecret(source), secret);
  const half = publicHalf(jwk, secret);
  const privateKey = await importProvenKey(privateMembers(jwk, half, secret), half, secret);
  const publicJwk = await withKeyId(half, jwk, secret);
  const { kid, alg } = publicJwk;
  return { key: { secret, kid, alg, notBefore: notBefore(jwk, secret), privateKey }, publicJwk };
}

async function publishExtra(
  published: Map<string, PublishedKey>,
  value: unknown,
  secret: string,
): Promise<void> {
  const jwk = asJwk(value, secret);
  if (jwk.kty !== "oct" && hasSecretMember(jwk)) throw keyError("KEY_IS_PRIVATE", secret, "is a private key");
  const key = await withKeyId(publicHalf(jwk, secret), jwk, secret);
  const present = published.get(key.kid);
  if (present === undefined) published.set(key.kid, key);
  else if (await calculateJwkThumbprint(present) !== await calculateJwkThumbprint(key)) {
    throw keyError("KEY_PAIR_MISMATCH", secret, "is another key than the one published under its `kid`");
  }
}

/** A missing `kid` becomes the thumbprint of RFC 7638, in header and JWKS alike. */
async function withKeyId(half: PublicJwk, jwk: UncheckedJwk, secret: string): Promise<PublishedKey> {
  return { ...half, kid: statedKeyId(jwk, secret) ?? await calculateJwkThumbprint(half) };
}

function decodeSecret({ name, value }: Secret): unknown {
  const decoded = decodeJsonSecret(value);
  if (decoded.ok) return decoded.value;
  throw keyError("KEY_MALFORMED", name, decoded.problem);
}

function asJwk(value: unknown, secret: string): UncheckedJwk {
  if (isJsonObject(value)) return value;
  throw keyError("KEY_MALFORMED", secret, "is not a JSON object");
}

/** The keys of a public secret: one JWK, an array, or a JWKS. */
function listedKeys(value: unknown, secret: string): unknown[] {
  const list = isJsonObject(value) && Array.isArray(value.keys) ? value.keys : value;
  if (!Array.isArray(list)) return [list];
  if (list.length === 0) throw keyError("KEY_MALFORMED", secret, "is missing: the list is empty");
  return list;
}

async function collectProblem(
  problems: KeyProblem[],
  secret: string,
  load: () => Promise<void>,
): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    problems.push({ secret, error });
  }
}

function startOf(key: SigningKey): number {
  return key.notBefore ?? -Infinity;
}

function noKey(): PowerSyncAuthError {
  return new PowerSyncAuthError("POWERSYNC_PRIVATE_KEY_MISSING", {
    message: "The secret POWERSYNC_PRIVATE_KEY is not set.",
    hint:
      "Make a key pair with `deno run scripts/generate-keys.ts` and run the `supabase secrets set` commands it prints.",
  });
}
