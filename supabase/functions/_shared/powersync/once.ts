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

/** Shares one run among concurrent calls; a call after its end runs again. */
export function oneInFlight<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => running ??= run().finally(() => running = undefined);
}
