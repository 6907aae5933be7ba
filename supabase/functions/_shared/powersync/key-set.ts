import type { JSONWebKeySet, JWK } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { oneInFlight } from "./once.ts";
import { fetchJson, type UpstreamLimits } from "./upstream.ts";

/** A set younger than this is used as it is; an older one is used while it is fetched again. */
const FRESH_MS = 10 * 60_000;
/** A fetched set that cannot be renewed serves no longer than this; so long a known place of it counts. */
const MAX_AGE_MS = 60 * 60_000;
/** Unknown key IDs cause no more than one fetch in this time. */
const UNKNOWN_KID_COOLDOWN_MS = 30_000;
/** After a failed fetch the next is not tried sooner, while there is a set. */
const RETRY_MS = 30_000;
/** The same, while there is none. */
const RETRY_WITHOUT_KEYS_MS = 1_000;
/** A set that is asked for again, because the Auth server refused a key ID, is fetched no more than once in this time. */
const FRESH_COOLDOWN_MS = 1_000;
/** A clock that goes back by no more than this was corrected, not set back. */
const MAX_CORRECTION_MS = 1_000;
/** More keys than these are not tried for one token. */
const MAX_CANDIDATES = 8;

/** The published keys of one issuer. */
export interface KeySetOptions {
  /** Where the JWKS is. Called again when keys cannot be fetched, and once an hour. */
  readonly locate: () => string | Promise<string>;
  /** Keys that answer the first request without a fetch. They may be a third party's. */
  readonly inline?: readonly JWK[];
  /** Headers of a fetch. */
  readonly headers?: () => Record<string, string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits?: UpstreamLimits | undefined;
}

/**
 * Finds the keys that may have signed a token: one as a rule, several where key IDs are missing or repeated.
 *
 * @param demand `own`: only keys that the issuer itself publishes count, not inline ones. `fresh`: fetch the set again,
 * unless that was done just now.
 * @throws {KeyNotFound} There is no such key.
 * @throws {KeysUnavailable} Whether there is such a key cannot be told now.
 */
export type KeySet = (
  header: { alg: string; kid?: string | undefined },
  demand?: { own?: boolean; fresh?: boolean },
) => Promise<CryptoKey[]>;

/** The set has no key for a token. */
export class KeyNotFound extends Error {
  /** `algorithm`: its key ID is known, but the key is for another algorithm, which is an attack (RFC 8725, 2.1). */
  constructor(readonly reason: "key-unknown" | "algorithm") {
    super(reason);
  }
}

/** The keys cannot be fetched, or the key cannot be used. */
export class KeysUnavailable extends Error {}

/** What is published is not what it must be, and trying again will not help. */
export class NotAKeySet extends Error {}

/** A set that was read, and the key IDs in it. */
interface Keys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly kids: ReadonlySet<unknown>;
}

/**
 * A key set with one policy: fetched when a token needs it, shared by concurrent requests, fresh for 10 minutes, then
 * served while it is fetched again, and dropped after 60. A failed fetch never takes a good set away.
 */
export function keySet({ locate, inline = [], headers, now, limits }: KeySetOptions): KeySet {
  let keys: Keys | undefined = inline.length > 0 ? readKeys({ keys: inline.map(flat) }) : undefined;
  // Inline keys count as old after 10 minutes, but are never dropped: there may be nothing to fetch.
  const clock = onwardClock(now);
  const startedAt = clock();
  let fetchedAt: number | undefined;
  let failed: { readonly at: number; readonly cause: unknown } | undefined;
  let place: { readonly url: string; readonly at: number } | undefined;

  const age = (time = -Infinity) => clock() - time;
  const isUsable = () => keys !== undefined && (fetchedAt === undefined || age(fetchedAt) < MAX_AGE_MS);

  async function findPlace(): Promise<string> {
    if (place !== undefined && failed === undefined && age(place.at) < MAX_AGE_MS) return place.url;
    try {
      place = { url: await locate(), at: clock() };
    } catch (error) {
      if (place === undefined) throw error;
    }
    return place.url;
  }

  const refresh = oneInFlight(async () => {
    try {
      keys = readKeys(await fetchJson(await findPlace(), { headers: headers?.() ?? {}, ...limits }));
      fetchedAt = clock();
      failed = undefined;
    } catch (cause) {
      failed = { at: clock(), cause };
    }
  });

  return async (header, { own = false, fresh = false } = {}) => {
    if (!isUsable() || (own && fetchedAt === undefined)) {
      if (age(failed?.at) >= RETRY_WITHOUT_KEYS_MS) await refresh();
    } else if (age(fetchedAt ?? startedAt) >= FRESH_MS && age(failed?.at) >= RETRY_MS) {
      refresh();
    }
    if (fresh && age(fetchedAt) >= FRESH_COOLDOWN_MS) await refresh();
    if (keys === undefined || !isUsable() || (own && fetchedAt === undefined)) {
      throw unavailable(failed?.cause);
    }
    const found = await lookUp(keys, header);
    if (Array.isArray(found)) return found;
    const isFinal = found instanceof KeyNotFound ? found.reason === "algorithm" : fetchedAt !== undefined;
    if (isFinal) throw found;
    if (age(fetchedAt) >= UNKNOWN_KID_COOLDOWN_MS && age(failed?.at) >= RETRY_MS) await refresh();
    // Whether the key exists cannot be told while its publisher is down.
    if (failed !== undefined) throw unavailable(failed.cause);
    const published = await lookUp(keys, header);
    if (Array.isArray(published)) return published;
    throw published;
  };
}

/** A clock on which everything before becomes old when the given one is set back: nothing tells what was longer ago. */
function onwardClock(now: () => number): () => number {
  let [last, ahead] = [now(), 0];
  return () => {
    const at = now();
    if (at < last - MAX_CORRECTION_MS) ahead += last - at + MAX_AGE_MS;
    last = at;
    return at + ahead;
  };
}

/** jose copies a set, which fails where it is nested deeply. Nothing nested is part of a public key. */
function flat(jwk: JWK): Record<string, unknown> {
  const isText = (value: unknown) => typeof value === "string";
  const isFlat = ([, member]: [string, unknown]) =>
    typeof member !== "object" || (Array.isArray(member) && member.every(isText));
  return Object.fromEntries(Object.entries(jwk).filter(isFlat));
}

/** @throws {NotAKeySet} */
function readKeys(set: unknown): Keys {
  try {
    // jose checks the shape.
    const find = createLocalJWKSet(set as JSONWebKeySet);
    return { find, kids: new Set(find.jwks().keys.map(({ kid }) => kid)) };
  } catch (cause) {
    throw new NotAKeySet("The answer is not a JWKS.", { cause });
  }
}

async function lookUp(
  { find, kids }: Keys,
  header: { alg: string; kid?: string | undefined },
): Promise<CryptoKey[] | KeyNotFound | KeysUnavailable> {
  const { alg, kid } = header;
  try {
    return [await find(kid === undefined ? { alg } : { alg, kid })];
  } catch (error) {
    if (error instanceof JWKSMultipleMatchingKeys) return await candidates(error);
    if (!(error instanceof JWKSNoMatchingKey)) return unavailable(error);
    return new KeyNotFound(kids.has(kid) ? "algorithm" : "key-unknown");
  }
}

async function candidates(matching: AsyncIterable<CryptoKey>): Promise<CryptoKey[]> {
  const found: CryptoKey[] = [];
  for await (const key of matching) if (found.push(key) === MAX_CANDIDATES) break;
  return found;
}

function unavailable(cause: unknown): KeysUnavailable {
  return new KeysUnavailable("The keys cannot be fetched or used.", { cause });
}
