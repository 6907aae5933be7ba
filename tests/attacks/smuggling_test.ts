import { assert, assertEquals, assertFalse } from "@std/assert";
import { projectKeys } from "../support/project.ts";
import { assertAsked, leaks } from "./attack.ts";
import { signed } from "./jws.ts";
import { exchange, withTarget } from "./raw_http.ts";

const token = await signed(projectKeys.ES256);

/** A whole request with a good token, hidden in the body of another: no server may answer it. */
const INNER = `GET /powersync-auth HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`;

/** Heads that two servers in a row could read differently (RFC 9112, sections 2.2, 5.1, 6.1 and 11.2). */
const AMBIGUOUS: [string, string][] = [
  ["Content-Length and Transfer-Encoding", "Content-Length: 6\r\nTransfer-Encoding: chunked"],
  ["Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 6"],
  ["two lengths", "Content-Length: 0\r\nContent-Length: 6"],
  ["two lengths in one line", "Content-Length: 0, 6"],
  ["a negative length", "Content-Length: -1"],
  ["a length with a plus sign", "Content-Length: +6"],
  ["a hexadecimal length", "Content-Length: 0x6"],
  ["a length beyond 64 bits", "Content-Length: 99999999999999999999999"],
  ["an unknown transfer coding", "Transfer-Encoding: xchunked"],
  ["chunked not last", "Transfer-Encoding: chunked, identity"],
  ["chunked and chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"],
  ["a space before the colon", "Content-Length : 6\r\nTransfer-Encoding : chunked"],
  ["a folded line", "X: 1\r\n Transfer-Encoding: chunked"],
  ["a tab before the value", "Transfer-Encoding:\tchunked\r\nContent-Length: 6"],
  ["a vertical tab", "Transfer-Encoding: \x0bchunked"],
  ["a NUL in a value", "X: a\x00b"],
  ["a NUL in a name", "X\x00: a"],
  ["a bare carriage return", "X: a\rContent-Length: 6"],
  ["a line without colon", "Content-Length"],
  ["an empty name", ": chunked"],
];

Deno.test("a request hidden in the body of an ambiguous request is never answered", async () => {
  await withTarget(async (target) => {
    for (const [what, head] of AMBIGUOUS) {
      const outer = `POST /powersync-auth HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}\r\n\r\n0\r\n\r\n${INNER}`;
      const answers = await exchange(target.port, outer, { end: true });
      for (const { status, body } of answers) {
        // The outer request carries no credentials.
        assert(status >= 400 && status < 500, `${what}: ${status}`);
        assertFalse(leaks(body), what);
      }
      assertEquals(target.authorized(), 0, what);
      assertAsked(target, undefined, what);
    }
  });
});

const HEAD = "GET /powersync-auth HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
const headOf = (path: string) => `${HEAD.replace("/powersync-auth", path)}\r\n`;

/** Requests that are too large or broken. */
const BROKEN: [string, string][] = [
  ["a token of 17 KB", `${HEAD}Authorization: Bearer ${"a".repeat(17_000)}\r\n\r\n`],
  ["a header of 1 MB", `${HEAD}Authorization: Bearer ${"a".repeat(1024 * 1024)}\r\n\r\n`],
  ["20,000 headers", `${HEAD}${"X: 1\r\n".repeat(20_000)}\r\n`],
  ["a name of 1 MB", `${HEAD}${"X".repeat(1024 * 1024)}: 1\r\n\r\n`],
  ["a path of 1 MB", headOf(`/${"a".repeat(1024 * 1024)}`)],
  ["no Host", "GET /powersync-auth HTTP/1.1\r\nConnection: close\r\n\r\n"],
  ["two Hosts", `${HEAD}Host: evil.example\r\n\r\n`],
  ["an invalid Host", "GET /powersync-auth HTTP/1.1\r\nHost: [::\r\nConnection: close\r\n\r\n"],
  ["HTTP/1.0", "GET /powersync-auth HTTP/1.0\r\n\r\n"],
  ["HTTP/9.9", "GET /powersync-auth HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n"],
  ["an upgrade", `${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`],
  ["an absolute target", headOf("http://169.254.169.254/powersync-auth")],
  ["a path with dots", headOf("/../../powersync-auth")],
  ["bytes", "\x00\x01\x02\xff\xfe"],
];

/** Requests that never end. */
const CUT: [string, string][] = [
  ["a chunk size beyond 64 bits", `${HEAD}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\naaaa`],
  ["100-continue that never continues", `${HEAD}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`],
  ["a body shorter than its length", `${HEAD}Content-Length: 100\r\n\r\nabc`],
  ["a head that never ends", HEAD],
  ["half a request line", "GET /powersync-au"],
  ["nothing", ""],
  ["a chunk that never ends", `${HEAD}Transfer-Encoding: chunked\r\n\r\nffffffff\r\naaaa`],
  ["HTTP/0.9", "GET /powersync-auth\r\n\r\n"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["HTTP/2 without its settings", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
];

Deno.test("a request that is too large, broken or endless is refused or cut off, and the next is answered", async () => {
  await withTarget(async (target) => {
    for (const [what, text] of [...BROKEN, ...CUT]) {
      const end = CUT.some(([cut]) => cut === what);
      const answers = await exchange(target.port, text, { end }).catch((error) => {
        throw new Error(what, { cause: error });
      });
      for (const { status, body } of answers) {
        assert((status >= 400 && status < 500) || status === 100, `${what}: ${status} ${body}`);
        assertFalse(leaks(body) || body.includes('"token"'), what);
      }
      assertAsked(target, undefined, what);
    }
    const [good] = await exchange(target.port, `${INNER.slice(0, -2)}Connection: close\r\n\r\n`);
    assertEquals(good?.status, 200);
  });
});

Deno.test("a body of 8 MB does not delay the answer, which does not depend on it", async () => {
  await withTarget(async (target) => {
    const length = 8 * 1024 * 1024;
    const head = `${HEAD.replace("GET", "POST")}Content-Length: ${length}\r\n\r\n`;
    const [answer] = await exchange(target.port, head + "a".repeat(length));
    assertEquals(answer?.status, 401);
    assertAsked(target, undefined, "body");
  });
});
