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
}

const decoder = new TextDecoder();

/** Sends requests over kept-alive connections, one at a time on each. */
export async function load({ port, headers, concurrency, requests }: LoadOptions): Promise<LoadResult> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const request = new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines}\r\n`);
  const latencies: number[] = [];
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const buffer = new Uint8Array(64 * 1024);
    for (let sent = 0; sent < requests / concurrency; sent++) {
      const from = performance.now();
      await connection.write(request);
      await readAnswer(connection, buffer);
      latencies.push(performance.now() - from);
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
  return { requestsPerSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function readAnswer(connection: Deno.Conn, buffer: Uint8Array): Promise<void> {
  let size = 0;
  for (;;) {
    const read = await connection.read(buffer.subarray(size));
    if (read === null) throw new Error("The server closed the connection.");
    size += read;
    const text = decoder.decode(buffer.subarray(0, size));
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) continue;
    if (!/^HTTP\/1\.1 20[04]/.test(text)) throw new Error(`The server answered ${text.slice(0, 12)}.`);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (size >= end + 4 + length) return;
  }
}
