/** How long a result is waited for, and on which clock. */
interface Waiting<T> {
  /** Longer than the result can take, which must bound its own time. */
  readonly limitMs: number;
  /** What whoever has waited so long gets instead. */
  readonly late: () => T | Promise<T>;
  /** Milliseconds since any time. */
  readonly now: () => number;
}

/** A result that several requests wait for. */
export interface Shared<T> {
  /** Whether its time is over, so that nobody should begin to wait for it. */
  readonly isOver: () => boolean;
  /** Waits until its time is over, or no longer than `ms` since it began. */
  readonly wait: (ms?: number) => Promise<T>;
}

/**
 * Shares a result among requests, none of which waits for it beyond its limit: Cloudflare ends the work of a request when
 * its client goes away, and a promise of that request then never settles.
 */
export function share<T>(result: Promise<T>, { limitMs, late, now }: Waiting<T>): Shared<T> {
  const start = now();
  // A clock that is set back does not prolong it.
  const age = () => Math.abs(now() - start);
  return {
    isOver: () => age() >= limitMs,
    wait: (ms = limitMs) => within(Math.max(0, ms - age()), result, late),
  };
}

/**
 * Shares one run among concurrent calls; a call after its end, or after its time is over, runs again.
 *
 * @returns A function that waits as `Shared.wait` does.
 */
export function oneInFlight<T>(run: () => T | Promise<T>, waiting: Waiting<T>): Shared<T>["wait"] {
  let current: Shared<T> | undefined;
  return (ms) => {
    if (current !== undefined && !current.isOver()) return current.wait(ms);
    const result = Promise.resolve().then(run).finally(() => {
      if (current === started) current = undefined;
    });
    const started = current = share(result, waiting);
    // Whoever runs it is not cut off from it, and needs no timer.
    return ms === undefined ? result : started.wait(ms);
  };
}

/**
 * Loads a value on the first call and keeps it. Concurrent first calls share one load; a failed load is not kept, so
 * that the next call tries again, and so does whoever has waited for one too long.
 */
export function once<T>(
  load: () => T | Promise<T>,
  { limitMs = 2_000, now = Date.now }: Partial<Waiting<T>> = {},
): () => Promise<T> {
  let loaded: { readonly value: T } | undefined;
  const get = async (): Promise<T> => loaded === undefined ? await loadShared() : loaded.value;
  const run = async () => (loaded = { value: await load() }).value;
  const loadShared = oneInFlight(run, { limitMs, late: get, now });
  return get;
}

/** Waits no longer than a time in milliseconds; then the result is what `late` returns or throws. */
export async function within<T>(
  timeMs: number,
  result: T | PromiseLike<T>,
  late: () => T | Promise<T>,
): Promise<T> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeMs);
  try {
    return await Promise.race([result, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
