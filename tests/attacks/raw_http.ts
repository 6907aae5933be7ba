/** HTTP/1.1 byte by byte, because `fetch` would tidy the request or refuse to send it, and the functions behind it. */
import { Buffer } from "node:buffer";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { FUNCTION_NAMES, startFunctions } from "../support/functions.ts";
import { parseHead } from "../support/http_stand_in.ts";
import { serve } from "../support/serving.ts";

/** One answer, as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The functions of one isolate, served under their names. */
export interface Target {
  readonly port: number;
  readonly auth: AuthStandIn;
  /** How many requests with an `Authorization` header Deno handed to a function. */
  readonly authorized: () => number;
  readonly log: readonly string[];
}

/** Not a bound on speed: a connection that neither answers nor closes must fail a test. */
const HANG_MS = 30_000;

/** Serves the functions while a test runs. */
export async function withTarget(test: (target: Target) => Promise<void>): Promise<void> {
  await using auth = new AuthStandIn([]);
  const { handlers, log } = startFunctions(auth);
  let authorized = 0;
  await using server = serve((request) => {
    if (request.headers.has("Authorization")) authorized += 1;
    // Deno hands over even a URL that cannot be parsed; the functions do not read it.
    const path = /\/([\w-]+)(\?.*)?$/.exec(request.url)?.[1];
    const name = FUNCTION_NAMES.find((name) => name === path);
    return name === undefined ? new Response(null, { status: 404 }) : handlers[name](request);
  });
  await test({ port: Number(new URL(server.url).port), auth, authorized: () => authorized, log });
}

/**
 * Sends bytes and reads whatever comes until the server closes.
 *
 * @param options `end`: whether to close the sending side at once. Deno drops a request that is being answered then,
 * so it is for what has no end of its own; others ask for `Connection: close`.
 * @returns Every answer on the connection; none if the server only closed it.
 * @throws {Error} The server neither answered nor closed.
 */
export async function exchange(port: number, request: string, { end = false } = {}): Promise<RawAnswer[]> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const { promise: hang, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The server neither answered nor closed.")), HANG_MS);
  try {
    return parseAnswers(await Promise.race([talk(connection, Buffer.from(request, "latin1"), end), hang]));
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

async function talk(connection: Deno.TcpConn, request: Uint8Array, end: boolean): Promise<string> {
  // A server that has heard enough may close while the rest is still on its way.
  const sent = sendAll(connection, request, end).catch(() => {});
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  try {
    for (let read = await connection.read(buffer); read !== null; read = await connection.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, read), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  await sent;
  return text;
}

async function sendAll(connection: Deno.TcpConn, bytes: Uint8Array, end: boolean): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  if (end) await connection.closeWrite();
}

/** Splits what came by `Content-Length`. */
function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest.startsWith("HTTP/1.1 ");) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) throw new Error("The head of an answer was cut.");
    const { first, headers } = parseHead(rest.slice(0, end));
    const start = end + 4;
    const stop = start + Number(headers.get("Content-Length") ?? 0);
    answers.push({ status: Number(first.split(" ")[1]), headers, body: rest.slice(start, stop) });
    rest = rest.slice(stop);
  }
  return answers;
}
