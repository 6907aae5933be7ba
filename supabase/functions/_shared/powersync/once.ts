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
