/**
 * Serves one function as it is deployed, and reports at `/measure` what it holds after a garbage collection. At `/stop`
 * it only stops listening: the process ends by itself, unless a timer or a socket was left behind.
 */
import powersyncAuthAnonymous from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import powersyncAuth from "../../supabase/functions/powersync-auth/index.ts";
import powersyncJwks from "../../supabase/functions/powersync-jwks/index.ts";

/** What a process holds. */
export interface Measure {
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Open files: sockets above all. */
  readonly files: number;
}

declare global {
  /** There with `--expose-gc`. */
  var gc: () => void;
}

if (import.meta.main) {
  const [name = "", port = ""] = Deno.args;
  const functions = new Map([
    ["powersync-jwks", powersyncJwks],
    ["powersync-auth", powersyncAuth],
    ["powersync-auth-anonymous", powersyncAuthAnonymous],
  ]);
  const served = functions.get(name);
  if (served === undefined) throw new Error("Which function?");
  const server = Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/measure") return measure();
    if (pathname !== "/stop") return served.fetch(request);
    queueMicrotask(() => server.shutdown());
    return new Response();
  });
}

function measure(): Response {
  globalThis.gc();
  const { rss, heapUsed } = Deno.memoryUsage();
  const files = [...Deno.readDirSync("/proc/self/fd")].length;
  return Response.json({ residentBytes: rss, heapBytes: heapUsed, files } satisfies Measure);
}
