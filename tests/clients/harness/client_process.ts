/** A client in a process of its own: commands go in and events come out, each one line of JSON. */
import { Changes } from "./changes.ts";

/** What a client says: `{"event":"connected"}` and more, as its own program has it. */
export interface ClientEvent {
  readonly event: string;
  readonly [detail: string]: unknown;
}

export interface ClientCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder?: string;
  /** Variables besides PATH and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
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

  constructor({ program, args, folder, environment = {} }: ClientCommand) {
    this.#process = new Deno.Command(program, {
      args: [...args],
      ...(folder === undefined ? {} : { cwd: folder }),
      env: environment,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#ended = Promise.all([
      this.#read(this.#process.stdout, (line) => this.#hear(line)),
      this.#read(this.#process.stderr, (line) => void (this.#said += `${line}\n`)),
      this.#process.status,
    ]).then(() => {
      this.#hasEnded = true;
      this.#changes.changed();
    });
  }

  /** Sends a command, and waits until the client says `{"event":"done"}` with its number; an `error` there is thrown. */
  async call(command: string, details: Readonly<Record<string, unknown>> = {}): Promise<ClientEvent> {
    const number = await this.start(command, details);
    const done = await this.event("done", (event) => event.number === number);
    if (done.error !== undefined) throw new Error(`${command}: ${done.error}`);
    return done;
  }

  /** Sends a command without waiting for its end, and returns its number. */
  async start(command: string, details: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const number = ++this.#commands;
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify({ command, number, ...details })}\n`));
    return number;
  }

  /** Waits for an event, an earlier one too. */
  async event(name: string, isIt: (event: ClientEvent) => boolean = () => true): Promise<ClientEvent> {
    const find = () => {
      const found = this.events.find((event) => event.event === name && isIt(event));
      if (found === undefined && this.#hasEnded) throw new Error(`The client ended:\n${this.#said}`);
      return found;
    };
    return await this.#changes.until(`event ${name}`, find, () => [...this.events, this.#said]);
  }

  /** How many events of a name there were. */
  count(name: string): number {
    return this.events.filter(({ event }) => event === name).length;
  }

  /** Ends the process, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await Promise.all([this.#ended, this.#input.close().catch(() => {})]);
  }

  /** What is not an event is for a person who reads why a test failed. */
  #hear(line: string): void {
    if (line.startsWith("{")) this.events.push(JSON.parse(line));
    else this.#said += `${line}\n`;
    this.#changes.changed();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, hear: (line: string) => void): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(hear);
    }
    if (rest !== "") hear(rest);
  }
}
