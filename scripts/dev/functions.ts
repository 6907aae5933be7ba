import { join } from "node:path";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { FunctionsProcess, type ProcessListeners } from "./functions-process.ts";
import type { FunctionsStatus } from "./functions-status.ts";
import { loadProblem, oneLine } from "./load-problem.ts";
import { readBody } from "./read-body.ts";

/** Longest body that is passed on, in bytes; the functions read no body. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Where the functions are, and how long they may take. */
export interface FunctionsOptions {
  /** The project's folder, absolute. */
  readonly root: string;
  /** Reads the environment for the functions, at each load. */
  readonly readEnvironment: () => Promise<EnvVariables>;
  /** How long replaced functions may still work on their requests. */
  readonly retirementMs?: number;
  /** How long a request waits for the functions to be loaded. */
  readonly patienceMs?: number;
}

/** The functions, in a process that is replaced when they change. */
export class Functions {
  readonly #options: FunctionsOptions;
  #current: FunctionsProcess | undefined;
  #loads = 0;
  #status: FunctionsStatus = { generation: 0, state: "loading" };
  /** Settles with the end of the newest load. */
  #loaded = Promise.withResolvers<void>();

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  /** What they are doing. */
  status(): FunctionsStatus {
    return this.#status;
  }

  /**
   * Loads the functions again. Requests wait for it: an answer of the old code would mislead whoever has just changed it.
   *
   * @returns Whether they were loaded. If they cannot be, one line is printed; `false` as well when a later load has
   * replaced this one.
   */
  async load(): Promise<boolean> {
    return await this.#load(this.#status.generation + 1);
  }

  /**
   * Passes a request on to a function. While the newest code cannot be loaded, the answer is the error that the platform
   * gives for a function which does not start.
   *
   * @param request The client's request; its path ends with the function's name.
   */
  async fetch(request: Request): Promise<Response> {
    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === undefined) {
      const message = "The body is larger than the development server passes on.";
      return failure(request, 413, { code: "BODY_TOO_LARGE", message });
    }
    if (this.#status.state === "ready" && this.#current?.hasEnded) this.#load(this.#status.generation);
    const { state, problem } = await this.#settled();
    if (state === "ready") {
      const message = "The function ended before it answered; see the server's output.";
      return await this.#current?.fetch(request, body) ??
        failure(request, 503, { code: "WORKER_ERROR", message });
    }
    if (problem === undefined) {
      return failure(request, 503, { code: "BOOT_ERROR", message: "The functions are still being loaded." });
    }
    const message = "The functions cannot be loaded.";
    return failure(request, 503, { code: "BOOT_ERROR", message, hint: oneLine(problem) });
  }

  /** Ends the functions. */
  stop(): void {
    this.#loads += 1;
    this.#current?.end();
  }

  async #load(generation: number): Promise<boolean> {
    const load = ++this.#loads;
    if (this.#status.state !== "loading") this.#loaded = Promise.withResolvers();
    const { root, readEnvironment, retirementMs = 5_000 } = this.#options;
    const { generation: before, exception } = this.#status;
    // After an exception that ended it, the same code runs again.
    const kept = generation === before && exception !== undefined ? { exception } : {};
    this.#status = { generation: before, state: "loading", ...kept };
    this.#current?.retire(retirementMs);
    const settle = (status: Partial<FunctionsStatus>) => {
      this.#status = { ...this.#status, ...status };
      this.#loaded.resolve();
    };
    try {
      const environment = withoutUnset(await readEnvironment());
      if (load !== this.#loads) return false;
      const onException: ProcessListeners["onException"] = (exception) => {
        if (load === this.#loads) this.#status = { ...this.#status, exception };
      };
      const onEnd = (text: string) => {
        console.error(`The functions ended: ${text}\nThey start again with the next request.`);
        onException({ name: "the functions", text });
      };
      const folder = join(root, "supabase", "functions");
      const current = this.#current = new FunctionsProcess({ folder, environment }, { onException, onEnd });
      await current.loaded;
      if (load !== this.#loads) return false;
      settle({ generation, state: "ready" });
      return true;
    } catch (error) {
      if (load !== this.#loads) return false;
      const problem = loadProblem(error instanceof Error ? error.message : `${error}`, root);
      console.error(
        error instanceof CommandError ? error.message : `The functions cannot be loaded: ${oneLine(problem)}`,
      );
      settle({ state: "failed", problem });
      return false;
    }
  }

  /** The status at the end of the load, or when a client has waited long enough. */
  async #settled(): Promise<FunctionsStatus> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.patienceMs ?? 10_000);
    await Promise.race([this.#loaded.promise, promise]);
    clearTimeout(timer);
    return this.#status;
  }
}

function withoutUnset(variables: EnvVariables): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) set[name] = value;
  return set;
}

/** In the form of the functions' own errors, so clients show it; a browser's preflight must succeed for that. */
function failure(
  request: Request,
  status: number,
  { code, message, hint = "This is the development server's answer, not the function's." }: {
    code: string;
    message: string;
    hint?: string;
  },
): Response {
  const asked = request.headers.get("Access-Control-Request-Headers");
  const headers = {
    ...CORS_HEADERS,
    ...(asked === null ? {} : { "Access-Control-Allow-Headers": asked }),
    "Cache-Control": "no-store",
  };
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
  return Response.json({ code, message, hint }, { status, headers });
}
