import { assertEquals } from "@std/assert";
import { makeKey } from "../support/signing.ts";
import { AuthNeighbour, healthy, json } from "../support/auth_neighbour.ts";
import { legacyToken, projectKey, quietly, startIsolate, userToken } from "../support/isolate.ts";

const nextKey = await makeKey("RS256", "next");

Deno.test("a key that is rotated while the function runs serves at once, and needs no question after half a minute", async () => {
  await using neighbour = new AuthNeighbour(healthy([projectKey.publicJwk]));
  const isolate = startIsolate(neighbour.url);
  assertEquals(await isolate.call(await userToken()), "200");
  neighbour.behaviour = healthy([projectKey.publicJwk, nextKey.publicJwk]);
  const token = await userToken(nextKey);
  assertEquals(await isolate.call(token), "200");
  assertEquals(neighbour.calls, { jwks: 1, user: 1 });
  isolate.pass(30);
  for (let i = 0; i < 20; i++) assertEquals(await isolate.call(token), "200");
  assertEquals(neighbour.calls, { jwks: 2, user: 1 });
  assertEquals(await isolate.call(await userToken()), "200");
});

Deno.test("a key that was taken away stops serving within ten minutes", async () => {
  await using neighbour = new AuthNeighbour(healthy([projectKey.publicJwk]));
  const isolate = startIsolate(neighbour.url);
  const token = await userToken();
  assertEquals(await isolate.call(token), "200");
  neighbour.behaviour = ({ path }) =>
    path.endsWith("/user")
      ? json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, 403)
      : json({ keys: [nextKey.publicJwk] });
  isolate.pass(10 * 60);
  assertEquals(await isolate.call(token), "401 USER_TOKEN_INVALID");
});

Deno.test("another key under the same kid refuses the old key's tokens without a question, until it is right again", async () => {
  const impostor = await makeKey("ES256", projectKey.kid);
  await using neighbour = new AuthNeighbour(healthy([impostor.publicJwk]));
  const isolate = startIsolate(neighbour.url);
  const token = await userToken();
  assertEquals(await isolate.call(token), "401 USER_TOKEN_INVALID");
  assertEquals(await isolate.call(await userToken(impostor)), "200");
  assertEquals(neighbour.calls, { jwks: 1, user: 0 });
  neighbour.behaviour = healthy([projectKey.publicJwk]);
  isolate.pass(10 * 60);
  assertEquals(await isolate.call(token), "200");
});

Deno.test("concurrent first requests share one fetch of the keys, and one that failed is shared as well", async () => {
  const tokens = await Promise.all(Array.from({ length: 50 }, () => userToken()));
  for (const first of [healthy([projectKey.publicJwk]), () => json({}, 500)]) {
    await using neighbour = new AuthNeighbour(first);
    const isolate = startIsolate(neighbour.url);
    await quietly(async () => {
      const outcomes = new Set(await Promise.all(tokens.map((token) => isolate.call(token))));
      assertEquals(outcomes.size, 1);
    });
    assertEquals(neighbour.calls, { jwks: 1, user: 0 });
  }
});

Deno.test("while the keys cannot be had one fetch a second is tried, whatever comes", async () => {
  await using neighbour = new AuthNeighbour(() => json({}, 500));
  const isolate = startIsolate(neighbour.url);
  const token = await userToken();
  await quietly(async () => {
    for (let request = 0; request < 500; request++) {
      // 50 requests a second for ten seconds.
      isolate.pass(0.02);
      assertEquals(await isolate.call(token), "503 AUTH_SERVER_UNAVAILABLE");
    }
  });
  // One more where the real clock adds to the ten seconds.
  assertEquals([10, 11, 12].includes(neighbour.calls.jwks), true, `${neighbour.calls.jwks}`);
  assertEquals(neighbour.calls.user, 0);
});

Deno.test("invented key IDs lead to ten questions a second and one fetch in half a minute; legacy users go on", async () => {
  const refuse = healthy([projectKey.publicJwk]);
  const invented = await Promise.all(
    Array.from({ length: 40 }, (_, i) => userToken({ ...projectKey, kid: `invented-${i}` })),
  );
  const legacy = await legacyToken();
  const known = await userToken();
  let legacyCalls = 0;
  await using neighbour = new AuthNeighbour((request) => {
    if (request.token === legacy) legacyCalls += 1;
    return request.path.endsWith("/user") && request.token !== legacy
      ? json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, 403)
      : refuse(request);
  });
  const isolate = startIsolate(neighbour.url);
  const seconds = 60;
  const started = Date.now();
  await quietly(async () => {
    for (let second = 0; second < seconds; second++) {
      const outcomes = await Promise.all(invented.map((token) => isolate.call(token)));
      const limited = outcomes.filter((outcome) => outcome === "503 AUTH_SERVER_LIMIT_REACHED").length;
      const refused = outcomes.filter((outcome) => outcome === "401 USER_TOKEN_INVALID").length;
      assertEquals(limited + refused, invented.length);
      assertEquals(await isolate.call(legacy), "200");
      assertEquals(await isolate.call(known), "200");
      isolate.pass(1);
    }
  });
  const elapsed = seconds + (Date.now() - started) / 1000;
  assertEquals(legacyCalls, seconds);
  const asked = neighbour.calls.user - legacyCalls;
  assertEquals(asked > 0 && asked <= 10 * (elapsed + 1), true, `${asked} in ${elapsed} s`);
  assertEquals(neighbour.calls.jwks <= 1 + elapsed / 30, true, `${neighbour.calls.jwks} in ${elapsed} s`);
});

Deno.test("with POWERSYNC_SESSION_CHECK=server an outage is a 503 for everyone, and passes with it", async () => {
  await using neighbour = new AuthNeighbour(() => json({}, 500));
  const isolate = startIsolate(neighbour.url, {
    POWERSYNC_SESSION_CHECK: "server",
    SUPABASE_JWKS: JSON.stringify({ keys: [projectKey.publicJwk] }),
  });
  const token = await userToken();
  await quietly(async () => assertEquals(await isolate.call(token), "503 AUTH_SERVER_UNAVAILABLE"));
  neighbour.behaviour = healthy([]);
  assertEquals(await isolate.call(token), "200");
});
