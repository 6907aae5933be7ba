import { assertEquals, assertRejects } from "@std/assert";
import { once, oneInFlight } from "../../supabase/functions/_shared/powersync/once.ts";

const NEVER = new Promise<never>(() => {});

/** Runs that a test ends, one after the other, on a clock that it moves. */
function startRuns(limitMs: number) {
  const clock = { ms: 1_000_000 };
  const runs: PromiseWithResolvers<string>[] = [];
  const call = oneInFlight(() => {
    const run = Promise.withResolvers<string>();
    runs.push(run);
    return run.promise;
  }, { limitMs, now: () => clock.ms });
  /** Calls; a run that begins has begun when it returns. */
  const begin = () => ({ result: call(), runs: runs.length });
  return { clock, runs, begin };
}

Deno.test("concurrent first calls share a load, a good one is kept, a failed one is not", async () => {
  let loads = 0;
  const load = once(() => {
    loads += 1;
    if (loads === 1) throw new Error("first");
    return loads;
  });
  const outcomes = await Promise.allSettled([load(), load()]);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals([await load(), await load(), loads], [2, 2, 2]);
});

Deno.test("whoever waits for a load that never ends loads the value after its limit, for all", async () => {
  let loads = 0;
  const load = once(() => ++loads === 1 ? NEVER : loads, 20);
  load();
  assertEquals(await Promise.all([load(), load(), load()]), [2, 2, 2]);
  assertEquals([await load(), loads], [2, 2]);
});

Deno.test("concurrent calls share a run and its failure, and a call after its end runs again", async () => {
  const { runs, begin } = startRuns(1_000);
  const [one, other] = [begin(), begin()];
  assertEquals([one.runs, other.runs], [1, 1]);
  runs[0]?.reject(new Error("failed"));
  for (const { result } of [one, other]) await assertRejects(() => result, Error, "failed");
  const next = begin();
  runs[1]?.resolve("next");
  assertEquals([next.runs, await next.result], [2, "next"]);
});

Deno.test("whoever waits for a run that never settles runs it again after its limit", async () => {
  const { clock, runs, begin } = startRuns(1_000);
  begin();
  clock.ms += 980;
  const waiting = begin();
  assertEquals(waiting.runs, 1, "it waits for the rest of the limit");
  const { promise: again, resolve } = Promise.withResolvers<void>();
  runs.push = (run) => {
    resolve();
    run.resolve("again");
    return Array.prototype.push.call(runs, run);
  };
  await again;
  assertEquals(await waiting.result, "again");
});

Deno.test("a run that takes longer than its limit is given up, and its end does not end the next", async () => {
  for (const passedMs of [15_000, -15_000]) {
    const { clock, runs, begin } = startRuns(15_000);
    const lost = begin();
    clock.ms += passedMs;
    const second = begin();
    assertEquals(second.runs, 2);
    runs[0]?.reject(new Error("lost"));
    await assertRejects(() => lost.result, Error, "lost");
    const shared = begin();
    runs[1]?.resolve("second");
    assertEquals([await second.result, await shared.result, shared.runs], ["second", "second", 2]);
  }
});
