import { assertEquals, assertRejects } from "@std/assert";
import { once, oneInFlight } from "../../supabase/functions/_shared/powersync/once.ts";

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

Deno.test("concurrent calls share a run, and a call after its end runs again", async () => {
  let runs = 0;
  const run = oneInFlight(() => Promise.resolve(++runs), { now: () => 0, limitMs: 1 });
  assertEquals([await Promise.all([run().result, run().result]), await run().result], [[1, 1], 2]);
});

Deno.test("a run that never settles is given up after its limit, whoever waits for it", async () => {
  const clock = { ms: 0 };
  const runs: PromiseWithResolvers<string>[] = [];
  const run = oneInFlight(() => {
    const started = Promise.withResolvers<string>();
    runs.push(started);
    return started.promise;
  }, { now: () => clock.ms, limitMs: 15_000 });
  const lost = run();
  clock.ms = 14_999;
  assertEquals(run(), lost);
  clock.ms = 15_000;
  const second = run();
  assertEquals(runs.length, 2);
  // The lost one comes back after all: it must not end the second.
  runs[0]?.reject(new Error("late"));
  await assertRejects(() => lost.result, Error, "late");
  assertEquals(run(), second);
  runs[1]?.resolve("second");
  assertEquals(await second.result, "second");
  clock.ms = 15_001;
  run();
  assertEquals(runs.length, 3);
});
