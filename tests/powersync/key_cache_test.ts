import { assert, assertEquals, assertFalse } from "@std/assert";
import { PowerSyncKeyCache } from "./key_cache.ts";

const START = 1_800_000_000;
const MINUTE = 60;

/** A cache of a JWKS that a test changes, and the times at which it was fetched, in seconds after `START`. */
function observed(initial: readonly string[] | undefined) {
  const jwks = { keys: initial };
  const fetches: number[] = [];
  const cache = new PowerSyncKeyCache({
    fetch(at) {
      fetches.push(at - START);
      return jwks.keys;
    },
    fetchSeconds: 0.5,
  });
  return { jwks, fetches, accepts: (kid: string, after: number) => cache.hasKeyFor(kid, START + after) };
}

Deno.test("the first request waits for the keys", () => {
  const { accepts, fetches } = observed(["old"]);
  assert(accepts("old", 0));
  assertEquals(fetches, [0]);
});

Deno.test("keys are refreshed after 5 minutes, and the request that triggers it still uses the old ones", () => {
  const { jwks, accepts, fetches } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = ["new"];
  assert(accepts("old", 5 * MINUTE - 1));
  assertEquals(fetches, [0]);
  assert(accepts("old", 5 * MINUTE));
  assertEquals(fetches, [0, 5 * MINUTE]);
  assertFalse(accepts("old", 5 * MINUTE + 1));
  assert(accepts("new", 5 * MINUTE + 1));
});

Deno.test("without activity nothing is refreshed: a key removed 59 minutes ago is still accepted, one added is not", () => {
  const { jwks, accepts } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = ["new"];
  assert(accepts("old", 60 * MINUTE));
  const other = observed(["old"]);
  other.accepts("old", 0);
  other.jwks.keys = ["old", "new"];
  assertFalse(other.accepts("new", 60 * MINUTE));
  assert(other.accepts("new", 60 * MINUTE + 1));
});

Deno.test("keys older than 60 minutes are dropped, and the request waits for new ones", () => {
  const { jwks, accepts } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = ["new"];
  assert(accepts("new", 60 * MINUTE + 1));
  assertFalse(accepts("old", 60 * MINUTE + 1));
});

Deno.test("an unknown kid triggers a refresh, and the request that triggered it is refused", () => {
  const { jwks, accepts } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = ["old", "new"];
  assertFalse(accepts("new", 2));
  assertFalse(accepts("new", 2.4));
  assert(accepts("new", 2.5));
});

Deno.test("refreshes come quickly at first, and at last one a minute", () => {
  const { accepts, fetches } = observed(["old"]);
  accepts("old", 0);
  for (let second = 1; second < 550; second++) accepts("unknown", second);
  // Counted with the service's own LeakyBucket.
  const expected = [0, 1, 4, 9, 18, 31, 48, 69, 94, 123, 156, 193, 233, 276, 321, 369, 421, 481, 541];
  assertEquals(fetches, expected);
});

Deno.test("after an error the next request fetches again", () => {
  const { jwks, accepts, fetches } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = undefined;
  for (const after of [300, 301]) assert(accepts("old", after));
  assertEquals(fetches, [0, 300, 301]);
});

Deno.test("an error keeps the old keys for 60 minutes, an empty set wipes them", () => {
  const { jwks, accepts } = observed(["old"]);
  accepts("old", 0);
  jwks.keys = undefined;
  for (let minutes = 5; minutes <= 60; minutes += 5) assert(accepts("old", minutes * MINUTE), `${minutes}`);
  assertFalse(accepts("old", 61 * MINUTE));
  const emptied = observed(["old"]);
  emptied.accepts("old", 0);
  emptied.jwks.keys = [];
  emptied.accepts("old", 5 * MINUTE);
  assertFalse(emptied.accepts("old", 5 * MINUTE + 1));
});
