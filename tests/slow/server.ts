import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { environmentOf, type FunctionName, type StartOptions } from "../support/functions.ts";
import type { Measure } from "./measured_server.ts";

/** Not a bound on speed: a process that runs this long has something left open. */
const HANG_MS = 60_000;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Starts a function in a process of its own. */
export async function startServer(name: FunctionName, project: StartOptions) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      // V8's young generation grows by some 60 MB, late and once. With a small limit, any growth is ours.
      "--v8-flags=--expose-gc,--max-semi-space-size=1",
      // Deno permits reading /proc/self/fd with nothing less.
      "--allow-all",
      `--config=${ROOT}deno.json`,
      fileURLToPath(new URL("./measured_server.ts", import.meta.url)),
      name,
    ],
    env: environmentOf(project),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const port = Number(value);
  const log: string[] = [];
  const logged = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log.push(...text.split("\n").filter((line) => line !== ""));
    }
  })();
  let stopped = false;
  return {
    port,
    /** What it has logged. */
    log,
    async measure(): Promise<Measure> {
      const response = await fetch(`http://127.0.0.1:${port}/measure`, { headers: { Connection: "close" } });
      return await response.json();
    },
    /** Asks it to stop listening; it must end by itself. */
    async stop(): Promise<void> {
      await (await fetch(`http://127.0.0.1:${port}/stop`, { headers: { Connection: "close" } })).body
        ?.cancel();
      const timer = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
      const { code } = await child.status;
      clearTimeout(timer);
      await logged;
      stopped = true;
      assertEquals(code, 0, "something kept the process from ending");
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (stopped) return;
      child.kill("SIGKILL");
      await Promise.all([child.status, logged]);
    },
  };
}
