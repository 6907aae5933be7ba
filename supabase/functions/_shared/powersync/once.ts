/**
 * Loads a value on the first call and keeps it. Concurrent first calls share one load; a failed load is not kept, so
 * that the next call tries again.
 */
export function once<T>(load: () => T | Promise<T>, limitMs = 2_000): () => Promise<T> {
  let loaded: { readonly value: T } | undefined;
  const run = oneInFlight(async () => (loaded ??= { value: await load() }).value, { limitMs, now: Date.now });
  return async () => loaded === undefined ? await run() : loaded.value;
}

/**
 * Shares one run among concurrent calls; a call after its end runs again. So does whoever waits for a run that is lost:
 * Cloudflare ends the work of a request when its client goes away, and what others wait for then never settles.
 *
 * @param options `limitMs`: how long a run may be waited for; it must bound its own time below that. `now`: milliseconds
 * since any time.
 */
export function oneInFlight<T>(
  run: () => T | Promise<T>,
  { limitMs, now }: { readonly limitMs: number; readonly now: () => number },
): () => Promise<T> {
  let current: { readonly at: number; readonly settled: Promise<[PromiseSettledResult<T>]> } | undefined;
  // A clock that is set back prolongs nothing.
  const timeLeft = ({ at }: NonNullable<typeof current>) => limitMs - Math.abs(now() - at);

  function start(): Promise<T> {
    const at = now();
    const result = (async () => await run())().finally(() => {
      if (current === started) current = undefined;
    });
    const started = current = { at, settled: Promise.allSettled([result]) };
    return result;
  }

  async function follow(joined: NonNullable<typeof current>): Promise<T> {
    // Nothing in a run rejects `settled`: where waiting for it throws, the host says that the run is lost.
    const settled = await within(timeLeft(joined), joined.settled, () => undefined).catch(() => undefined);
    if (settled === undefined) {
      if (current === joined) current = undefined;
      return await call();
    }
    const [outcome] = settled;
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  function call(): Promise<T> {
    return current === undefined || timeLeft(current) <= 0 ? start() : follow(current);
  }
  return call;
}

/** Waits no longer than a time in milliseconds; then the result is what `late` returns or throws. */
export async function within<T>(timeMs: number, result: T | PromiseLike<T>, late: () => T): Promise<T> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, timeMs));
  try {
    return await Promise.race([result, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
