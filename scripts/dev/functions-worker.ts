/**
 * Runs the functions as they are deployed, on a port of its own. A worker, because a new one reads changed modules
 * anew, which a process that has imported them cannot.
 */
import type { WorkerReport } from "./functions.ts";

const LOADERS = {
  "powersync-jwks": () => import("../../supabase/functions/powersync-jwks/index.ts"),
  "powersync-auth": () => import("../../supabase/functions/powersync-auth/index.ts"),
  "powersync-auth-anonymous": () => import("../../supabase/functions/powersync-auth-anonymous/index.ts"),
};

function report(message: WorkerReport): void {
  // The project is checked against the types of a main thread, where postMessage is something else.
  const scope = globalThis as unknown as { postMessage(message: WorkerReport): void };
  scope.postMessage(message);
}

async function serve(): Promise<void> {
  const functions = new Map<string, { fetch(request: Request): Promise<Response> }>();
  for (const [name, load] of Object.entries(LOADERS)) functions.set(`/${name}`, (await load()).default);
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => report({ port }) },
    (request) =>
      functions.get(new URL(request.url).pathname)?.fetch(request) ?? new Response(null, { status: 404 }),
  );
}

await serve().catch((error: unknown) => report({ problem: oneLine(error) }));

function oneLine(error: unknown): string {
  return `${error instanceof Error ? error.message : error}`.replace(/\s*\n[\s|~^]*/g, " ").trim();
}
