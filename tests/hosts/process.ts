/** A server in a process of its own, on loopback. */
export interface HostProcess extends AsyncDisposable {
  /** Without trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its end, and what it has logged until then. */
  readonly ended: Promise<{ readonly code: number; readonly log: string }>;
}

/** Where Deno keeps what it has compiled: a server of ours runs in a home of its own. */
export const DENO_DIR = Deno.env.get("DENO_DIR") ??
  `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;

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
  let hasEnded = false;
  // Its log is read to its end, so that a server that logs much is not held up.
  const ended = Promise.all([child.status, new Response(child.stderr).text()]).then(([{ code }, log]) => {
    hasEnded = true;
    return { code, log };
  });
  await listening(port, () => hasEnded);
  if (hasEnded) throw new Error(`${program} ended:\n${(await ended).log}`);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    ended,
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill("SIGKILL");
      await ended;
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
