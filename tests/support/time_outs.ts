/**
 * Makes every time-out that is set while a test runs a short one, so that nobody waits for a silent neighbour.
 *
 * @param shortMs How long each takes instead.
 * @param run The test.
 * @returns How long each was to be, in milliseconds.
 */
export async function withShortTimeOuts(shortMs: number, run: () => Promise<void>): Promise<number[]> {
  const { setTimeout } = globalThis;
  const asked: number[] = [];
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms: number) => {
      asked.push(ms);
      return setTimeout(callback, shortMs);
    },
  });
  try {
    await run();
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
  return asked;
}
