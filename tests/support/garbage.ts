/** Not a bound on speed: a read that the garbage collector made endless must fail a test. */
const HANG_MS = 30_000;

/** Makes garbage, so that it is collected all the time, until it is disposed of, as in a busy process. */
export function collectGarbage(): Disposable {
  let garbage: unknown[] = [];
  const timer = setInterval(() => {
    garbage = Array.from({ length: 500 }, () => new Array(1000).fill(garbage.length));
  }, 10);
  const hang = setTimeout(() => Deno.exit(1), HANG_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      clearTimeout(hang);
    },
  };
}
