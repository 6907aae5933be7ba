import { assertEquals } from "@std/assert";
import { describeDuration, describeTime, parseDuration } from "../../scripts/cli/duration.ts";

Deno.test("durations are a number and a unit", () => {
  assertEquals(["90", "90s", "75m", "2h", "1d"].map(parseDuration), [90, 90, 4500, 7200, 86_400]);
  for (const text of ["", "m", "1.5h", "-5m", "5 m", "1h30m"]) assertEquals(parseDuration(text), undefined);
});

Deno.test("durations and times are readable, and a time is never too early", () => {
  const described = { 30: "30 s", 60: "1 min", 4500: "1 h 15 min", 86400: "24 h", 3661: "1 h 1 min 1 s" };
  for (const [seconds, text] of Object.entries(described)) {
    assertEquals(describeDuration(Number(seconds)), text);
  }
  assertEquals(describeDuration(2 * 86_400 + 1), "2 days");
  assertEquals(describeTime(Date.UTC(2026, 10, 21, 5, 0, 0) / 1000), "2026-11-21 05:00 UTC");
  assertEquals(describeTime(Date.UTC(2026, 10, 21, 5, 0, 1) / 1000), "2026-11-21 05:01 UTC");
});
