import { assertEquals } from "@std/assert";
import { withProgress } from "../../scripts/cli/progress.ts";

Deno.test("a long wait is explained on standard error, a short one is not", async () => {
  const { error } = console;
  const { promise: work, resolve } = Promise.withResolvers<number>();
  const said: string[] = [];
  console.error = (text: string) => {
    said.push(text);
    resolve(7);
  };
  try {
    assertEquals(await withProgress("nothing", Promise.resolve(1)), 1);
    assertEquals(await withProgress("the instance", work, { patienceMs: 0 }), 7);
  } finally {
    console.error = error;
  }
  assertEquals(said, ["Waiting for the instance …"]);
});
