import { assert, assertEquals } from "@std/assert";
import { rateLimit } from "../../supabase/functions/_shared/powersync/rate-limit.ts";

Deno.test("so many calls pass in a second, and others when those are a second old", () => {
  const clock = { ms: 1_800_000_000_700 };
  const mayPass = rateLimit(3, () => clock.ms);
  const burst = () => Array.from({ length: 5 }, mayPass);
  assertEquals(burst(), [true, true, true, false, false]);
  clock.ms += 999;
  assertEquals(burst(), [false, false, false, false, false]);
  clock.ms += 1;
  assertEquals(burst(), [true, true, true, false, false]);
});

Deno.test("no second, however it is laid, sees more calls pass", () => {
  const clock = { ms: 1_800_000_000_000 };
  const mayPass = rateLimit(10, () => clock.ms);
  const passed: number[] = [];
  for (let step = 0; step < 500; step++, clock.ms += 7 + step % 11) if (mayPass()) passed.push(clock.ms);
  assert(passed.length > 40, `${passed.length} passed`);
  for (const [index, time] of passed.entries()) {
    const tenthAfter = passed[index + 10];
    assert(tenthAfter === undefined || tenthAfter - time >= 1000);
  }
});

Deno.test("a clock that is set back does not close the gate", () => {
  const clock = { ms: 1_800_000_000_000 };
  const mayPass = rateLimit(1, () => clock.ms);
  assertEquals([mayPass(), mayPass()], [true, false]);
  clock.ms -= 86_400_000;
  assertEquals([mayPass(), mayPass()], [true, false]);
});
