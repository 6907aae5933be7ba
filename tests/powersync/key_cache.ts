/** Older keys are refreshed in the background, when there is activity. */
const REFRESH_AFTER_SECONDS = 5 * 60;
/** Keys whose last good fetch is older are dropped. */
const EXPIRY_SECONDS = 60 * 60;
/** Refreshes that may come quickly, each a little later after the one before. */
const BURST = 10;
/** Then one in each such time. */
const REFILL_SECONDS = 60;

/** Where the keys come from, and how long fetching takes. */
export interface JwksSource {
  /** Key IDs that the JWKS shows at a time (seconds); `undefined` is an answer that is not 2xx. */
  fetch(at: number): readonly string[] | undefined;
  /** Seconds, below the 3 s that a request waits. */
  readonly fetchSeconds: number;
}

/**
 * A model of how the PowerSync Service keeps the keys of a JWKS URI (CachedKeyCollector of service 1.25.0), on a clock
 * that is passed in. Only a request makes it do anything: an instance without activity neither refreshes nor drops a key.
 */
export class PowerSyncKeyCache {
  readonly #source: JwksSource;
  #keys: readonly string[] = [];
  #fetchedAt = -Infinity;
  #lastFailed = false;
  #refreshStartedAt = -Infinity;
  #refresh: { readonly doneAt: number; readonly keys: readonly string[] | undefined } | undefined;
  #permits = BURST;
  #permitsAt = -Infinity;

  constructor(source: JwksSource) {
    this.#source = source;
  }

  /**
   * Whether a request with a token of that `kid` finds its key.
   *
   * @param kid Key ID.
   * @param now Seconds since 1970; never less than in an earlier call.
   */
  hasKeyFor(kid: string, now: number): boolean {
    this.#settle(now);
    const expired = now - this.#fetchedAt > EXPIRY_SECONDS;
    if (expired) this.#keys = [];
    if (this.#lastFailed || now - this.#refreshStartedAt >= REFRESH_AFTER_SECONDS) this.#startRefresh(now);
    // A request that finds nothing waits for the fetch; any other goes on with the keys that are there.
    if (expired) this.#settle(now + this.#source.fetchSeconds);
    if (this.#keys.includes(kid)) return true;
    this.#startRefresh(now);
    return false;
  }

  #startRefresh(now: number): void {
    if (this.#refresh !== undefined || !this.#permitted(now)) return;
    this.#refreshStartedAt = now;
    const doneAt = now + this.#source.fetchSeconds;
    this.#refresh = { doneAt, keys: this.#source.fetch(now) };
  }

  #settle(now: number): void {
    if (this.#refresh === undefined || this.#refresh.doneAt > now) return;
    this.#lastFailed = this.#refresh.keys === undefined;
    if (this.#refresh.keys !== undefined) {
      this.#keys = this.#refresh.keys;
      this.#fetchedAt = this.#refresh.doneAt;
    }
    this.#refresh = undefined;
  }

  /** PowerSync LeakyBucket: the fewer permits are left, the longer the wait for the next. */
  #permitted(now: number): boolean {
    this.#permits = Math.min(BURST, this.#permits + (now - this.#permitsAt) / REFILL_SECONDS);
    this.#permitsAt = now;
    const delay = (1 - this.#permits / BURST) ** 2 * REFILL_SECONDS;
    if (this.#permits < 1 || now - this.#refreshStartedAt < delay) return false;
    this.#permits -= 1;
    return true;
  }
}
