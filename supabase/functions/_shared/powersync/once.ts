/**
 * Loads a value on the first call and keeps it. Concurrent first calls share one load; a failed load is not kept, so
 * that the next call tries again.
 */
export function once<T>(load: () => T | Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= Promise.resolve().then(load).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** A run under way that concurrent calls share. */
export interface Run<T> {
  readonly result: Promise<T>;
  /** When it began, on the clock of `oneInFlight`. */
  readonly at: number;
}

/**
 * Shares one run among concurrent calls; a call after its end runs again. A run that takes longer than its limit is given
 * up: some hosts end the work of a request with the request, and what others wait for then never settles.
 *
 * @param run Must bound its own time.
 * @param options `now`: milliseconds since any time; `limitMs`: longer than `run` can take.
 */
export function oneInFlight<T>(
  run: () => Promise<T>,
  { now, limitMs }: { now: () => number; limitMs: number },
): () => Run<T> {
  let current: Run<T> | undefined;
  return () => {
    if (current !== undefined && now() - current.at < limitMs) return current;
    const result = run().finally(() => {
      if (current === started) current = undefined;
    });
    const started: Run<T> = { result, at: now() };
    return current = started;
  };
}

/** Waits no longer than a time in milliseconds; then the result is what `late` returns or throws. */
export async function within<T>(timeMs: number, result: T | PromiseLike<T>, late: () => T): Promise<T> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeMs);
  try {
    return await Promise.race([result, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
