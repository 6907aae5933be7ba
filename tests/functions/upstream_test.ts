/** The bounds of one request. What users notice when an upstream exceeds them is in auth_outages_test.ts. */
import { assertEquals, assertRejects } from "@std/assert";
import { fetchUpstream, UPSTREAM_TIMEOUT_MS } from "../../supabase/functions/_shared/powersync/upstream.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { collectGarbage } from "../support/garbage.ts";

/** An answer that begins and never ends. */
function stalled(): Response {
  return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([91])) }));
}

Deno.test("the time counts to the last byte of an answer, whatever the garbage collector does meanwhile", async () => {
  await using auth = new AuthStandIn([]);
  auth.user = stalled;
  using _garbage = collectGarbage();
  const asked = fetchUpstream(`${auth.url}/auth/v1/user`, {}, { timeoutMs: 300 });
  await assertRejects(() => asked, DOMException, "too long");
});

Deno.test("an upstream has 5 seconds, a third of what the connector waits for a function", () => {
  assertEquals(UPSTREAM_TIMEOUT_MS, 5_000);
});

Deno.test("a redirect is not followed: it could lead a token elsewhere", async () => {
  await using auth = new AuthStandIn([]);
  auth.user = () => Response.redirect(`${auth.url}/auth/v1/.well-known/jwks.json`);
  assertEquals((await fetchUpstream(`${auth.url}/auth/v1/user`)).status, 302);
  assertEquals(auth.calls, { jwks: 0, user: 1 });
});

Deno.test("an answer of more than a megabyte is not read to its end", async () => {
  const limit = 1024 * 1024;
  await using auth = new AuthStandIn([]);
  auth.user = () => new Response("x".repeat(limit));
  assertEquals((await (await fetchUpstream(`${auth.url}/auth/v1/user`)).text()).length, limit);
  auth.user = () => new Response("x".repeat(limit + 1));
  await assertRejects(() => fetchUpstream(`${auth.url}/auth/v1/user`), RangeError);
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
  await using auth = new AuthStandIn([]);
  auth.user = () => new Response(chunks(), { status: 418, headers: { "X-Told": "yes" } });
  const response = await fetchUpstream(`${auth.url}/auth/v1/user`);
  const received = [response.status, response.headers.get("X-Told"), await response.text()];
  assertEquals(received, [418, "yes", "ä€😀"]);
  auth.user = () => new Response(null, { status: 204 });
  assertEquals((await fetchUpstream(`${auth.url}/auth/v1/user`)).status, 204);
});
