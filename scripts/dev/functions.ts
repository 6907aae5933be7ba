import { join } from "node:path";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { CommandError } from "../cli/command.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import type { FunctionException } from "./functions-child.ts";
import { FunctionsProcess } from "./functions-process.ts";
import { type LoadProblem, loadProblem, oneLine } from "./load-problem.ts";

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

/** What the functions are doing, for the page. */
export interface FunctionsStatus {
  /** Counts the versions of the code that were loaded; 0 until the first is. A token of an older one may have other claims. */
  readonly generation: number;
  readonly state: "loading" | "ready" | "failed";
  /** Why the newest code does not run; `undefined` unless it failed. */
  readonly problem?: LoadProblem;
  /** The newest exception of the code that runs. */
  readonly exception?: FunctionException;
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
    const body = new Uint8Array(await request.arrayBuffer());
    if (this.#status.state === "ready" && this.#current?.hasEnded) this.#load(this.#status.generation);
    const { state, problem } = await this.#settled();
    if (state === "ready") {
      const message = "The function ended before it answered; see the server's output.";
      return await this.#current?.fetch(request, body) ?? failure(request, "WORKER_ERROR", { message });
    }
    return failure(
      request,
      "BOOT_ERROR",
      problem === undefined
        ? { message: "The functions are still being loaded." }
        : { message: "The functions cannot be loaded.", hint: oneLine(problem) },
    );
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
    /** @returns `false` when a later load has replaced this one. */
    const report = (status: Partial<FunctionsStatus>): boolean => {
      if (load !== this.#loads) return false;
      this.#status = { ...this.#status, ...status };
      if (this.#status.state !== "loading") this.#loaded.resolve();
      return true;
    };
    try {
      const environment = await readEnvironment();
      if (load !== this.#loads) return false;
      const current = this.#current = new FunctionsProcess(
        { folder: join(root, "supabase", "functions"), environment },
        {
          onException: (exception) => report({ exception }),
          onEnd(text) {
            console.error(`The functions ended: ${text}\nThey start again with the next request.`);
            report({ exception: { name: "the functions", text } });
          },
        },
      );
      await current.loaded;
      return report({ generation, state: "ready" });
    } catch (error) {
      const problem = loadProblem(error instanceof Error ? error.message : `${error}`, root);
      if (report({ state: "failed", problem })) {
        const isOfFile = error instanceof CommandError;
        console.error(isOfFile ? error.message : `The functions cannot be loaded: ${oneLine(problem)}`);
      }
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

/** In the form of the functions' own errors, so clients show it; a browser's preflight must succeed for that. */
function failure(
  { method, headers: asked }: Request,
  code: "BOOT_ERROR" | "WORKER_ERROR",
  { message, hint = "This is the development server's answer, not the function's." }: {
    message: string;
    hint?: string;
  },
): Response {
  const allowed = asked.get("Access-Control-Request-Headers");
  const headers = {
    ...CORS_HEADERS,
    ...(allowed === null ? {} : { "Access-Control-Allow-Headers": allowed }),
    "Cache-Control": "no-store",
  };
  if (method === "OPTIONS") return new Response(null, { status: 204, headers });
  return Response.json({ code, message, hint }, { status: 503, headers });
}
