type Handler = (request: Request) => Response | Promise<Response>;

/** A server on loopback; it stops when it is disposed of. */
export interface Served extends AsyncDisposable {
  /** Without trailing slash. */
  readonly url: string;
}

/** Serves every path on a free port; a handler that throws is a 500. */
export function serve(handler: Handler): Served {
  const onError = () => new Response(null, { status: 500 });
  const stop = new AbortController();
  const { signal } = stop;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, onError, signal }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      // Not `shutdown`: on Deno 2.1.4 it waits three minutes where many connections are kept alive.
      stop.abort();
      await server.finished;
    },
  };
}

/** The same for one test, which is given the URL. */
export async function serving(handler: Handler, test: (url: string) => Promise<void>): Promise<void> {
  await using server = serve(handler);
  await test(server.url);
}
