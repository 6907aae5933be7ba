import { assertEquals, assertRejects } from "@std/assert";
import { once, oneInFlight, share } from "../../supabase/functions/_shared/powersync/once.ts";

const NEVER = new Promise<never>(() => {});

/** Runs that a test ends, one after the other, on a clock that it moves. */
function runs({ limitMs = 15_000 } = {}) {
  const clock = { ms: 0 };
  const started: PromiseWithResolvers<string>[] = [];
  const run = oneInFlight(() => {
    const one = Promise.withResolvers<string>();
    started.push(one);
    return one.promise;
  }, { limitMs, late: () => "late", now: () => clock.ms });
  return { clock, started, run };
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

Deno.test("whoever waits too long for another's load loads it, and the next ones wait for that", async () => {
  let loads = 0;
  const load = once(() => ++loads === 1 ? NEVER : loads, { limitMs: 20 });
  load();
  assertEquals(await Promise.all([load(), load(), load()]), [2, 2, 2]);
  assertEquals(await load(), 2);
});

Deno.test("concurrent calls share a run, and a call after its end runs again", async () => {
  let count = 0;
  const run = oneInFlight(() => ++count, { limitMs: 1_000, late: () => -1, now: () => 0 });
  assertEquals([await Promise.all([run(), run()]), await run()], [[1, 1], 2]);
});

Deno.test("whoever waits for a run that never settles is late after its limit", async () => {
  const { run } = runs({ limitMs: 20 });
  run();
  assertEquals(await Promise.all([run(), run()]), ["late", "late"]);
});

Deno.test("a wait may be shorter than the limit, counted from the beginning of the run", async () => {
  const { clock, run } = runs();
  assertEquals(await run(20), "late");
  clock.ms = 14_980;
  assertEquals(await run(), "late");
});

Deno.test("a run that takes longer than its limit is given up, and when it ends it does not end the next", async () => {
  const { clock, run, started } = runs();
  const lost = [run()];
  clock.ms = 14_999;
  lost.push(run());
  await Promise.resolve();
  assertEquals(started.length, 1);
  clock.ms = 15_000;
  const second = run();
  await Promise.resolve();
  assertEquals(started.length, 2);
  started[0]?.reject(new Error("lost"));
  for (const wait of lost) await assertRejects(() => wait, Error, "lost");
  const shared = run();
  started[1]?.resolve("second");
  assertEquals([await second, await shared, started.length], ["second", "second", 2]);
});

Deno.test("a clock that is set back does not prolong a wait", async () => {
  const clock = { ms: 1_000_000 };
  const shared = share<string>(NEVER, { limitMs: 20, late: () => "late", now: () => clock.ms });
  clock.ms = 0;
  assertEquals([shared.isOver(), await shared.wait()], [true, "late"]);
});
