/** A server in a process of its own, on loopback. */
export interface HostProcess extends AsyncDisposable {
  /** Without trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

/** A free port. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts a program that will listen on a port, and waits until it does. */
export async function startProcess(
  { program, args, folder, environment, port }: {
    readonly program: string;
    readonly args: readonly string[];
    readonly folder: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly port: number;
  },
): Promise<HostProcess> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: folder,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: folder, ...environment },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  // Read to its end, so that a server that logs much is not held up.
  const said = new Response(child.stderr).text();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  await listening(port, () => hasEnded);
  if (hasEnded) throw new Error(`${program} ended:\n${await said}`);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([ended, said]);
    },
  };
}

/** Waits until something listens on a port, or is given up. */
async function listening(port: number, isGivenUp: () => boolean): Promise<void> {
  while (!isGivenUp()) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      // Not yet: the process is what is being waited for.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
