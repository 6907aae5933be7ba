import { assert } from "@std/assert";
import { load } from "../bench/client.ts";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import type { FunctionName } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import type { Measure } from "./measured_server.ts";
import { startServer } from "./server.ts";

const WARM_UP = 2_000;
const REQUESTS = 20_000;
const CONCURRENCY = 16;

/** The bound on what the process holds; much of it belongs to the allocator. */
const MAX_RESIDENT_BYTES_PER_1000 = 2 * 1024 * 1024;
/** What is reachable after a collection may differ by its compiled code; 20,000 of anything would show. */
const MAX_HEAP_GROWTH_BYTES = 4 * 1024 * 1024;
/** Connections to upstreams are kept alive, as many as there were requests at once. */
const MAX_NEW_FILES = 2 * CONCURRENCY;
/** In `SUPABASE_JWKS`, in the Auth server's JWKS, and in neither. */
const { ES256: inlineKey, EdDSA: remoteKey } = projectKeys;
const inventedKey = await makeKey("ES256", "invented");

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Who calls which function, with which headers, and the status they get. */
const CASES: [name: FunctionName, what: string, headers: Record<string, string>, status: number][] = [
  ["powersync-jwks", "anybody", {}, 200],
  ["powersync-auth-anonymous", "an API key", { apikey: PUBLISHABLE_KEY }, 200],
  ["powersync-auth", "a user with an inline key", bearer(await userToken({}, inlineKey)), 200],
  ["powersync-auth", "a user with a key of the JWKS", bearer(await userToken({}, remoteKey)), 200],
  ["powersync-auth", "a legacy user", bearer(await signLegacyToken()), 200],
  ["powersync-auth", "a tampered token", bearer(`${(await userToken()).slice(0, -4)}AAAA`), 401],
  ["powersync-auth", "a caller without a token", {}, 401],
];

for (const [name, what, headers, status] of CASES) {
  Deno.test(`20,000 requests to ${name} by ${what} leave no memory, socket or timer behind`, async () => {
    await using auth = new AuthStandIn([remoteKey.publicJwk]);
    await using server = await startServer(name, { url: auth.url, inline: [inlineKey] });
    const run = (requests: number) =>
      load({ port: server.port, headers, concurrency: CONCURRENCY, requests, status });
    await run(WARM_UP);
    const before = await server.measure();
    await run(REQUESTS);
    const after = await server.measure();
    assertNoGrowth(before, after);
    const resident = (after.residentBytes - before.residentBytes) / REQUESTS * 1000;
    console.log(`${(resident / 1024 / 1024).toFixed(2)} MB per 1000 requests`);
    assert(resident <= MAX_RESIDENT_BYTES_PER_1000, `${resident} bytes more per 1000 requests`);
    assert(auth.calls.jwks <= 1, `${auth.calls.jwks} fetches of the JWKS`);
    // Concurrent questions about one token are one.
    const asked = what === "a legacy user" ? (WARM_UP + REQUESTS) / CONCURRENCY : 0;
    assert(asked === 0 ? auth.calls.user === 0 : auth.calls.user >= asked, `${auth.calls.user} questions`);
    await server.stop();
  });
}

Deno.test("20,000 requests with an invented key ID leave no memory, socket or timer behind", async () => {
  await using auth = new AuthStandIn([remoteKey.publicJwk]);
  auth.user = () => authError(403, "bad_jwt");
  await using server = await startServer("powersync-auth", { url: auth.url, inline: [inlineKey] });
  const headers = bearer(await userToken({}, inventedKey));
  const run = (requests: number) =>
    load({ port: server.port, headers, concurrency: CONCURRENCY, requests, status: /^(401|503)$/ });
  const started = performance.now();
  await run(WARM_UP);
  const before = await server.measure();
  await run(REQUESTS);
  const seconds = (performance.now() - started) / 1000;
  assertNoGrowth(before, await server.measure());
  // A refusal of Auth is checked against a set that is a second old at most.
  assert(auth.calls.jwks <= 2 + seconds, `${auth.calls.jwks} fetches in ${seconds} s`);
  await server.stop();
});

function assertNoGrowth(before: Measure, after: Measure): void {
  const heap = after.heapBytes - before.heapBytes;
  assert(heap <= MAX_HEAP_GROWTH_BYTES, `the heap grew by ${heap} bytes`);
  assert(after.files <= before.files + MAX_NEW_FILES, `${before.files} files became ${after.files}`);
}
