import type { JSONWebKeySet, JWK, JWSHeaderParameters } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { oneInFlight, within } from "./once.ts";
import { fetchJson, UnusableAnswer, type UpstreamOptions } from "./upstream.ts";

/** A set younger than this is used as it is; an older one is used while it is fetched again. */
const FRESH_MS = 10 * 60_000;
/** A fetched set that cannot be renewed serves no longer than this; so long a known place of it counts. */
const MAX_AGE_MS = 60 * 60_000;
/** Unknown key IDs cause no more than one fetch in this time. */
const UNKNOWN_KID_COOLDOWN_MS = 30_000;
/** After a failed fetch the next is not tried sooner, while a fetched set serves. */
const RETRY_MS = 30_000;
/** The same, while none does. */
const FIRST_RETRY_MS = 1_000;
/** A fetch takes two upstream answers at most: Discovery and the JWKS. */
const MAX_FETCH_MS = 11_000;
/** A clock that goes back by no more than this was corrected, not set back. */
const MAX_CORRECTION_MS = 1_000;
/** More keys than these are not tried for one token. */
const MAX_CANDIDATES = 8;

interface KeySetOptions extends UpstreamOptions {
  /** Where the JWKS is. Called again when keys cannot be fetched, and once an hour. */
  readonly locate: () => string | Promise<string>;
  /** Keys that answer the first requests without a fetch, for 10 minutes or until one succeeds. May be a third party's. */
  readonly inline?: readonly JWK[] | undefined;
  readonly headers?: () => Record<string, string> | undefined;
  /** How long a request waits for a fetch, in milliseconds, where somebody else can be asked; to its end by default. */
  readonly patienceMs?: number;
}

type Found = CryptoKey[] | "key-unknown" | "algorithm";

/**
 * Finds the keys that may have signed a token: one as a rule, several where key IDs are missing or repeated. Or says why
 * there are none; `algorithm`: the key with its ID is for another algorithm, which is an attack (RFC 8725, section 2.1).
 *
 * @param demand `own`: only keys that the issuer itself publishes count, not inline ones; `maxAgeMs`: the set must not be
 * older than this.
 * @throws {KeysUnavailable} Whether there are any cannot be told now.
 */
export type KeySet = (
  header: JWSHeaderParameters,
  demand?: { readonly own?: boolean; readonly maxAgeMs?: number | undefined },
) => Promise<Found>;

/** The keys cannot be fetched, or the key cannot be used. */
export class KeysUnavailable extends Error {
  constructor(cause: unknown) {
    super("The keys cannot be fetched or used.", { cause });
  }
}

type Keys = ReturnType<typeof readKeys>;

/**
 * A key set with one policy: fetched when a token needs it, shared by concurrent requests, fresh for 10 minutes, then
 * served while it is fetched again, and dropped after 60. A failed fetch never takes a good set away.
 */
export function keySet({ locate, inline = [], headers, patienceMs, now, limits }: KeySetOptions): KeySet {
  const clock = onwardClock(now);
  const start = { at: clock() };
  const inlineKeys = inline.length > 0 ? readKeys({ keys: inline.map(flat) }) : undefined;
  let published: Keys & { readonly at: number } | undefined;
  let failed: { readonly at: number; readonly cause: unknown } | undefined;
  let begun: { readonly at: number } | undefined;
  let place: { readonly at: number; readonly url: string } | undefined;

  const age = (event: { at: number } | undefined) => clock() - (event?.at ?? -Infinity);
  const isCurrent = () => age(published) < MAX_AGE_MS;
  const mayRetry = () => age(failed) >= (isCurrent() ? RETRY_MS : FIRST_RETRY_MS);

  async function findPlace(): Promise<string> {
    if (place !== undefined && failed === undefined && age(place) < MAX_AGE_MS) return place.url;
    try {
      place = { url: await locate(), at: clock() };
    } catch (error) {
      if (place === undefined) throw error;
    }
    return place.url;
  }

  const refresh = oneInFlight(async () => {
    begun = { at: clock() };
    try {
      const set = await fetchJson(await findPlace(), { headers: headers?.(), ...limits });
      published = { ...readKeys(set), at: clock() };
      failed = undefined;
    } catch (cause) {
      failed = { at: clock(), cause };
    }
    begun = undefined;
  }, { limitMs: MAX_FETCH_MS, now: clock });

  async function waitForRefresh(): Promise<void> {
    const run = refresh();
    await (patienceMs === undefined ? run : within(patienceMs - age(begun), run, () => {}));
  }

  /** The sets that count at the moment, the published one first. */
  function usable(own: boolean): Keys[] {
    // An answer that is behind, or empty, must not take away at once what the platform says.
    const isNew = published === undefined || age(start) < FRESH_MS;
    return [isCurrent() ? published : undefined, isNew && !own ? inlineKeys : undefined]
      .filter((keys) => keys !== undefined);
  }

  return async (header, { own = false, maxAgeMs } = {}) => {
    const isTooOld = maxAgeMs !== undefined && age(published) >= maxAgeMs;
    if (isTooOld || usable(own).length === 0) {
      if (mayRetry()) await waitForRefresh();
    } else if (age(published ?? start) >= FRESH_MS && mayRetry()) {
      // Cloudflare ends what goes on behind an answer: what was lost there is waited for the next time.
      if (begun === undefined) refresh();
      else if (age(begun) >= MAX_FETCH_MS) await waitForRefresh();
    }
    const found = await lookUp(usable(own), header);
    if (Array.isArray(found) || found === "algorithm") return found;
    if (age(published) >= UNKNOWN_KID_COOLDOWN_MS && mayRetry()) await waitForRefresh();
    // Whether the key exists cannot be told while its publisher is down.
    if (failed !== undefined || !isCurrent()) throw new KeysUnavailable(failed?.cause);
    const again = await lookUp(usable(own), header);
    if (again instanceof KeysUnavailable) throw again;
    return again;
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
function flat(jwk: JWK): JWK {
  const isFlat = ([, member]: [string, unknown]) => [member].flat().every((part) => typeof part !== "object");
  return Object.fromEntries(Object.entries(jwk).filter(isFlat)) as JWK;
}

/** @throws {UnusableAnswer} */
function readKeys(set: unknown) {
  try {
    // jose checks the shape.
    const find = createLocalJWKSet(set as JSONWebKeySet);
    return { find, kids: new Set(find.jwks().keys.map(({ kid }) => kid)) };
  } catch (cause) {
    throw new UnusableAnswer(200, "The answer is not a JWKS.", { cause });
  }
}

/** The keys of the first set that has any for a token; of several reasons why none has, the one that says most. */
async function lookUp(sets: readonly Keys[], header: JWSHeaderParameters): Promise<Found | KeysUnavailable> {
  let reason: "key-unknown" | "algorithm" | KeysUnavailable = "key-unknown";
  for (const { find, kids } of sets) {
    try {
      return [await find(header)];
    } catch (error) {
      const found = error instanceof JWKSMultipleMatchingKeys ? await candidates(error) : [];
      if (found.length > 0) return found;
      if (!(error instanceof JWKSNoMatchingKey)) reason = new KeysUnavailable(error);
      else if (header.kid !== undefined && kids.has(header.kid)) reason = "algorithm";
    }
  }
  return reason;
}

async function candidates(matching: AsyncIterable<CryptoKey>): Promise<CryptoKey[]> {
  const found: CryptoKey[] = [];
  for await (const key of matching) if (found.push(key) === MAX_CANDIDATES) break;
  return found;
}
