import { assertEquals, assertMatch } from "@std/assert";
import { checkClocks } from "../../scripts/doctor/clock.ts";
import type { CauseId, Check } from "../../scripts/doctor/check.ts";

const LIFETIME_SECONDS = 300;

/** Seconds ahead of this computer: the functions' clock and the instance's. */
const CASES: readonly [
  what: string,
  functions: number | undefined,
  instance: number | undefined,
  status: Check["status"],
  cause?: CauseId,
][] = [
  ["all agree", 1, -2, "passed"],
  ["this computer is behind both", 600, 620, "warning", "clock-here"],
  ["the instance is so far ahead that it refuses every token", 0, 600, "failed", "clock-instance"],
  ["the instance is ahead, by less than a token's life", 0, 200, "warning", "clock-instance"],
  ["the functions are behind", -600, 0, "failed", "clock-functions"],
  ["the instance is behind: that refuses nothing", 0, -600, "passed"],
  ["the functions are ahead: PowerSync refuses nothing for that", 600, 0, "warning", "clock-functions"],
  ["the functions are ahead of the instance, and neither is like this computer's", 1200, 600, "passed"],
  ["only one server is known, and differs", 600, undefined, "warning", "clock-unknown"],
  ["only the instance is known, and agrees", undefined, 10, "passed"],
];

for (const [what, functions, instance, status, cause] of CASES) {
  Deno.test(`clocks: ${what}`, () => {
    const [check] = checkClocks({ functions, instance }, LIFETIME_SECONDS);
    assertEquals([check?.status, check?.cause], [status, cause]);
  });
}

Deno.test("without a clock to compare with, nothing is said", () => {
  assertEquals(checkClocks({ functions: undefined, instance: undefined }, LIFETIME_SECONDS), []);
});

Deno.test("a difference is given in units that a person reads", () => {
  for (const [instance, units] of [[5400, "1 h 30 min"], [3 * 86_400 + 5, "3 days"]] as const) {
    const [check] = checkClocks({ functions: 0, instance }, LIFETIME_SECONDS);
    assertMatch(
      check?.seen ?? "",
      new RegExp(`^The instance's clock is ${units} ahead of the functions'\\.`),
    );
  }
});
