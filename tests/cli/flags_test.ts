import { assertEquals, assertThrows } from "@std/assert";
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

Deno.test("an unexpected argument is not repeated: it may be a token or a key", () => {
  const error: unknown = assertThrows(() => readFlags(["c2VjcmV0"], OPTIONS), CommandError);
  assertEquals(String(error).includes("c2VjcmV0"), false);
});
