import { assertEquals, assertThrows } from "@std/assert";
import { describeDuration, describeTime, parseDuration } from "../../scripts/cli/duration.ts";
import { CommandError } from "../../scripts/cli/command.ts";
import { readFlags } from "../../scripts/cli/flags.ts";

const OPTIONS = {
  name: { type: "string" },
  many: { type: "string", multiple: true },
  on: { type: "boolean" },
} as const;

Deno.test("flags are read in both forms, with or without the -- that a task passes on", () => {
  for (const args of [["--name", "x", "--on"], ["--name=x", "--on"], ["--", "--name", "x", "--on"]]) {
    const { name, on, many, help } = readFlags(args, OPTIONS);
    assertEquals([name, on, many, help], ["x", true, undefined, undefined]);
  }
  assertEquals(readFlags(["--many", "1", "--many", "2"], OPTIONS).many, ["1", "2"]);
  assertEquals(readFlags(["-h"], OPTIONS).help, true);
});

for (
  const args of [["--other"], ["--name"], ["--on=x"], ["stray"], ["--name", "--on"], ["--on", "--", "stray"]]
) {
  Deno.test(`${args.join(" ")} is refused in one sentence`, () => {
    assertThrows(() => readFlags(args, OPTIONS), CommandError, "see --help.");
  });
}

Deno.test("a stray argument is not repeated: it may be a token or a key in the wrong place", () => {
  const error: unknown = assertThrows(() => readFlags(["c2VjcmV0"], OPTIONS), CommandError);
  assertEquals(String(error).includes("c2VjcmV0"), false);
});

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

Deno.test("durations and times are told to a person, and a time never too early", () => {
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
