import { assert } from "@std/assert";

/** Shorter than this, a time says more about the machine than about the work. */
const NOISE_MS = 20;

/**
 * Holds work to a cost that grows with its input, not with the square of it: four times the input costs four times as
 * much, or sixteen times. A ratio in one run, because machines are shared.
 *
 * @param work What to do with an input of a size.
 * @param size The smaller of the two sizes.
 */
export async function assertGrowsLinearly(
  work: (size: number) => unknown,
  size: number,
): Promise<void> {
  const [small, large] = [await fastest(() => work(size)), await fastest(() => work(4 * size))];
  assert(large / small < 8, `${small} ms for ${size}, ${large} ms for four times as much`);
}

/** Holds odd work to a cost of the same order as plain work of the same size. */
export async function assertCostsLike(plain: () => unknown, odd: () => unknown): Promise<void> {
  const [usual, unusual] = [await fastest(plain), await fastest(odd)];
  assert(unusual / usual < 30, `${unusual} ms where plain input costs ${usual} ms`);
}

async function fastest(work: () => unknown): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < 3; run++) {
    const started = performance.now();
    await work();
    best = Math.min(best, performance.now() - started);
  }
  return Math.max(best, NOISE_MS);
}
