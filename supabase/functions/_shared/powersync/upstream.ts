/** An upstream that takes longer counts as unavailable. */
export const UPSTREAM_TIMEOUT_MS = 5_000;

/** A user or a JWKS is far smaller. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The answer of an upstream is not JSON with a 2xx. */
export class UnusableAnswer extends Error {
  constructor(readonly status: number) {
    super(`The upstream answered ${status}${status === 200 ? " with a body that is not JSON" : ""}.`);
  }
}

/** The bounds of one request; tests shorten them. */
export interface UpstreamLimits {
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

/**
 * `fetch` for the servers that this one asks: bounded in time and size to the last byte, without redirects, which
 * could lead a token elsewhere. It reads the answer to its end, because an unread one would hold its connection.
 *
 * @param input The URL or request.
 * @param init As for `fetch`; its `signal` is not used, and redirects are followed only if it says so.
 * @returns The answer, with its whole body at hand.
 * @throws {DOMException} `TimeoutError` after `timeoutMs`.
 * @throws {RangeError} An answer of more than `maxBytes`.
 * @throws {TypeError} No connection.
 */
export async function fetchUpstream(
  input: string | URL | Request,
  init?: RequestInit,
  { timeoutMs = UPSTREAM_TIMEOUT_MS, maxBytes = MAX_ANSWER_BYTES }: UpstreamLimits = {},
): Promise<Response> {
  const controller = new AbortController();
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  // Not AbortSignal.timeout, whose timer outlives the answer. And the signal alone does not end a pending read: after a
  // garbage collection Deno no longer passes it on, so the timer also rejects and cancels by itself.
  const timer = setTimeout(() => {
    const reason = new DOMException("The upstream took too long.", "TimeoutError");
    reject(reason);
    controller.abort(reason);
    body?.cancel(reason).catch(() => {});
  }, timeoutMs);
  const answer = async () => {
    const response = await fetch(input, { redirect: "manual", ...init, signal: controller.signal });
    body = response.body?.getReader();
    const text = body === undefined ? "" : await readText(body, maxBytes);
    return new Response(text === "" ? null : text, response);
  };
  try {
    return await Promise.race([answer(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function readText(body: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for (let read = await body.read(); !read.done; read = await body.read()) {
    size += read.value.length;
    if (size > maxBytes) {
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
  { headers, ...limits }: UpstreamLimits & { headers?: Record<string, string> } = {},
): Promise<unknown> {
  const response = await fetchUpstream(url, { headers: { Accept: "application/json", ...headers } }, limits);
  if (!response.ok) throw new UnusableAnswer(response.status);
  try {
    return await response.json();
  } catch {
    throw new UnusableAnswer(response.status);
  }
}
