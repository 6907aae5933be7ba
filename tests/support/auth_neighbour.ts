/** An Auth server that fails in every way a neighbour can, byte by byte, and comes back on the same port. */
import { Buffer } from "node:buffer";
import type { JWK } from "jose";

/** What is sent for a request: bytes, silence until it is closed, or a cut connection. */
export type Behaviour = (request: { path: string; token: string }) => string | typeof SILENCE | typeof CUT;

/** The connection is taken and nothing is ever sent. */
export const SILENCE = Symbol("silence");
/** The connection is closed at once. */
export const CUT = Symbol("cut");

/** A response of HTTP/1.1, as bytes. */
export function http(status: number, body: string, headers: readonly string[] = []): string {
  const length = Buffer.byteLength(body);
  return [`HTTP/1.1 ${status} X`, `Content-Length: ${length}`, "Connection: close", ...headers, "", body]
    .join("\r\n");
}

/** A response of JSON. */
export function json(value: unknown, status = 200): string {
  return http(status, JSON.stringify(value), ["Content-Type: application/json"]);
}

/** An Auth server that does its work: these keys, and users for every token. */
export function healthy(keys: readonly JWK[]): Behaviour {
  return ({ path, token }) => {
    if (path === "/auth/v1/.well-known/jwks.json") return json({ keys });
    const { sub } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return json({ id: sub, aud: "authenticated", role: "authenticated" });
  };
}

/** A server on loopback with a behaviour that can change at any time. */
export class AuthNeighbour {
  readonly calls = { jwks: 0, user: 0 };
  behaviour: Behaviour;
  #listener: Deno.Listener;
  readonly #port: number;
  readonly #open = new Set<Deno.Conn>();
  #accepting: Promise<void>;

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listener = listener;
    this.#port = listener.addr.port;
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Nothing listens any more: connections are refused. */
  async stop(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#accepting;
  }

  /** Listens again. */
  start(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.#port });
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #accept(): Promise<void> {
    const answers: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) answers.push(this.#answer(connection));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(answers);
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    this.#open.add(connection);
    try {
      const head = await readHead(connection);
      const path = head.split(" ")[1] ?? "";
      this.calls[path.endsWith("/user") ? "user" : "jwks"] += 1;
      const token = /^authorization: bearer (.*)$/im.exec(head)?.[1] ?? "";
      const answer = this.behaviour({ path, token });
      if (typeof answer === "string") await connection.write(new TextEncoder().encode(answer));
      // Until the other side gives up, or this one is stopped.
      if (answer === SILENCE) await connection.read(new Uint8Array(1));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    } finally {
      this.#open.delete(connection);
      close(connection);
    }
  }
}

async function readHead(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(32 * 1024);
  for (let head = "";;) {
    const read = await connection.read(buffer);
    if (read === null) return head;
    head += new TextDecoder().decode(buffer.subarray(0, read));
    if (head.includes("\r\n\r\n")) return head.replaceAll("\r", "");
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
