import { within } from "./once.ts";

/** An upstream that takes longer counts as unavailable. */
export const UPSTREAM_TIMEOUT_MS = 5_000;

/** A user or a JWKS is far smaller. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The answer of an upstream has another status than 2xx, or is not what was asked for. */
export class UnusableAnswer extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The bounds of one request; tests shorten them. */
export interface UpstreamLimits {
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What whoever asks an upstream now and then depends on. */
export interface UpstreamOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits?: UpstreamLimits | undefined;
}

/**
 * `fetch` for the servers that this one asks: bounded in time and size to the last byte, without redirects, which
 * could lead a token elsewhere. It reads the answer to its end, because an unread one would hold its connection.
 *
 * @param init As for `fetch`; its `signal` is not used, and redirects are followed only if it says so.
 * @throws {DOMException} `TimeoutError` after `timeoutMs`.
 * @throws {RangeError} An answer of more than a megabyte.
 * @throws {TypeError} No connection.
 */
export async function fetchUpstream(
  input: string | URL | Request,
  init?: RequestInit,
  { timeoutMs = UPSTREAM_TIMEOUT_MS }: UpstreamLimits = {},
): Promise<Response> {
  const controller = new AbortController();
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const answer = async () => {
    const response = await fetch(input, { redirect: "manual", ...init, signal: controller.signal });
    body = response.body?.getReader();
    const text = body === undefined ? "" : await readText(body);
    return new Response(text === "" ? null : text, response);
  };
  // Not AbortSignal.timeout, whose timer outlives the answer. And the signal alone does not end a pending read: after a
  // garbage collection Deno no longer passes it on, so the reader is cancelled too.
  return await within(timeoutMs, answer(), () => {
    const reason = new DOMException("The upstream took too long.", "TimeoutError");
    controller.abort(reason);
    body?.cancel(reason).catch(() => {});
    throw reason;
  });
}

async function readText(body: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for (let read = await body.read(); !read.done; read = await body.read()) {
    size += read.value.length;
    if (size > MAX_ANSWER_BYTES) {
      await body.cancel();
      throw new RangeError("The answer is too large.");
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * The JSON that an upstream answers.
 *
 * @throws {UnusableAnswer} The status is not 2xx, or the body is not JSON.
 * @throws {DOMException | RangeError | TypeError} As `fetchUpstream`.
 */
export async function fetchJson(
  url: string,
  { headers, ...limits }: UpstreamLimits & { headers?: Record<string, string> | undefined } = {},
): Promise<unknown> {
  const response = await fetchUpstream(url, { headers: { Accept: "application/json", ...headers } }, limits);
  try {
    if (response.ok) return await response.json();
  } catch {
    // Not JSON.
  }
  const { status } = response;
  const body = status === 200 ? " with a body that is not JSON" : "";
  throw new UnusableAnswer(status, `The upstream answered ${status}${body}.`);
}
