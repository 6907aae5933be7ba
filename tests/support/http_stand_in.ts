/** A server on loopback that can fail in every way an upstream can, byte by byte, and come back on the same port. */

/** The connection stays open and nothing is ever sent. */
export const SILENCE = Symbol("silence");
/** The connection is closed at once. */
export const CUT = Symbol("cut");

/** What a request leads to: an answer, or the very bytes to send before the connection is closed. */
export type Reply = Response | string | typeof SILENCE | typeof CUT;

/** The parts of a request that stand-ins look at. A body needs a Content-Length. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

export class HttpStandIn {
  readonly #reply: (asked: Asked) => Reply | Promise<Reply>;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #bodies = new Set<ReadableStreamDefaultReader<Uint8Array>>();
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #accepting: Promise<void>;
  readonly url: string;

  constructor(reply: (asked: Asked) => Reply | Promise<Reply>) {
    this.#reply = reply;
    this.url = `http://127.0.0.1:${this.#listener.addr.port}`;
    this.#accepting = this.#accept();
  }

  /** Stops listening: new connections are refused and open ones are closed. */
  async stop(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await Promise.all([...this.#bodies].map((body) => body.cancel()));
    await this.#accepting;
  }

  /** Listens again on the same port. */
  start(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: Number(new URL(this.url).port) });
    this.#accepting = this.#accept();
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) served.push(this.#serve(connection));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(served);
  }

  /** Answers the requests on one connection, until either side closes it. */
  async #serve(connection: Deno.TcpConn): Promise<void> {
    this.#open.add(connection);
    connection.setNoDelay(true);
    try {
      for (let asked = await readRequest(connection); asked; asked = await readRequest(connection)) {
        const reply = await this.#reply(asked);
        if (reply instanceof Response) await this.#send(connection, reply);
        else {
          if (typeof reply === "string") await write(connection, reply);
          // Until the other side gives up, or this one is stopped.
          if (reply === SILENCE) await connection.read(new Uint8Array(1));
          return;
        }
      }
    } catch (error) {
      if (
        !(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
          error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
      ) throw error;
    } finally {
      this.#open.delete(connection);
      close(connection);
    }
  }

  /** Sends an answer in chunks as its body yields them (RFC 9112, section 7.1). */
  async #send(connection: Deno.TcpConn, { status, headers, body }: Response): Promise<void> {
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const chunked = body === null ? "Content-Length: 0\r\n" : "Transfer-Encoding: chunked\r\n";
    await write(connection, `HTTP/1.1 ${status} X\r\n${lines}${status === 204 ? "" : chunked}\r\n`);
    if (body === null) return;
    const reader = body.getReader();
    this.#bodies.add(reader);
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      await write(connection, `${read.value.length.toString(16)}\r\n`);
      await write(connection, read.value);
      await write(connection, "\r\n");
    }
    this.#bodies.delete(reader);
    await write(connection, "0\r\n\r\n");
  }
}

async function write(connection: Deno.TcpConn, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Reads one request; clients send the next one when they have the answer. */
async function readRequest(connection: Deno.TcpConn): Promise<Asked | undefined> {
  const buffer = new Uint8Array(32 * 1024);
  let received = new Uint8Array(0);
  for (;;) {
    const read = await connection.read(buffer);
    if (read === null) return undefined;
    received = new Uint8Array([...received, ...buffer.subarray(0, read)]);
    // One character a byte.
    const text = new TextDecoder("latin1").decode(received);
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) continue;
    const { first, headers } = parseHead(text.slice(0, end));
    const body = received.subarray(end + 4);
    if (body.length < Number(headers.get("Content-Length") ?? 0)) continue;
    const [method = "", path = ""] = first.split(" ");
    return { method, path, headers, body };
  }
}

/** The first line of a head and its headers. */
export function parseHead(head: string): { first: string; headers: Headers } {
  const [first = "", ...lines] = head.split("\r\n");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  return { first, headers };
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
