import { fileURLToPath } from "node:url";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** What is measured: the functions as they are deployed, and what they are compared with. */
export const MODULES = {
  "empty": path("./empty.ts"),
  "constant": path("./constant.ts"),
  "powersync-jwks": path("../../supabase/functions/powersync-jwks/index.ts"),
  "powersync-auth": path("../../supabase/functions/powersync-auth/index.ts"),
  "powersync-auth-anonymous": path("../../supabase/functions/powersync-auth-anonymous/index.ts"),
};

/** A free port. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Starts a module with `deno serve`, and waits for its first answer. */
export async function startServer(
  module: keyof typeof MODULES,
  { environment, headers = {} }: { environment: Record<string, string>; headers?: Record<string, string> },
): Promise<ServerProcess> {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--quiet",
      "--no-check",
      "--allow-env",
      "--allow-net",
      `--config=${path("../../deno.json")}`,
      "--host=127.0.0.1",
      `--port=${port}`,
      MODULES[module],
    ],
    env: environment,
    stdout: "null",
    stderr: "null",
  }).spawn();
  await firstAnswer(port, headers);
  return {
    port,
    pid: child.pid,
    async close() {
      child.kill();
      await child.status;
    },
  };
}

async function firstAnswer(port: number, headers: Record<string, string>): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
      await response.body?.cancel();
      return;
    } catch {
      // Not yet listening: the process is what is being waited for.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
