/** When a key set is fetched, how long it serves, and which key IDs it knows. Which keys it finds is in key_set_inline_test.ts. */
import { assertEquals, assertRejects } from "@std/assert";
import { KeysUnavailable } from "../../supabase/functions/_shared/powersync/key-set.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { projectKeys } from "../support/project.ts";
import { hang, startKeySet as start } from "./key_set.ts";

const { ES256: key, RS256: otherKey } = projectKeys;
const OTHER = ["project-rsa", "RS256"] as const;
const MINUTE = 60_000;
/** What comes with an error is not a set, whatever it looks like. */
const down = () => Response.json({ keys: [] }, { status: 500 });

Deno.test("concurrent first requests share one fetch, and later ones need none for 10 minutes", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { find, steps } = start(auth);
  assertEquals(await Promise.all(Array.from({ length: 20 }, () => find())), Array(20).fill("found"));
  await steps([10 * MINUTE - 1, key.kid, "found", 1]);
});

Deno.test("after 10 minutes the old set serves while it is fetched again, and the next request has the new one", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  await find();
  const { release } = hang(auth, () => Response.json({ keys: [otherKey.publicJwk] }));
  clock.ms += 10 * MINUTE;
  assertEquals(await find(), "found", "an upstream that hangs keeps nobody waiting");
  release();
  await settle();
  assertEquals([await find(...OTHER), auth.calls.jwks], ["found", 2]);
  assertEquals(await find(), "key-unknown", "a removed key is refused from then on");
});

Deno.test("a fetch that fails takes no good set away; it is tried again after 30 seconds", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  const html = () => new Response("<html>");
  for (const broken of [down, html, () => Response.json({}), () => Response.json(null)]) {
    auth.jwks = undefined;
    clock.ms += 30_000;
    await settle();
    assertEquals(await find(), "found");
    auth.jwks = broken;
    const { jwks } = auth.calls;
    clock.ms += 10 * MINUTE;
    for (const [step, fetches] of [[0, 1], [29_999, 1], [1, 2]] as const) {
      clock.ms += step;
      assertEquals([await find(), await settle()], ["found", "unavailable"]);
      assertEquals([step, auth.calls.jwks], [step, jwks + fetches]);
    }
  }
});

Deno.test("a fetched set that cannot be renewed serves for 60 minutes and not a moment longer", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  await find();
  auth.jwks = down;
  clock.ms += 60 * MINUTE - 1;
  assertEquals(await find(), "found");
  clock.ms += 1;
  assertEquals(await find(), "unavailable");
  auth.jwks = undefined;
  clock.ms += 1_000;
  assertEquals(await find(), "found");
});

Deno.test("before any set was fetched, a fetch that failed is tried again after a second, inline keys or not", async () => {
  for (const inline of [[], [otherKey]]) {
    await using auth = new AuthStandIn([key.publicJwk]);
    const { steps } = start(auth, { inline });
    auth.jwks = down;
    await steps(
      [0, key.kid, "unavailable", 1],
      [999, key.kid, "unavailable", 1],
      [1, key.kid, "unavailable", 2],
    );
    auth.jwks = undefined;
    await steps([1_000, key.kid, "found", 3]);
  }
});

Deno.test("unknown key IDs cause one fetch in 30 seconds, and a rotated key is found by it", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  for (const [step, fetches] of [[0, 1], [29_999, 1], [1, 2], [29_999, 2], [1, 3]] as const) {
    clock.ms += step;
    const outcomes = await Promise.all([find("a"), find("b"), find()]);
    assertEquals([outcomes, auth.calls.jwks], [["key-unknown", "key-unknown", "found"], fetches]);
  }
  auth.published = [key.publicJwk, otherKey.publicJwk];
  clock.ms += 30_000;
  assertEquals(await find(...OTHER), "found");
});

Deno.test("whether an unknown key exists cannot be told while its publisher is down", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { steps } = start(auth);
  await steps([0, key.kid, "found", 1]);
  auth.jwks = down;
  await steps([30_000, "new", "unavailable", 2], [0, key.kid, "found", 2]);
});

Deno.test("a known key ID with another algorithm is final: it costs no fetch", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  for (const { find } of [start(auth, { inline: [key] }), start(auth)]) {
    assertEquals(await find("project-ec", "RS256"), "algorithm");
  }
  assertEquals(auth.calls.jwks, 1, "the second had to fetch the set");
});

Deno.test("an empty set is an answer: no key is known, and nothing is unavailable", async () => {
  await using auth = new AuthStandIn();
  assertEquals(await start(auth).find(), "key-unknown");
});

Deno.test("a clock that is set back makes a set old instead of prolonging it", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  await find();
  clock.ms -= 11 * MINUTE;
  await find();
  await settle();
  assertEquals(auth.calls.jwks, 2);
  auth.jwks = down;
  clock.ms -= 61 * MINUTE;
  assertEquals(await find(), "unavailable");
});

Deno.test("a clock that is set back by less than a set's age prolongs neither the set nor a wait", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle, steps } = start(auth);
  await steps([0, key.kid, "found", 1], [9 * MINUTE, key.kid, "found", 1]);
  clock.ms -= 5 * MINUTE;
  await find();
  await settle();
  assertEquals(auth.calls.jwks, 2, "fresh");
  await steps([20_000, "new", "key-unknown", 2], [-10_000, "new", "key-unknown", 3]);
  auth.jwks = down;
  await steps(
    [30_000, "new", "unavailable", 4],
    [20_000, "new", "unavailable", 4],
    [-10_000, "new", "unavailable", 5],
  );
});

Deno.test("a clock that is corrected by less than a second drops no set", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { find, steps } = start(auth);
  await find();
  auth.jwks = down;
  await steps([-900, key.kid, "found", 1]);
});

Deno.test("the place is looked for once an hour, again after a failure, and kept when that fails", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  let [looked, isLost] = [0, true];
  const locate = () => {
    looked += 1;
    if (isLost) throw new TypeError("lost");
    return `${auth.url}/auth/v1/.well-known/jwks.json`;
  };
  const { clock, find, keys } = start(auth, { locate });
  assertEquals(await find(), "unavailable");
  await assertRejects(() => keys({ alg: "ES256", kid: "project-ec" }), KeysUnavailable);
  isLost = false;
  clock.ms += 1_000;
  assertEquals([await find(), looked], ["found", 2]);
  clock.ms += 30_000;
  assertEquals([await find("new"), looked, auth.calls.jwks], ["key-unknown", 2, 2]);
  auth.jwks = down;
  clock.ms += 30_000;
  assertEquals([await find("new"), looked], ["unavailable", 2]);
  clock.ms += 30_000;
  isLost = true;
  assertEquals([await find("new"), looked, auth.calls.jwks], ["unavailable", 3, 4], "a moved set is noticed");
  auth.jwks = undefined;
  clock.ms += 30_000;
  assertEquals([await find("new"), looked], ["key-unknown", 4], "its old place serves meanwhile");
});

Deno.test("a fetch that never ends is given up: the next request fetches again", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  const { asked, release } = hang(auth, down);
  const lost = find();
  await asked;
  auth.jwks = undefined;
  clock.ms += 11_000;
  assertEquals(await find(), "found");
  release();
  assertEquals(await lost, "found", "its failure takes nothing away");
});

Deno.test("a fetch behind an answer that is lost with its request is waited for by a later request", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, steps } = start(auth);
  await find();
  const { asked, release } = hang(auth, down);
  clock.ms += 10 * MINUTE;
  assertEquals(await find(), "found");
  await asked;
  [auth.jwks, auth.published] = [undefined, [otherKey.publicJwk]];
  // It may still end; then the new set counts at once.
  await steps([10_999, key.kid, "found", 2], [1, key.kid, "key-unknown", 3]);
  release();
});

Deno.test("where somebody else can be asked, a request waits for a fetch only as long as its patience", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { release } = hang(auth, () => Response.json({ keys: [key.publicJwk] }));
  const { find } = start(auth, { patienceMs: 20 });
  assertEquals(await Promise.all([find(), find()]), ["unavailable", "unavailable"]);
  release();
  // Each waits for the answer that is on its way, 20 ms at most.
  for (let tries = 0; tries < 500 && await find() !== "found"; tries++);
  assertEquals(await find(), "found");
  assertEquals(auth.calls.jwks, 1, "the fetch went on");
});
