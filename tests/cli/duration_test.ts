import { assertEquals } from "@std/assert";
import { describeDuration, describeTime, parseDuration } from "../../scripts/cli/duration.ts";

Deno.test("durations are a number and a unit", () => {
  const read = ["90", "90s", "75m", "2h", "1d", "", "m", "1.5h", "-5m", "5 m", "1h30m"].map(parseDuration);
  assertEquals(read, [
    90,
    90,
    4500,
    7200,
    86_400,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("durations and times are readable, and a time is never too early", () => {
  assertEquals([30, 60, 4500, 86_400, 3661].map(describeDuration), [
    "30 s",
    "1 min",
    "1 h 15 min",
    "24 h",
    "1 h 1 min 1 s",
  ]);
  assertEquals(describeTime(Date.UTC(2026, 10, 21, 5, 0, 0) / 1000), "2026-11-21 05:00 UTC");
  assertEquals(describeTime(Date.UTC(2026, 10, 21, 5, 0, 1) / 1000), "2026-11-21 05:01 UTC");
});
