import { request as send } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Assignment, Report } from "./functions-child.ts";
import type { FunctionsStatus } from "./functions-status.ts";

/** The child, and what it imports of this repository. */
const [CHILD = "", ...IMPORTED] = ["functions-child.ts", ".", "../../supabase/functions/_shared"].map((
  path,
) => fileURLToPath(new URL(path, import.meta.url)));

/** They belong to one connection (RFC 9110, section 7.6.1), as does a request's length. */
const HOP_BY_HOP = ["connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/** Answers without a body (Fetch standard, "null body status"). */
const BODILESS = [101, 103, 204, 205, 304];

/** What to do when the functions report something. */
export interface ProcessListeners {
  readonly onException: (exception: NonNullable<FunctionsStatus["exception"]>) => void;
  /** They ended on their own after they were loaded. */
  readonly onEnd: (reason: string) => void;
}

/** The functions as they are now, in a process of the running Deno. */
export class FunctionsProcess {
  readonly #child: Deno.ChildProcess;
  readonly #secret = { header: "x-development-secret", value: crypto.randomUUID() };
  readonly #port = Promise.withResolvers<number>();
  #pending = 0;
  #state: "loading" | "serving" | "retired" | "ended" = "loading";

  /**
   * Starts to load the functions.
   *
   * @param start `folder`: `supabase/functions`, absolute. `environment`: the whole environment of the functions.
   */
  constructor({ folder, environment }: Omit<Assignment, "secret">, listeners: ProcessListeners) {
    const readable = [folder, ...IMPORTED].map((path) => path.replaceAll(",", ",,"));
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        // As when deployed: neither the project's own deno.json or package.json, nor a lock file.
        "--no-config",
        "--no-lock",
        `--import-map=${join(folder, "powersync-auth", "deno.json")}`,
        "--allow-net",
        "--allow-import",
        `--allow-read=${readable.join(",")}`,
        CHILD,
      ],
      stdin: "piped",
      stderr: "piped",
    }).spawn();
    // The caller awaits it, unless a newer version came first.
    this.#port.promise.catch(() => {});
    this.#assign({ folder, environment, secret: this.#secret });
    this.#follow(listeners);
  }

  /**
   * The port of the functions, once they are loaded.
   *
   * @throws {Error} They cannot be loaded; the message is what the runtime said.
   */
  get loaded(): Promise<number> {
    return this.#port.promise;
  }

  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /**
   * Lets a function answer.
   *
   * @param request The client's request; its path ends with the function's name.
   * @param body The request's body, which was read.
   * @throws {Error} The process ended before it answered.
   */
  async fetch({ method, url, headers: sent }: Request, body: Uint8Array): Promise<Response> {
    const { host, pathname, search } = new URL(url);
    const headers = new Headers(sent);
    for (const name of ["content-length", ...HOP_BY_HOP]) headers.delete(name);
    headers.set(this.#secret.header, this.#secret.value);
    const port = await this.#port.promise;
    const answer = Promise.withResolvers<Response>();
    const options = { host: "127.0.0.1", port, method, path: pathname + search, agent: false };
    this.#pending += 1;
    // `fetch` would send it to a proxy of the environment.
    send({ ...options, headers: { host, ...Object.fromEntries(headers) } }, (incoming) => {
      const { statusCode: status = 500, headersDistinct } = incoming;
      const isEmpty = method === "HEAD" || BODILESS.includes(status);
      if (isEmpty) incoming.resume();
      const stream = isEmpty ? null : Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>;
      const response = new Response(stream, { status });
      for (const [name, values = []] of Object.entries(headersDistinct)) {
        if (!HOP_BY_HOP.includes(name)) values.forEach((value) => response.headers.append(name, value));
      }
      answer.resolve(response);
    }).on("error", answer.reject).on("close", () => {
      this.#pending -= 1;
      if (this.#state === "retired" && this.#pending === 0) this.end();
    }).end(method === "GET" || method === "HEAD" ? undefined : body);
    return await answer.promise;
  }

  /** Ends the process once it has answered its requests, or has taken too long. */
  retire(afterMs: number): void {
    if (this.#pending === 0) return this.end();
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

  /** The pipe stays open: the child ends when it closes, and it closes when this process ends, in whatever way. */
  async #assign(assignment: Assignment): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${JSON.stringify(assignment)}\n`)).catch(() => {});
    writer.releaseLock();
  }

  async #follow({ onException, onEnd }: ProcessListeners): Promise<void> {
    let [failure, isDownloading] = ["", false];
    const hear = (report: Report) => {
      if ("failure" in report) failure = report.failure;
      else if ("exception" in report) onException(report.exception);
      else if (this.#state === "loading") {
        this.#state = "serving";
        this.#port.resolve(report.port);
      }
    };
    for await (const line of createInterface({ input: Readable.fromWeb(this.#child.stderr) })) {
      const { value } = this.#secret;
      const plain = stripVTControlCharacters(line);
      if (line.startsWith(value)) hear(JSON.parse(line.slice(value.length)));
      else if (/^Download /.test(plain)) {
        if (!isDownloading) console.error("Downloading the packages of the functions …");
        isDownloading = true;
      } // The runtime's own last words: a broken deno.json, for example.
      else if (this.#state === "loading" && (failure !== "" || /^error: /.test(plain))) {
        failure += `${plain}\n`;
      } else console.error(line);
    }
    const { code } = await this.#child.status;
    await this.#child.stdin.close().catch(() => {});
    const reason = failure.trim() || `exit code ${code}`;
    const isUnexpected = this.#state === "serving";
    this.#state = "ended";
    this.#port.reject(new Error(reason));
    if (isUnexpected) onEnd(reason);
  }
}
