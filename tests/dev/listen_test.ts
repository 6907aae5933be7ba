import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { listen } from "../../scripts/dev/listen.ts";

const respond = () => Promise.resolve(new Response());

Deno.test("the next free port is taken, unless a port was asked for: then the error names it", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  let free = 0;
  try {
    const server = listen({ host: "127.0.0.1", port }, respond);
    free = server.addr.port;
    await server.shutdown();
  } finally {
    console.log = log;
  }
  assertEquals(lines, [`Port ${port} is in use. The next free one is ${free}.`]);
  assertEquals(free > port && free <= port + 40, true);
  const withPort = (next: number) => `deno task dev -- --port ${next}`;
  const { message } = assertThrows(
    () => listen({ host: "127.0.0.1", port, withPort }, respond),
    CommandError,
  );
  const [, next] =
    /^Port \d+ is in use: stop what uses it, or run `deno task dev -- --port (\d+)`\.$/.exec(message) ?? [];
  assertEquals(Number(next) > port && Number(next) <= port + 40, true, message);
});
