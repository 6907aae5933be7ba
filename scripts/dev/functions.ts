import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import type { FunctionsStatus } from "./functions-status.ts";
import { Generation } from "./generation.ts";
import { readBody } from "./read-body.ts";

/** Longest body that is passed on, in bytes; the functions read no body. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Reads the environment for the functions. */
export type ReadEnvironment = () => Promise<EnvVariables>;

/** The functions, in a worker that is replaced when they change. */
export class Functions {
  readonly #readEnvironment: ReadEnvironment;
  readonly #options: { readonly onFailure: (reason: string) => void; readonly retirementMs: number };
  #current: Generation | undefined;
  #next: Generation | undefined;
  #loads = 0;
  #generation = 0;
  #revival: Promise<unknown> | undefined;

  /**
   * @param readEnvironment Called at each load.
   * @param options `retirementMs`: how long replaced functions may still work on their requests.
   */
  constructor(readEnvironment: ReadEnvironment, { retirementMs = 5_000 } = {}) {
    this.#readEnvironment = readEnvironment;
    this.#options = { onFailure: reportFailure, retirementMs };
  }

  /**
   * Loads the functions again. Until they are loaded, and if that fails, the old ones keep answering.
   *
   * @returns Whether they were loaded; `false` when a later load has replaced this one.
   * @throws {CommandError} They cannot be loaded: a syntax error, a missing import, a broken `.env`.
   */
  async load(): Promise<boolean> {
    const load = ++this.#loads;
    // A load that never finishes, because a module waits or loops, must not block its correction.
    this.#next?.end();
    const environment = await this.#readEnvironment();
    if (load !== this.#loads) return false;
    const next = this.#next = new Generation(withoutUnset(environment), this.#options);
    try {
      await next.loaded;
    } catch (error) {
      if (load !== this.#loads) return false;
      next.end();
      throw error;
    }
    this.#next = undefined;
    this.#current?.retire();
    this.#current = next;
    this.#generation += 1;
    return true;
  }

  /**
   * Passes a request on to a function.
   *
   * @param name The function's name.
   * @param request The client's request.
   */
  async fetch(name: string, request: Request): Promise<Response> {
    if (this.#current?.ended) await this.#revive();
    const { method, url } = request;
    const bytes = await readBody(request, MAX_BODY_BYTES);
    if (bytes === undefined) {
      return failure(413, "BODY_TOO_LARGE", "The body is larger than the development server passes on.");
    }
    const body = method === "GET" || method === "HEAD" ? undefined : bytes;
    const answer = await this.#current?.fetch({ name, method, url, headers: [...request.headers], body });
    if (answer === undefined) {
      return failure(503, "WORKER_ERROR", "The function ended before it answered; see the server's output.");
    }
    return new Response(answer.body.length === 0 ? null : answer.body, {
      status: answer.status,
      headers: answer.headers.map(([header, value]): [string, string] => [header, value]),
    });
  }

  /** Loads the functions again after their worker failed; requests that come meanwhile wait for the same load. */
  async #revive(): Promise<void> {
    this.#revival ??= this.load().catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      console.error(error.message);
    }).finally(() => this.#revival = undefined);
    await this.#revival;
  }

  /** What the functions are doing. */
  get status(): FunctionsStatus {
    return { generation: this.#generation, state: this.#generation === 0 ? "loading" : "ready" };
  }

  /** Ends the functions. */
  stop(): void {
    this.#next?.end();
    this.#current?.end();
  }
}

function reportFailure(reason: string): void {
  console.error(`The functions ended: ${reason}. They start again with the next request.`);
}

function withoutUnset(variables: EnvVariables): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) set[name] = value;
  return set;
}

/** In the form of the functions' own errors, so clients show it. */
function failure(status: number, code: string, message: string): Response {
  const hint = "This is the development server's answer, not the function's.";
  return Response.json({ code, message, hint }, {
    status,
    headers: { ...CORS_HEADERS, "Cache-Control": "no-store" },
  });
}
