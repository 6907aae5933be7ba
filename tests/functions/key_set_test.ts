/** When a key set is fetched, how long it serves, and which key IDs it knows. */
import { assertEquals, assertRejects } from "@std/assert";
import { KeysUnavailable } from "../../supabase/functions/_shared/powersync/key-set.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startKeySet as start } from "../support/key_set.ts";
import { projectKeys } from "../support/project.ts";

const { ES256: key, RS256: otherKey } = projectKeys;
const MINUTE_MS = 60_000;
/** What comes with an error is not a set, whatever it looks like. */
const down = () => Response.json({ keys: [] }, { status: 500 });

/** Lets the set's server keep its next requests, until they are released and fail. */
function hang(auth: AuthStandIn): { asked: Promise<void>; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  auth.jwks = async () => {
    isAsked();
    await released;
    return down();
  };
  return { asked, release };
}

Deno.test("concurrent first requests share one fetch, and later ones need none for 10 minutes", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  assertEquals(await Promise.all(Array.from({ length: 20 }, () => find())), Array(20).fill("found"));
  clock.ms += 10 * MINUTE_MS - 1;
  assertEquals([await find(), auth.calls.jwks], ["found", 1]);
});

Deno.test("after 10 minutes the old set serves while it is fetched again, and the next request has the new one", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  await find();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  auth.jwks = async () => {
    await answered;
    return Response.json({ keys: [otherKey.publicJwk] });
  };
  clock.ms += 10 * MINUTE_MS;
  assertEquals(await find(), "found", "an upstream that hangs keeps nobody waiting");
  answer();
  await settle();
  assertEquals([await find("project-rsa", "RS256"), auth.calls.jwks], ["found", 2]);
  assertEquals(await find(), "key-unknown", "a removed key is refused from then on");
});

Deno.test("a fetch that fails takes no good set away; it is tried again after 30 seconds", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  const good = auth.jwks;
  const html = () => new Response("<html>");
  for (const broken of [down, html, () => Response.json({}), () => Response.json(null)]) {
    auth.jwks = good;
    clock.ms += 30_000;
    await settle();
    assertEquals(await find(), "found");
    auth.jwks = broken;
    const { jwks } = auth.calls;
    clock.ms += 10 * MINUTE_MS;
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
  clock.ms += 60 * MINUTE_MS - 1;
  assertEquals(await find(), "found");
  clock.ms += 1;
  assertEquals(await find(), "unavailable");
  auth.jwks = () => Response.json({ keys: [key.publicJwk] });
  clock.ms += 1_000;
  assertEquals(await find(), "found");
});

Deno.test("without any set, a fetch that failed is tried again after a second", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  auth.jwks = down;
  for (const [step, fetches] of [[0, 1], [999, 1], [1, 2]] as const) {
    clock.ms += step;
    assertEquals([await find(), auth.calls.jwks], ["unavailable", fetches]);
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
  assertEquals(await find("project-rsa", "RS256"), "found");
});

Deno.test("whether an unknown key exists cannot be told while its publisher is down", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  await find();
  auth.jwks = down;
  clock.ms += 30_000;
  assertEquals([await find("new"), await find()], ["unavailable", "found"]);
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
  clock.ms -= 11 * MINUTE_MS;
  await find();
  await settle();
  assertEquals(auth.calls.jwks, 2);
  auth.jwks = down;
  clock.ms -= 61 * MINUTE_MS;
  assertEquals(await find(), "unavailable");
});

Deno.test("a clock that is set back by less than a set's age prolongs neither the set nor a wait", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find, settle } = start(auth);
  await find();
  clock.ms += 9 * MINUTE_MS;
  await find();
  assertEquals(auth.calls.jwks, 1);
  clock.ms -= 5 * MINUTE_MS;
  await find();
  await settle();
  assertEquals(auth.calls.jwks, 2, "fresh");
  clock.ms += 20_000;
  assertEquals([await find("new"), auth.calls.jwks], ["key-unknown", 2]);
  clock.ms -= 10_000;
  assertEquals([await find("new"), auth.calls.jwks], ["key-unknown", 3], "cool-down");
  auth.jwks = down;
  clock.ms += 30_000;
  assertEquals([await find("new"), auth.calls.jwks], ["unavailable", 4]);
  clock.ms += 20_000;
  assertEquals([await find("new"), auth.calls.jwks], ["unavailable", 4]);
  clock.ms -= 10_000;
  assertEquals([await find("new"), auth.calls.jwks], ["unavailable", 5], "retry");
});

Deno.test("a clock that is corrected by less than a second drops no set", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  await find();
  auth.jwks = down;
  clock.ms -= 900;
  assertEquals([await find(), auth.calls.jwks], ["found", 1]);
});

Deno.test("the place is looked for once an hour, again after a failure, and kept when that fails", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  let looked = 0;
  let isLost = false;
  const locate = () => {
    looked += 1;
    if (isLost) throw new TypeError("lost");
    return `${auth.url}/auth/v1/.well-known/jwks.json`;
  };
  const { clock, find, keys } = start(auth, { locate });
  isLost = true;
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
  assertEquals(
    [await find("new"), looked, auth.calls.jwks],
    ["unavailable", 3, 4],
    "a moved set is noticed",
  );
  auth.jwks = () => Response.json({ keys: [key.publicJwk] });
  clock.ms += 30_000;
  assertEquals([await find("new"), looked], ["key-unknown", 4], "its old place serves meanwhile");
});

Deno.test("a fetch that never ends is given up: the next request fetches again", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { clock, find } = start(auth);
  const { asked, release } = hang(auth);
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
  const { clock, find } = start(auth);
  await find();
  const { asked, release } = hang(auth);
  clock.ms += 10 * MINUTE_MS;
  assertEquals(await find(), "found");
  await asked;
  auth.jwks = undefined;
  auth.published = [otherKey.publicJwk];
  clock.ms += 10_999;
  assertEquals([await find(), auth.calls.jwks], ["found", 2], "it may still end");
  clock.ms += 1;
  assertEquals([await find(), auth.calls.jwks], ["key-unknown", 3], "the new set counts at once");
  release();
});
