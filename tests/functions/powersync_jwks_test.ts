import { assertEquals, assertMatch } from "@std/assert";
import { answer } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");
const POWERSYNC_PRIVATE_KEY = base64(key.privateJwk);

Deno.test("the original example's secrets give a JWKS that anybody may read and cache for a minute", async () => {
  const environment = { POWERSYNC_PRIVATE_KEY, POWERSYNC_PUBLIC_KEY: base64(key.publicJwk) };
  const response = await startFunctions({ environment }).send("powersync-jwks");
  const headers = ["Cache-Control", "Content-Type", "Access-Control-Allow-Origin"];
  assertEquals(headers.map((name) => response.headers.get(name)), [
    "public, max-age=60",
    "application/json",
    "*",
  ]);
  assertEquals(await answer(response), { status: 200, body: { keys: [key.publicJwk] } });
});

Deno.test("a bad key beside a good one is left out and logged by its secret's name, once", async () => {
  const bad = base64({ ...key.publicJwk, kid: "bad", n: "AQAB" });
  const { ask, log } = startFunctions({
    environment: { POWERSYNC_PRIVATE_KEY, POWERSYNC_PUBLIC_KEY_BAD: bad },
  });
  for (let request = 0; request < 3; request++) {
    assertEquals((await ask("powersync-jwks")).body, { keys: [key.publicJwk] });
  }
  assertEquals(log.length, 1);
  assertMatch(log.join(), /^powersync-jwks KEY_TOO_WEAK .*POWERSYNC_PUBLIC_KEY_BAD/);
});
