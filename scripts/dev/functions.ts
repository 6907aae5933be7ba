import { CommandError } from "../flags.ts";

/** What the worker tells once: the port it serves on, or why it does not. */
export type WorkerReport = { readonly port: number } | { readonly problem: string };

/** Headers of one connection, not of the message (RFC 9110, section 7.6.1), and what the proxy settles itself. */
const NOT_FORWARDED = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"];

/** One load of the functions. */
interface Generation {
  readonly worker: Worker;
  readonly port: number;
  readonly pending: Set<Promise<Response>>;
}

/** The functions, in a worker that can be replaced. */
export class Functions {
  #current: Generation | undefined;

  /**
   * Loads the functions anew. Until they are loaded, and if they cannot be, the old ones go on answering.
   *
   * @throws {CommandError} They cannot be loaded: a syntax error, a missing import.
   */
  async load(): Promise<void> {
    const old = this.#current;
    this.#current = await startWorker();
    if (old === undefined) return;
    await Promise.allSettled(old.pending);
    old.worker.terminate();
  }

  /**
   * Passes a request on to a function.
   *
   * @param name The function's name.
   * @param request The client's request.
   */
  async fetch(name: string, request: Request): Promise<Response> {
    const generation = this.#current;
    if (generation === undefined) return new Response(null, { status: 503 });
    const answer = forward(`http://127.0.0.1:${generation.port}/${name}`, request);
    generation.pending.add(answer);
    try {
      return await answer;
    } finally {
      generation.pending.delete(answer);
    }
  }

  stop(): void {
    this.#current?.worker.terminate();
  }
}

async function startWorker(): Promise<Generation> {
  const worker = new Worker(new URL("./functions-worker.ts", import.meta.url), { type: "module" });
  const report = await new Promise<WorkerReport>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<WorkerReport>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve({ problem: event.message });
    };
  });
  if ("port" in report) return { worker, port: report.port, pending: new Set() };
  worker.terminate();
  throw new CommandError(`The functions cannot be loaded: ${report.problem}`);
}

/** The whole answer is read here, so that the worker may end once its requests have been answered. */
async function forward(url: string, request: Request): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of NOT_FORWARDED) headers.delete(name);
  // A compressed answer would arrive unpacked, under headers that say otherwise.
  headers.set("Accept-Encoding", "identity");
  const { method, body } = request;
  const response = await fetch(url, { method, headers, body, redirect: "manual" });
  const answer = await response.arrayBuffer();
  const { status } = response;
  return new Response(answer.byteLength === 0 ? null : answer, { status, headers: response.headers });
}
