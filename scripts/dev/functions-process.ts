import { Buffer } from "node:buffer";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { EnvVariables } from "../setup/env-file.ts";
import type { Asked, FunctionException, Report } from "./functions-child.ts";

/** The child, and what it imports of this repository. */
const [CHILD = "", ...IMPORTED] = ["functions-child.ts", ".", "../../supabase/functions/_shared"].map((
  path,
) => fileURLToPath(new URL(path, import.meta.url)));

/** What to do when the functions report an exception, and when they end on their own after they were loaded. */
interface Listeners {
  readonly onException: (exception: FunctionException) => void;
  readonly onEnd: (reason: string) => void;
}

/** The functions as they are now, in a process of the running Deno. */
export class FunctionsProcess {
  readonly #child: Deno.ChildProcess;
  /** It stays open: the child ends when it closes, and it closes when this process ends, in whatever way. */
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #mark = crypto.randomUUID();
  readonly #loaded = Promise.withResolvers<void>();
  readonly #pending = new Map<number, (answer: Response | undefined) => void>();
  #requests = 0;
  #state: "loading" | "serving" | "retired" | "ended" = "loading";

  /**
   * Starts to load the functions.
   *
   * @param start `folder`: `supabase/functions`, absolute. `environment`: the whole environment of the functions.
   */
  constructor(start: { folder: string; environment: EnvVariables }, listeners: Listeners) {
    const readable = [start.folder, ...IMPORTED].map((path) => path.replaceAll(",", ",,"));
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        // As when deployed: neither the project's own deno.json or package.json, nor a lock file.
        "--no-config",
        "--no-lock",
        `--import-map=${join(start.folder, "powersync-auth", "deno.json")}`,
        "--allow-net",
        "--allow-import",
        `--allow-read=${readable.join(",")}`,
        CHILD,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    // The caller awaits it, unless a newer version came first.
    this.#loaded.promise.catch(() => {});
    this.#send({ ...start, mark: this.#mark });
    this.#follow(listeners);
  }

  /**
   * Settles once the functions are loaded.
   *
   * @throws {Error} They cannot be loaded; the message is what the runtime said.
   */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /**
   * Lets a function answer.
   *
   * @param request The client's request; its path ends with the function's name.
   * @param body The request's body, which was read.
   * @returns `undefined` when the process ends before it has answered.
   */
  async fetch({ method, url, headers }: Request, body: Uint8Array): Promise<Response | undefined> {
    if (this.hasEnded) return undefined;
    const id = this.#requests++;
    const { promise, resolve } = Promise.withResolvers<Response | undefined>();
    this.#pending.set(id, resolve);
    this.#send({ id, method, url, headers: [...headers], body: Buffer.from(body).toString("base64") });
    return await promise;
  }

  /** Ends the process once it has answered its requests, or has taken too long. */
  retire(afterMs: number): void {
    if (this.#pending.size === 0) return this.end();
    this.#state = "retired";
    // A function in an endless loop would keep a processor busy.
    Deno.unrefTimer(setTimeout(() => this.end(), afterMs));
  }

  /** Ends the process at once. */
  end(): void {
    if (this.hasEnded) return;
    this.#state = "ended";
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It ended by itself at the same time.
    }
  }

  #send(message: Asked | { folder: string; mark: string }): void {
    this.#input.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {});
  }

  /** Hears its reports and prints everything else, until it has ended. */
  async #follow({ onException, onEnd }: Listeners): Promise<void> {
    const [failure, said] = await Promise.all([this.#followOutput(onException), this.#followErrors()]);
    const { code } = await this.#child.status;
    await this.#input.close().catch(() => {});
    const reason = failure || said || `exit code ${code}`;
    const isUnexpected = this.#state === "serving";
    this.#state = "ended";
    this.#loaded.reject(new Error(reason));
    for (const resolve of this.#pending.values()) resolve(undefined);
    if (isUnexpected) onEnd(reason);
  }

  /** @returns Why the functions ended, if they said it. */
  async #followOutput(onException: Listeners["onException"]): Promise<string> {
    let failure = "";
    for await (const line of linesIn(this.#child.stdout)) {
      const [text = "", json] = line.split(this.#mark);
      if (json === undefined || text !== "") console.log(text);
      const report: Report | Record<never, never> = JSON.parse(json ?? "{}");
      if ("failure" in report) failure = report.failure;
      else if ("exception" in report) onException(report.exception);
      else if ("answer" in report) this.#answer(report.answer);
      else if ("isReady" in report && this.#state === "loading") {
        this.#state = "serving";
        this.#loaded.resolve();
      }
    }
    return failure;
  }

  #answer({ id, status, headers, body }: Extract<Report, { answer: unknown }>["answer"]): void {
    const content = body === "" ? null : Buffer.from(body, "base64");
    this.#pending.get(id)?.(new Response(content, { status, headers }));
    this.#pending.delete(id);
    if (this.#state === "retired" && this.#pending.size === 0) this.end();
  }

  /** @returns The runtime's own last words: about a broken deno.json, for example. */
  async #followErrors(): Promise<string> {
    let [failure, isDownloading] = ["", false];
    for await (const line of linesIn(this.#child.stderr)) {
      const plain = stripVTControlCharacters(line);
      if (this.#state === "loading" && (failure !== "" || /^error: /.test(plain))) failure += `${plain}\n`;
      else if (!/^Download /.test(plain)) console.error(line);
      else if (!isDownloading) {
        isDownloading = true;
        console.error("Downloading the packages of the functions …");
      }
    }
    return failure.trim();
  }
}

function linesIn(stream: ReadableStream<Uint8Array>): AsyncIterable<string> {
  return createInterface({ input: Readable.fromWeb(stream) });
}
