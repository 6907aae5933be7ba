/**
 * Runs the functions as they are deployed, in a process that the development server replaces when they change: with
 * the packages of their own deno.json, the project's secrets as their whole environment, and no other permission than
 * a deployed function has. They run in a worker, so this process ends with its parent even while one of them loops.
 *
 * Requests and answers pass through pipes, as lines of JSON: a port would be open to any page (DNS rebinding).
 */
import { Buffer } from "node:buffer";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Log } from "../../supabase/functions/_shared/powersync/log.ts";
import { linesOf } from "./log-lines.ts";

/** The first line on standard input. */
export interface Assignment {
  /** The folder `supabase/functions`, absolute. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What a report begins with: the functions write to standard output as well. */
  readonly mark: string;
}

/** Any other line on standard input: a client's request, whose path ends with the function's name. */
export interface Asked {
  /** Matches an answer to its request. */
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: [string, string][];
  /** In base64. */
  readonly body: string;
}

/** An exception of a function: message and stack. */
export interface FunctionException {
  readonly name: string;
  readonly text: string;
}

/** A report on standard output. */
export type Report =
  | { readonly answer: Pick<Asked, "id" | "headers" | "body"> & { readonly status: number } }
  | { readonly exception: FunctionException }
  | { readonly failure: string }
  | { readonly isReady: true };

/** The exports that make each function. */
const FUNCTIONS = {
  "powersync-jwks": "powersyncJwks",
  "powersync-auth": "powersyncAuth",
  "powersync-auth-anonymous": "powersyncAuthAnonymous",
} as const;

const functions = new Map<string | undefined, (request: Request) => Promise<Response>>();

/** A worker's global scope, typed here because the project is checked with the types of a main thread. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Assignment | Asked>) => void;
  postMessage(message: "failed"): void;
};

let report: (what: Report) => void;

async function superviseWorker(): Promise<void> {
  // Ctrl+C reaches every process of a terminal, and the parent decides what it ends.
  Deno.addSignalListener("SIGINT", () => {});
  const worker = new Worker(import.meta.url, { type: "module" });
  worker.onmessage = () => Deno.exit(1);
  const lines = createInterface({ input: Readable.fromWeb(Deno.stdin.readable) });
  for await (const line of lines) worker.postMessage(JSON.parse(line));
  Deno.exit();
}

async function load({ folder, environment, mark }: Assignment): Promise<void> {
  report = (what) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${mark}${JSON.stringify(what)}\n`));
  };
  addEventListener("error", (event) => (event.preventDefault(), fail(event.error)));
  addEventListener("unhandledrejection", (event) => (event.preventDefault(), fail(event.reason)));
  replaceEnvironment(environment);
  for (const [name, maker] of Object.entries(FUNCTIONS)) {
    const log: Log = (error) => {
      const [first = "", ...exception] = linesOf(name, error);
      [first, ...exception].forEach((line) => console.error(line));
      const isOfCode = error.code === "CLAIMS_FAILED" || error.code === "INTERNAL_ERROR";
      if (isOfCode && exception.length > 0) report({ exception: { name, text: exception.join("\n") } });
    };
    const module = await import(pathToFileURL(`${folder}/${name}/index.ts`).href);
    functions.set(name, module[maker]({ log }));
  }
  report({ isReady: true });
}

async function respond({ id, method, url, headers, body }: Asked): Promise<void> {
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(url, { method, headers, body: hasBody ? Buffer.from(body, "base64") : null });
  const name = new URL(url).pathname.split("/").at(-1);
  const response = await functions.get(name)?.(request) ?? new Response(null, { status: 404 });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status } = response;
  report({ answer: { id, status, headers: [...response.headers], body: bytes.toString("base64") } });
}

function fail(error: unknown): void {
  // The runtime's own errors end with the place in the code; an exception has it in its stack.
  const message = error instanceof Error ? stripVTControlCharacters(error.message) : "";
  report({ failure: / at file:\/\/.+:\d+:\d+/.test(message) ? message : Deno.inspect(error) });
  scope.postMessage("failed");
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

if ("WorkerGlobalScope" in globalThis) {
  scope.onmessage = ({ data }) => void ("folder" in data ? load(data) : respond(data)).catch(fail);
} else await superviseWorker();
