/** What a load run saw. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly headers: Record<string, string>;
  readonly concurrency: number;
  readonly requests: number;
  /** The status to expect; another one is an error. */
  readonly status?: number | RegExp;
}

const decoder = new TextDecoder();

/** Sends requests over kept-alive connections, one at a time on each. */
export async function load(
  { port, headers, concurrency, requests, status = 200 }: LoadOptions,
): Promise<LoadResult> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const request = new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines}\r\n`);
  const expected = typeof status === "number" ? new RegExp(`^${status}$`) : status;
  const latencies: number[] = [];
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const buffer = new Uint8Array(64 * 1024);
    for (let sent = 0; sent < requests / concurrency; sent++) {
      const from = performance.now();
      await connection.write(request);
      const answered = await readAnswer(connection, buffer);
      if (!expected.test(answered)) throw new Error(`The server answered ${answered}.`);
      latencies.push(performance.now() - from);
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
  return { requestsPerSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Reads one answer and returns its status. */
async function readAnswer(connection: Deno.Conn, buffer: Uint8Array): Promise<string> {
  let size = 0;
  for (;;) {
    const read = await connection.read(buffer.subarray(size));
    if (read === null) throw new Error("The server closed the connection.");
    size += read;
    const text = decoder.decode(buffer.subarray(0, size));
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) continue;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (size >= end + 4 + length) return text.slice(9, 12);
  }
}
