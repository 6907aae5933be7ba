import { CommandError } from "../cli/command.ts";

/** Where Supabase clients look. */
const DEFAULT_PORT = 54321;

/** `supabase start` uses the next few ports itself. */
const MAX_TRIES = 40;

/** Characters of a path in the output. */
const MAX_SHOWN_PATH = 100;

type Respond = (request: Request) => Promise<Response>;

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** `undefined`: the default, or the next free one. */
  readonly port: number | undefined;
  /** The command with another port. */
  readonly withPort: (port: number) => string;
}

/**
 * Listens for requests, and prints a line for each.
 *
 * @throws {CommandError} The port is in use, or the address cannot be used.
 */
export function listen(
  { host, port: asked, withPort }: Address,
  respond: Respond,
): Deno.HttpServer<Deno.NetAddr> {
  const first = asked ?? DEFAULT_PORT;
  for (let port = first; port <= Math.min(first + MAX_TRIES, 65_535); port++) {
    // With `--port` the others are only tried to name one that is free.
    if (asked !== undefined && port !== asked) {
      if (!isFree(host, port)) continue;
      throw new CommandError(`Port ${asked} is in use: stop what uses it, or run \`${withPort(port)}\`.`);
    }
    const server = serve({ hostname: host, port, onListen: () => {} }, respond);
    if (server === undefined) continue;
    if (port !== first) console.log(`Port ${first} is in use, so this is port ${port}.`);
    return server;
  }
  throw new CommandError(`Port ${first} is in use: stop what uses it, or run \`${withPort(0)}\`.`);
}

function isFree(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return false;
  }
}

/** `undefined` when the port is in use. */
function serve(
  options: Deno.ServeTcpOptions & { hostname: string; port: number },
  respond: Respond,
): Deno.HttpServer<Deno.NetAddr> | undefined {
  const { hostname, port } = options;
  try {
    return Deno.serve(options, async (request) => {
      const startedAt = performance.now();
      const response = await respond(request);
      console.log(requestLine(request, response.status, performance.now() - startedAt));
      return response;
    });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new CommandError(`${hostname} is not an address of this computer: choose another --host.`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(`Port ${port} needs administrator rights: choose one above 1023 with --port.`);
    }
    throw error;
  }
}

/** Never the query, which may hold a token. */
function requestLine({ method, url }: Request, status: number, milliseconds: number): string {
  const path = new URL(url).pathname;
  const shown = path.length > MAX_SHOWN_PATH ? `${path.slice(0, MAX_SHOWN_PATH)}…` : path;
  return `${status} ${method} ${shown} ${Math.round(milliseconds)} ms`;
}
