/** Clients that go away while the function waits for an upstream, and whoever waits for the same. */
import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { outcome } from "../support/answer.ts";
import { callTo, withToken } from "../support/contract.ts";
import type { HostProcess } from "./process.ts";

/** More than any wait for a shared answer takes, and a second in which a failed fetch is not repeated. */
const LIMIT_MS = 25_000;

/** An upstream that a test can let hang. */
export interface Upstream {
  /** Lets it hang, and resolves when it is asked. */
  hang(): { readonly asked: Promise<void> };
  /** Lets it answer new questions; those that hang go on hanging. */
  recover(): void;
}

/**
 * Sends a token, resets the connection while the upstream is being asked, and sends the token again: every request is
 * answered, and soon with success.
 */
export async function assertSurvivesReset(
  { url, port }: HostProcess,
  { upstream, token }: { readonly upstream: Upstream; readonly token: string },
): Promise<void> {
  const { asked } = upstream.hang();
  const socket = await send(port, token);
  await Promise.race([asked, tooSoon(socket)]);
  await reset(socket);
  upstream.recover();
  const signal = AbortSignal.timeout(LIMIT_MS);
  const request = () => callTo(url)("powersync-auth", { ...withToken(token), signal });
  let last = await outcome(await request());
  while (last.startsWith("503")) last = await outcome(await request());
  assertEquals(last, "200");
}

async function send(port: number, token: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  await connected;
  socket.write(
    `GET /powersync-auth HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  return socket;
}

/** Fails when the function answers by itself: the upstream is then never asked. */
function tooSoon(socket: Socket): Promise<never> {
  return new Promise((_, reject) => {
    socket.once("data", (bytes) => {
      const [status] = bytes.toString().split("\r\n");
      reject(new Error(`Answered before the upstream was asked: ${status}`));
    });
  });
}

async function reset(socket: Socket): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  socket.resetAndDestroy();
  await closed;
}
