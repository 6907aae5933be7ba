/** Inline keys beside fetched ones, several keys for one token, and how long a request waits. */
import { assertEquals } from "@std/assert";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startKeySet as start } from "../support/key_set.ts";
import { projectKeys } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const { ES256: key, RS256: otherKey } = projectKeys;
const MINUTE_MS = 60_000;
const down = () => new Response(null, { status: 500 });

Deno.test("inline keys answer the first request without a fetch", async () => {
  await using auth = new AuthStandIn([otherKey.publicJwk]);
  const { clock, find, settle } = start(auth, { inline: [key] });
  assertEquals([await find(), auth.calls.jwks], ["found", 0]);
  assertEquals(
    [await find("project-rsa", "RS256"), auth.calls.jwks],
    ["found", 1],
    "another key is fetched at once",
  );
  assertEquals(await find(), "found", "a JWKS that is behind takes no inline key away at once");
  clock.ms += 10 * MINUTE_MS;
  assertEquals(await find(), "key-unknown", "after ten minutes what is published takes their place");
  await settle();
  auth.published = [];
  const behindEmpty = start(auth, { inline: [key] });
  await behindEmpty.settle();
  assertEquals(await behindEmpty.find(), "found", "nor does an empty one");
});

Deno.test("before any set was fetched, a fetch that failed is tried again after a second, inline keys or not", async () => {
  await using auth = new AuthStandIn([otherKey.publicJwk]);
  const { clock, find } = start(auth, { inline: [key] });
  auth.jwks = down;
  assertEquals(await find("project-rsa", "RS256"), "unavailable");
  auth.jwks = undefined;
  clock.ms += 1_000;
  assertEquals(await find("project-rsa", "RS256"), "found");
});

Deno.test("where somebody else can be asked, a request waits for a fetch only as long as its patience", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  auth.jwks = async () => {
    await released;
    return Response.json({ keys: [key.publicJwk] });
  };
  const { find } = start(auth, { patienceMs: 20 });
  assertEquals(await Promise.all([find(), find()]), ["unavailable", "unavailable"]);
  release();
  // Each waits for the answer that is on its way, 20 ms at most.
  for (let tries = 0; tries < 500 && await find() !== "found"; tries++);
  assertEquals(await find(), "found");
  assertEquals(auth.calls.jwks, 1, "the fetch went on");
});

Deno.test("inline keys age like fetched ones, and stay where there is nothing to fetch", async () => {
  await using auth = new AuthStandIn([otherKey.publicJwk]);
  const aging = start(auth, { inline: [key] });
  aging.clock.ms += 10 * MINUTE_MS;
  assertEquals(await aging.find(), "found");
  await aging.settle();
  assertEquals([await aging.find(), await aging.find("project-rsa", "RS256")], ["key-unknown", "found"]);
  auth.jwks = () => new Response(null, { status: 404 });
  const alone = start(auth, { inline: [key] });
  for (let hour = 0; hour < 3; hour++) {
    assertEquals(await alone.find(), "found");
    await alone.settle();
    alone.clock.ms += 60 * MINUTE_MS;
  }
});

Deno.test("keys of which none can be used are unavailable, alone or with others of their ID", async () => {
  const broken = { ...key.publicJwk, x: "?" };
  await using auth = new AuthStandIn([broken, { ...broken, y: "?" }]);
  assertEquals(await start(auth).find(), "unavailable");
});

Deno.test("keys that share an ID, or have none, are all candidates; one that cannot be imported is not", async () => {
  const twin = await makeKey("ES256", "project-ec");
  const nameless = await makeKey("ES256");
  const broken = { ...key.publicJwk, x: "?" };
  await using auth = new AuthStandIn([key.publicJwk, twin.publicJwk, broken]);
  assertEquals((await start(auth).keys({ alg: "ES256", kid: "project-ec" })).length, 2);
  auth.jwks = () => Response.json({ keys: [nameless.publicJwk, key.publicJwk] });
  assertEquals((await start(auth).keys({ alg: "ES256" })).length, 2);
  auth.jwks = () => Response.json({ keys: [broken] });
  assertEquals(await start(auth).find(), "unavailable");
  auth.jwks = () => Response.json({ keys: Array(20).fill(key.publicJwk) });
  assertEquals(
    (await start(auth).keys({ alg: "ES256", kid: "project-ec" })).length,
    8,
    "tries are bounded",
  );
});
