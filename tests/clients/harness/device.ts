/** One app that runs a connector in its SDK, with a database of its own. Each SDK's driver takes the same commands. */
import { type ClientEvent, ClientProcess } from "./client_process.ts";

type Details = Readonly<Record<string, unknown>>;

export class Device implements AsyncDisposable {
  readonly #process: ClientProcess;
  readonly #details: Details;

  /** @param details Sent with each command. Apps that share a process are told apart by their `device`. */
  constructor(process: ClientProcess, details: Details = {}) {
    this.#process = process;
    this.#details = details;
  }

  /** Runs a command, and returns its result. */
  async call(command: string, details: Details = {}): Promise<unknown> {
    return await this.#process.call(command, { ...this.#details, ...details });
  }

  /** Every event of a name so far. */
  all(name: string): readonly ClientEvent[] {
    return this.#process.events.filter(({ event, device }) =>
      event === name && device === this.#details.device
    );
  }

  /** How many events of a name there were. */
  count(name: string): number {
    return this.all(name).length;
  }

  /** Where to look for what comes next. */
  get position(): number {
    return this.#process.events.length;
  }

  /** Waits for an event that comes after a position. */
  async event(
    name: string,
    isIt: (event: ClientEvent) => boolean = () => true,
    from = 0,
  ): Promise<ClientEvent> {
    const { events } = this.#process;
    const isOwn = ({ device }: ClientEvent) => device === this.#details.device;
    const isWanted = (event: ClientEvent) =>
      event.event === name && isOwn(event) && isIt(event) && events.indexOf(event) >= from;
    return await this.#process.event(isWanted, name, isOwn);
  }

  /** Waits until the status shows an error with this text. */
  async shows(name: "downloadError" | "uploadError", text: string, from = 0): Promise<void> {
    await this.event("status", (event) => `${event[name]}`.includes(text), from);
  }

  /** Waits until it is connected, and no error is left. */
  async connected(from = 0): Promise<void> {
    await this.event("status", ({ connected, downloadError }) => connected === true && !downloadError, from);
  }

  /** Waits until it is neither connected nor trying to be. */
  async disconnected(from = 0): Promise<void> {
    await this.event("status", ({ connected, connecting }) => !connected && !connecting, from);
  }

  /** Waits until the local database has the row of one user, and no other. */
  async hasRowOf(user: unknown): Promise<void> {
    await this.event("notes", ({ ids }) => ids === user);
  }

  /** What it handed over as refused, one text for each transaction: `PUT <id> <code>, …`. */
  get refused(): unknown[] {
    return this.all("refused").map(({ changes }) => changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#details.device === undefined) await this.#process[Symbol.asyncDispose]();
    else await this.call("close");
  }
}
