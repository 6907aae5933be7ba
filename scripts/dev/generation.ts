import { CommandError } from "../cli/command.ts";
import type { FromWorker, FunctionRequest, FunctionResponse, ToWorker } from "./messages.ts";

/** One load of the functions, in its own worker. */
export class Generation {
  readonly #worker = new Worker(new URL("./functions-worker.ts", import.meta.url), { type: "module" });
  readonly #pending = new Map<number, (response: FunctionResponse | undefined) => void>();
  readonly #loaded = Promise.withResolvers<void>();
  readonly #retirementMs: number;
  #requests = 0;
  #retired = false;
  #ended = false;

  /**
   * Starts to load the functions.
   *
   * @param environment Their whole environment.
   * @param options `onFailure`: called with one line when the worker fails after it was loaded, on an uncaught error of a
   * function. `retirementMs`: how long it may work on its requests once it is replaced.
   */
  constructor(
    environment: Readonly<Record<string, string>>,
    { onFailure, retirementMs }: { onFailure: (reason: string) => void; retirementMs: number },
  ) {
    this.#retirementMs = retirementMs;
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message.split("\n", 1)[0] ?? "";
      this.#loaded.reject(notLoaded(reason));
      if (this.#ended) return;
      this.end();
      onFailure(reason);
    };
    // The caller awaits it, unless a newer load came first.
    this.#loaded.promise.catch(() => {});
    this.#send({ kind: "load", environment });
  }

  /**
   * Settles once the functions are loaded.
   *
   * @throws {CommandError} They cannot be loaded: a syntax error, a missing import; or they were ended first.
   */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Its worker no longer runs. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Lets a function answer a request; `undefined` when the worker ends before it has. */
  async fetch(request: Omit<FunctionRequest, "kind" | "id">): Promise<FunctionResponse | undefined> {
    if (this.#ended) return undefined;
    const id = this.#requests++;
    const answer = Promise.withResolvers<FunctionResponse | undefined>();
    this.#pending.set(id, answer.resolve);
    this.#send({ kind: "request", id, ...request });
    return await answer.promise;
  }

  /** Ends the worker once it has answered its requests, or has taken too long. */
  retire(): void {
    this.#retired = true;
    if (this.#pending.size === 0) return this.end();
    // A function in an endless loop would keep a processor busy.
    Deno.unrefTimer(setTimeout(() => this.end(), this.#retirementMs));
  }

  /** Ends the worker at once. */
  end(): void {
    this.#ended = true;
    this.#worker.terminate();
    this.#loaded.reject(notLoaded("they were ended"));
    for (const resolve of this.#pending.values()) resolve(undefined);
    this.#pending.clear();
  }

  #receive(message: FromWorker): void {
    if (message.kind === "response") {
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
      if (this.#retired && this.#pending.size === 0) this.end();
    } else if (message.problem === undefined) this.#loaded.resolve();
    else this.#loaded.reject(notLoaded(message.problem));
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function notLoaded(reason: string): CommandError {
  return new CommandError(`The functions cannot be loaded: ${reason}`);
}
