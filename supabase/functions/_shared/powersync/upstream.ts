/** A neighbour that takes longer counts as unavailable. */
const TIMEOUT_MS = 5_000;

/** A user or a JWKS is far smaller. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * `fetch` for the servers that this one asks: bounded in time and size to the last byte, without redirects, which
 * could lead a token elsewhere. The answer is read to its end here, because an unread one would hold its connection.
 *
 * @throws {DOMException} `TimeoutError` after 5 s.
 * @throws {RangeError} An answer of more than 1 MB.
 * @throws {TypeError} No connection.
 */
export async function fetchUpstream(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  // Not AbortSignal.timeout, whose timer outlives the answer: thousands of them would be waiting at any time.
  const controller = new AbortController();
  const tooLate = () => controller.abort(new DOMException("The neighbour took too long.", "TimeoutError"));
  const timer = setTimeout(tooLate, TIMEOUT_MS);
  try {
    const { status, headers, body } = await fetch(input, {
      ...init,
      redirect: "manual",
      signal: controller.signal,
    });
    const text = await readText(body);
    return new Response(text === "" ? null : text, { status, headers });
  } finally {
    clearTimeout(timer);
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new RangeError("The answer is too large.");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
