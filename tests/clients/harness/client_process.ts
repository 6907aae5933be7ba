/** A client in a process of its own: commands go in and events come out, each one line of JSON. */
import { Changes } from "./changes.ts";

/** What a client says: `{"event":"connected"}` and more, as its own program has it. */
export interface ClientEvent {
  readonly event: string;
  readonly [detail: string]: unknown;
}

export interface ClientCommand {
  readonly program: string;
  readonly args?: string[];
  readonly folder: string;
  /** Variables besides those of this process. */
  readonly environment?: Record<string, string>;
}

export class ClientProcess implements AsyncDisposable {
  /** Every event so far. */
  readonly events: ClientEvent[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<unknown>;
  readonly #changes = new Changes();
  #said = "";
  #hasEnded = false;
  #commands = 0;

  constructor({ program, args = [], folder, environment = {} }: ClientCommand) {
    const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#process = new Deno.Command(program, { args, cwd: folder, env: environment, ...piped }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#ended = Promise.all([
      this.#read(this.#process.stdout, (line) => line.startsWith("{")),
      this.#read(this.#process.stderr, () => false),
      this.#process.status,
    ]).then(() => {
      this.#hasEnded = true;
      this.#changes.changed();
    });
  }

  /** Sends a command, and waits for its result: `{"event":"done"}` with its number. An `error` there is thrown. */
  async call(command: string, details: Readonly<Record<string, unknown>>): Promise<unknown> {
    const number = ++this.#commands;
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify({ command, number, ...details })}\n`));
    const done = await this.event((event) => event.event === "done" && event.number === number, command);
    if (done.error !== undefined) throw new Error(`${command}: ${done.error}`);
    return done.result;
  }

  /** Waits for an event, an earlier one too. `name` and the events that are `shown` are for the error. */
  async event(
    isIt: (event: ClientEvent) => boolean,
    name: string,
    shown: (event: ClientEvent) => boolean = isIt,
  ): Promise<ClientEvent> {
    const find = () => {
      const found = this.events.find(isIt);
      if (found === undefined && this.#hasEnded) throw new Error(`The client ended:\n${this.#said}`);
      return found;
    };
    return await this.#changes.until(`event ${name}`, find, () => [
      ...this.events.filter(shown),
      this.#said.slice(-2_000),
    ]);
  }

  /** Ends the process, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await Promise.all([this.#ended, this.#input.close().catch(() => {})]);
  }

  /** What is not an event is for a person who reads why a test failed. */
  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    isEvent: (line: string) => boolean,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (isEvent(line)) this.events.push(JSON.parse(line));
        else this.#said += `${line}\n`;
      }
      this.#changes.changed();
    }
    this.#said += rest;
  }
}
