import type { FlattenedJWSInput, JWSHeaderParameters } from "jose";
import * as errors from "jose/errors";
import { createRemoteJWKSet, customFetch } from "jose/jwks/remote";
import { knownKeyIsFinal } from "./key-set.ts";
import { fetchUpstream } from "./upstream.ts";

/** The keys of one issuer, published at a URL. */
export interface RemoteKeys {
  /**
   * The key for a token's header; jose calls it.
   *
   * @throws {errors.JWKSNoMatchingKey} No such key, even after a refetch.
   * @throws {errors.JOSEAlgNotAllowed} The key is for another algorithm.
   * @throws {KeysUnavailable} The keys cannot be had.
   */
  (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
}

/** The keys of an issuer cannot be fetched and none are left from earlier. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** After this the keys are fetched anew when a token comes. */
const FRESH_MS = 10 * 60_000;
/** A set that cannot be renewed serves no longer than this. */
const MAX_AGE_MS = 60 * 60_000;
/** Unknown key IDs cause no more fetches than one in this time. */
const UNKNOWN_KID_COOLDOWN_MS = 30_000;
/** After a failed fetch the next is not tried sooner, while a good set is at hand. */
const RETRY_MS = 30_000;
/** The same, while there is none. */
const RETRY_WITHOUT_KEYS_MS = 1_000;

/**
 * Keys fetched over HTTP and kept across requests. Concurrent requests share a fetch; a refetch that fails leaves the
 * last good set in use for up to 60 minutes, which jose's own cache does not do, so its two timers are switched off
 * and this decides when it reloads.
 *
 * @param url Where the JWKS is.
 * @param now Milliseconds since 1970.
 */
export function remoteKeys(url: URL, now: () => number): RemoteKeys {
  const keys = createRemoteJWKSet(url, {
    [customFetch]: fetchUpstream,
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  });
  const find = knownKeyIsFinal(keys);
  let fetchedAt = -Infinity;
  let failedAt = -Infinity;

  /** Concurrent calls share jose's fetch. */
  async function reload(): Promise<void> {
    try {
      await keys.reload();
      fetchedAt = now();
    } catch {
      failedAt = now();
    }
  }

  function usable(): boolean {
    return now() - fetchedAt < MAX_AGE_MS;
  }

  async function reloadIfOlderThan(ageMs: number): Promise<void> {
    const retryMs = usable() ? RETRY_MS : RETRY_WITHOUT_KEYS_MS;
    if (now() - fetchedAt >= ageMs && now() - failedAt >= retryMs) await reload();
  }

  return async (header, token) => {
    await reloadIfOlderThan(FRESH_MS);
    if (!usable()) throw new KeysUnavailable("The keys cannot be fetched.");
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await reloadIfOlderThan(UNKNOWN_KID_COOLDOWN_MS);
      // Whether the key exists cannot be told while its publisher is down.
      if (failedAt > fetchedAt) throw new KeysUnavailable("The keys cannot be fetched anew.");
      return await find(header, token);
    }
  };
}
