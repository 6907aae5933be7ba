import { assertEquals } from "@std/assert";
import { askInstance } from "../../scripts/doctor/instance.ts";
import { ask } from "../../scripts/setup/ask.ts";
import { collectGarbage } from "../support/garbage.ts";
import { serving } from "../support/serving.ts";

/** An answer that begins and never ends. */
function stalled(status: number): () => Response {
  return () =>
    new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([123])) }), {
      status,
    });
}

/** Fails instead of waiting for ever; no bound on speed. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  const hang = setTimeout(() => Deno.exit(1), 30_000);
  try {
    return await promise;
  } finally {
    clearTimeout(hang);
  }
}

Deno.test("a refused connection is named", async () => {
  let closed = "";
  await serving(() => new Response(), (url) => Promise.resolve(void (closed = url)));
  assertEquals(await ask(closed, {}, 5_000), {
    kind: "no-connection",
    seen: "The connection was refused: nothing listens there.",
  });
});

Deno.test("a stalled answer times out, even while garbage is collected", async () => {
  using _garbage = collectGarbage();
  await serving(stalled(200), async (url) => {
    const { kind } = await inTime(ask(url, {}, 500));
    assertEquals(kind, "no-answer-in-time");
  });
});
for (const [status, cause] of [[200, "instance-silent"], [401, "instance-front"]] as const) {
  Deno.test(`an instance that stalls after HTTP ${status} times out, even while garbage is collected`, async () => {
    using _garbage = collectGarbage();
    await serving(stalled(status), async (url) => {
      const options = {
        url,
        token: "a.b.c",
        tokenOf: "it",
        tokenIsGood: true,
        audienceIsUrl: false,
        timeoutMs: 500,
      };
      assertEquals((await inTime(askInstance(options))).check.cause, cause);
    });
  });
}
