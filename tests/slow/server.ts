import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DENO_DIR, freePort, startProcess } from "../hosts/process.ts";
import { environmentOf, type FunctionName, type StartOptions } from "../support/functions.ts";
import type { Measure } from "./measured_server.ts";

/** Not a bound on speed: a process that runs this long has something left open. */
const HANG_MS = 60_000;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Starts a function in a process of its own. */
export async function startServer(name: FunctionName, project: StartOptions) {
  const port = freePort();
  const server = await startProcess({
    program: Deno.execPath(),
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
      `${port}`,
    ],
    folder: ROOT,
    environment: { ...environmentOf(project), DENO_DIR },
    port,
  });
  const call = (path: string) => fetch(`${server.url}${path}`, { headers: { Connection: "close" } });
  return {
    ...server,
    async measure(): Promise<Measure> {
      return await (await call("/measure")).json();
    },
    /** Asks it to stop listening; it must end by itself. Returns the lines that it has logged. */
    async stop(): Promise<string[]> {
      await (await call("/stop")).body?.cancel();
      const timer = setTimeout(() => server[Symbol.asyncDispose](), HANG_MS);
      const { code, log } = await server.ended;
      clearTimeout(timer);
      assertEquals(code, 0, "something kept the process from ending");
      return log.split("\n").filter((line) => line !== "");
    },
  };
}
