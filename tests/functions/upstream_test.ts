import { assert, assertEquals, assertRejects } from "@std/assert";
import { fetchUpstream } from "../../supabase/functions/_shared/powersync/upstream.ts";
import { logged, read, signLegacyToken, withAuth } from "../support/project.ts";
import { bearer, startAuth, userKeys } from "../support/signed_in_caller.ts";
import { withShortTimeOuts } from "../support/time_outs.ts";

Deno.test("a JWKS that does not come within 5 seconds is a 503 with Retry-After, not a 401", async () => {
  const token = await bearer();
  const asked = await withShortTimeOuts(0, async () => {
    await logged(async () => {
      const response = await startAuth({ url: "http://127.0.0.1:9" }).send(token);
      assertEquals([response.headers.get("Retry-After"), response.headers.has("WWW-Authenticate")], [
        "5",
        false,
      ]);
      const { status, body } = await read(response);
      assertEquals([status, body.code], [503, "AUTH_SERVER_UNAVAILABLE"]);
    });
  });
  assert(asked.length > 0 && asked.every((ms) => ms === 5000), `${asked}`);
});

Deno.test("an Auth server that does not answer within 5 seconds is a 503 with Retry-After, not a 401", async () => {
  const token = `Bearer ${await signLegacyToken()}`;
  const asked = await withShortTimeOuts(0, async () => {
    await logged(async () => {
      const response = await startAuth({ url: "http://127.0.0.1:9" }).send(token);
      assertEquals([response.headers.get("Retry-After"), response.headers.has("WWW-Authenticate")], [
        "5",
        false,
      ]);
      const { status, body } = await read(response);
      assertEquals([status, body.code], [503, "AUTH_SERVER_UNAVAILABLE"]);
    });
  });
  assert(asked.length > 0 && asked.every((ms) => ms === 5000), `${asked}`);
});

/** An answer that begins and never ends. */
function stalled(): Response {
  return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([91])) }));
}

/** Makes garbage until it is stopped, as a busy isolate does. */
function makeGarbage(): () => void {
  let garbage: unknown[] = [];
  const timer = setInterval(() => {
    garbage = Array.from({ length: 500 }, () => new Array(1000).fill(garbage.length));
  }, 10);
  return () => clearInterval(timer);
}

Deno.test("the time counts to the last byte of an answer, whatever the garbage collector does meanwhile", async () => {
  await withAuth([], async (auth) => {
    auth.user = stalled;
    const stop = makeGarbage();
    // Not a bound on speed: without the limit the read never ends.
    const hang = setTimeout(() => Deno.exit(1), 30_000);
    try {
      await assertRejects(
        () => fetchUpstream(`${auth.url}/auth/v1/user`, {}, { timeoutMs: 500 }),
        DOMException,
        "too long",
      );
    } finally {
      clearTimeout(hang);
      stop();
    }
  });
});

Deno.test("a redirect is not followed: it could lead a token elsewhere", async () => {
  await withAuth([userKeys.ES256.publicJwk], async (auth) => {
    const { url } = auth;
    auth.user = () => Response.redirect(`${url}/auth/v1/.well-known/jwks.json`);
    const response = await fetchUpstream(`${url}/auth/v1/user`);
    assertEquals([response.status, auth.calls], [302, { jwks: 0, user: 1 }]);
    await logged(async () => {
      const { code } = startAuth(auth);
      assertEquals(await code(`Bearer ${await signLegacyToken()}`), "503 AUTH_SERVER_UNAVAILABLE");
    });
    assertEquals(auth.calls.jwks, 0);
  });
});

Deno.test("an answer of more than a megabyte is not read to its end", async () => {
  const limit = 1024 * 1024;
  await withAuth([], async (auth) => {
    auth.user = () => new Response("x".repeat(limit));
    assertEquals((await (await fetchUpstream(`${auth.url}/auth/v1/user`)).text()).length, limit);
    auth.user = () => new Response("x".repeat(limit + 1));
    await assertRejects(() => fetchUpstream(`${auth.url}/auth/v1/user`), RangeError);
  });
});

Deno.test("an answer arrives as it was: status, headers, and text of several chunks", async () => {
  const bytes = new TextEncoder().encode("ä€😀");
  const chunks = () =>
    new ReadableStream({
      start(stream) {
        for (const byte of bytes) stream.enqueue(new Uint8Array([byte]));
        stream.close();
      },
    });
  await withAuth([], async (auth) => {
    auth.user = () => new Response(chunks(), { status: 418, headers: { "X-Told": "yes" } });
    const response = await fetchUpstream(`${auth.url}/auth/v1/user`);
    assertEquals([response.status, response.headers.get("X-Told"), await response.text()], [
      418,
      "yes",
      "ä€😀",
    ]);
    auth.user = () => new Response(null, { status: 204 });
    assertEquals((await fetchUpstream(`${auth.url}/auth/v1/user`)).status, 204);
  });
});
