/** Inline keys beside fetched ones, and several keys for one token. */
import { assertEquals } from "@std/assert";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { projectKeys } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { startKeySet as start } from "./key_set.ts";

const { ES256: key, RS256: otherKey } = projectKeys;
const OTHER = ["project-rsa", "RS256"] as const;
const MINUTE = 60_000;
const broken = { ...key, publicJwk: { ...key.publicJwk, x: "?" } };
const twin = await makeKey("ES256", key.kid);

Deno.test("inline keys answer the first requests without a fetch, and age like fetched ones", async () => {
  await using auth = new AuthStandIn([otherKey.publicJwk]);
  const { clock, find, settle } = start(auth, { inline: [key] });
  assertEquals([await find(), auth.calls.jwks], ["found", 0]);
  assertEquals([await find(...OTHER), auth.calls.jwks], ["found", 1], "another key is fetched at once");
  assertEquals(await find(), "found", "a JWKS that is behind takes no inline key away at once");
  clock.ms += 10 * MINUTE;
  assertEquals(await find(), "key-unknown", "after ten minutes what is published takes their place");
  await settle();
  const unfetched = start(auth, { inline: [key] });
  unfetched.clock.ms += 10 * MINUTE;
  assertEquals(await unfetched.find(), "found", "while it is fetched");
  await unfetched.settle();
  assertEquals([await unfetched.find(), await unfetched.find(...OTHER)], ["key-unknown", "found"]);
});

Deno.test("inline keys stay where what is published is empty, or where there is nothing to fetch", async () => {
  await using auth = new AuthStandIn([]);
  const behindEmpty = start(auth, { inline: [key] });
  await behindEmpty.settle();
  assertEquals(await behindEmpty.find(), "found");
  auth.jwks = () => new Response(null, { status: 404 });
  const alone = start(auth, { inline: [key] });
  for (let hour = 0; hour < 3; hour++) {
    assertEquals(await alone.find(), "found");
    await alone.settle();
    alone.clock.ms += 60 * MINUTE;
  }
});

Deno.test("an inline key that cannot be used, or stands twice, does not hide a good one", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  for (const inline of [[broken], [broken, key], [key, key], [twin, key]]) {
    assertEquals(await start(auth, { inline }).find(), "found");
  }
  assertEquals(auth.calls.jwks, 1, "for the first");
});

Deno.test("keys that share an ID, or have none, are all candidates; one that cannot be imported is not", async () => {
  const [named, nameless] = [{ alg: "ES256", kid: "project-ec" }, { alg: "ES256" }];
  await using auth = new AuthStandIn();
  const found = async (
    published: readonly { publicJwk: object }[],
    header: { alg: string; kid?: string },
  ) => {
    auth.jwks = () => Response.json({ keys: published.map(({ publicJwk }) => publicJwk) });
    return (await start(auth).keys(header)).length;
  };
  assertEquals(await found([key, twin, broken], named), 2);
  assertEquals(await found([await makeKey("ES256"), key], nameless), 2);
  assertEquals(await found(Array(20).fill(key), named), 8, "tries are bounded");
  for (const keys of [[broken], [broken, broken]]) {
    auth.jwks = () => Response.json({ keys: keys.map(({ publicJwk }) => publicJwk) });
    assertEquals(await start(auth).find(), "unavailable");
  }
});
