/**
 * Runs the functions as they are deployed, in a process that the development server replaces when they change: with
 * the packages of their own deno.json, the project's secrets as their whole environment, and no other permission than
 * a deployed function has. They run in a worker, so this process ends with its parent even while one of them loops.
 */
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Log } from "../../supabase/functions/_shared/powersync/log.ts";
import type { FunctionsStatus } from "./functions-status.ts";
import { linesOf } from "./log-lines.ts";

/** What the parent writes to standard input: one line of JSON. It ends this process by closing it. */
export interface Assignment {
  /** The folder `supabase/functions`, absolute. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A header that every request must have: a page in a browser can reach the port too (DNS rebinding). */
  readonly secret: { readonly header: string; readonly value: string };
}

/** What it says on standard error, as JSON after the secret's value. Every other line there is for the terminal. */
export type Report =
  | { readonly port: number }
  | { readonly exception: NonNullable<FunctionsStatus["exception"]> }
  | { readonly failure: string };

type Fetch = (request: Request) => Promise<Response>;

/** The exports that make each function. */
const FUNCTIONS = {
  "powersync-jwks": "powersyncJwks",
  "powersync-auth": "powersyncAuth",
  "powersync-auth-anonymous": "powersyncAuthAnonymous",
} as const;

/** A worker's global scope, typed here because the project is checked with the types of a main thread. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Assignment>) => void;
  postMessage(message: "failed"): void;
};

async function superviseWorker(): Promise<void> {
  // Ctrl+C reaches every process of a terminal, and the parent decides what it ends.
  Deno.addSignalListener("SIGINT", () => {});
  let line = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    line += text;
    if (!line.endsWith("\n")) continue;
    const worker = new Worker(import.meta.url, { type: "module" });
    worker.onmessage = () => Deno.exit(1);
    worker.postMessage(JSON.parse(line));
  }
  Deno.exit();
}

async function work({ folder, environment, secret: { header, value } }: Assignment): Promise<void> {
  const report = (what: Report) => {
    Deno.stderr.writeSync(new TextEncoder().encode(`${value}${JSON.stringify(what)}\n`));
  };
  const fail = (error: unknown) => {
    report({ failure: textOf(error) });
    scope.postMessage("failed");
  };
  addEventListener("error", (event) => (event.preventDefault(), fail(event.error)));
  addEventListener("unhandledrejection", (event) => (event.preventDefault(), fail(event.reason)));
  replaceEnvironment(environment);
  const functions = new Map<string | undefined, Fetch>();
  try {
    for (const [name, maker] of Object.entries(FUNCTIONS)) {
      const log: Log = (error) => {
        const lines = linesOf(name, error);
        lines.forEach((line) => console.error(line));
        if (lines.length > 1) report({ exception: { name, text: lines.slice(1).join("\n") } });
      };
      const module = await import(pathToFileURL(`${folder}/${name}/index.ts`).href);
      functions.set(name, module[maker]({ log }));
    }
  } catch (error) {
    return fail(error);
  }
  const onListen = ({ port }: { port: number }) => report({ port });
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, async ({ url, method, headers: sent, body }) => {
    if (sent.get(header) !== value) return new Response(null, { status: 403 });
    const headers = new Headers(sent);
    headers.delete(header);
    const respond = functions.get(new URL(url).pathname.split("/").at(-1));
    return await respond?.(new Request(url, { method, headers, body })) ??
      new Response(null, { status: 404 });
  });
}

/** The runtime's own errors end with the place in the code; an exception has it in its stack. */
function textOf(error: unknown): string {
  const message = error instanceof Error ? stripVTControlCharacters(error.message) : "";
  return / at file:\/\/.+:\d+:\d+/.test(message) ? message : Deno.inspect(error);
}

/**
 * Replaces what `Deno.env` and `process.env` show in this worker: what a function sees when it is deployed, and no
 * variable of the shell. The runtime keeps those, for a company's proxy and its own cache.
 */
function replaceEnvironment(variables: Readonly<Record<string, string>>): void {
  const own = new Map(Object.entries(variables));
  const environment: Deno.Env = {
    get: (name) => own.get(name),
    set: (name, value) => void own.set(name, value),
    delete: (name) => void own.delete(name),
    has: (name) => own.has(name),
    toObject: () => Object.fromEntries(own),
  };
  Object.assign(Deno.env, environment);
}

if ("WorkerGlobalScope" in globalThis) scope.onmessage = ({ data }) => void work(data);
else await superviseWorker();
