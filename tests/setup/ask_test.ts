import { assertEquals } from "@std/assert";
import { askInstance } from "../../scripts/doctor/instance.ts";
import { ask } from "../../scripts/setup/ask.ts";
import { collectGarbage } from "../support/garbage.ts";
import { serving } from "../support/serving.ts";

Deno.test("a refused connection is named", async () => {
  let closed = "";
  await serving(() => new Response(), (url) => Promise.resolve(void (closed = url)));
  assertEquals(await ask(closed, {}, 5_000), {
    kind: "no-connection",
    seen: "The connection was refused: nothing listens there.",
  });
});

Deno.test("an answer that begins and never ends times out, even while garbage is collected", async () => {
  using _garbage = collectGarbage();
  const stalled = (status: number) => () => {
    const body = new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([123])) });
    return new Response(body, { status });
  };
  const timeoutMs = 1_000;
  const instance = { token: "a.b.c", tokenOf: "it", tokenIsGood: true, timeoutMs };
  await serving(stalled(200), (silent) =>
    serving(stalled(401), async (other) => {
      const [asked, ...checked] = await Promise.all([
        ask(silent, {}, timeoutMs),
        askInstance({ url: silent, ...instance }),
        askInstance({ url: other, ...instance }),
      ]);
      const causes = checked.map(({ checks: [check] }) => check?.cause);
      assertEquals([asked.kind, ...causes], [
        "no-answer-in-time",
        "instance-silent",
        "instance-front",
      ]);
    }));
});
