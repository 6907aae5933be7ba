import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Not a bound on speed: a read that the garbage collector made endless must fail a test. */
const HANG_MS = 30_000;

/** Has the garbage collected all the time, until it is disposed of, as it is in a busy process. */
export function collectGarbage(): Disposable {
  const timer = setInterval(collect, 100);
  const hang = setTimeout(() => Deno.exit(1), HANG_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      clearTimeout(hang);
    },
  };
}
