import { CommandError } from "../cli/command.ts";

/** `supabase start` uses the next few ports itself. */
const MAX_TRIES = 40;

/** Characters of a path in the output. */
const MAX_SHOWN_PATH = 100;

/** Where to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** The command with another port, where only this one will do; `undefined`: the next free one is taken. */
  readonly withPort?: ((port: number) => string) | undefined;
}

/**
 * Listens for requests, and prints a line for each.
 *
 * @throws {CommandError} The port is in use, or the address cannot be used.
 */
export function listen(
  { host: hostname, port, withPort }: Address,
  respond: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const free = freePort(hostname, port);
  if (free !== port) {
    if (withPort !== undefined) {
      throw new CommandError(`Port ${port} is in use: stop what uses it, or run \`${withPort(free)}\`.`);
    }
    console.log(`Port ${port} is in use. The next free one is ${free}.`);
  }
  return Deno.serve({ hostname, port: free, onListen: () => {} }, async (request) => {
    const startedAt = performance.now();
    const response = await respond(request);
    console.log(requestLine(request, response.status, performance.now() - startedAt));
    return response;
  });
}

/** The port, or the next one that is not in use; 0, any free one, if there is none near. */
function freePort(hostname: string, wanted: number): number {
  for (let port = wanted; port <= Math.min(wanted + MAX_TRIES, 65_535); port++) {
    try {
      Deno.listen({ hostname, port }).close();
      return port;
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) continue;
      if (error instanceof Deno.errors.PermissionDenied) {
        throw new CommandError(`Port ${port} needs administrator rights: choose one above 1023 with --port.`);
      }
      // Of another computer, or of none: a name without address is an Error like any other.
      throw new CommandError(`${hostname} is not an address of this computer: choose another --host.`);
    }
  }
  return 0;
}

/** Never the query, which may hold a token. */
function requestLine({ method, url }: Request, status: number, milliseconds: number): string {
  const path = new URL(url).pathname;
  const shown = path.length > MAX_SHOWN_PATH ? `${path.slice(0, MAX_SHOWN_PATH)}…` : path;
  return `${status} ${method} ${shown} ${Math.round(milliseconds)} ms`;
}
