const WINDOW_MS = 1_000;

/**
 * Limits calls: so many in any second, however it is laid.
 *
 * @param perSecond How many calls may pass in it.
 * @param now Milliseconds since 1970.
 * @returns A function that takes one call: whether it may pass.
 */
export function rateLimit(perSecond: number, now: () => number): () => boolean {
  let passed: number[] = [];
  return () => {
    const current = now();
    // A clock that was set back must not close the gate until it has caught up.
    passed = passed.filter((time) => Math.abs(current - time) < WINDOW_MS);
    if (passed.length >= perSecond) return false;
    passed.push(current);
    return true;
  };
}
