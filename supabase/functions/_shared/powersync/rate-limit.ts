/**
 * Counts calls in a window of one second.
 *
 * @param perSecond How many calls may pass in it.
 * @param now Milliseconds since 1970.
 * @returns A function that takes one call: whether it may pass.
 */
export function rateLimit(perSecond: number, now: () => number): () => boolean {
  let second = NaN;
  let passed = 0;
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) [second, passed] = [current, 0];
    passed += 1;
    return passed <= perSecond;
  };
}
