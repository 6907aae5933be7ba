import { assertEquals, assertMatch } from "@std/assert";
import { answer } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");

Deno.test("the original example's secrets give a JWKS that anybody may read and cache for a minute", async () => {
  const environment = {
    POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
    POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  };
  const response = await startFunctions({ environment }).send("powersync-jwks");
  assertEquals(response.headers.get("Cache-Control"), "public, max-age=60");
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
  assertEquals(await answer(response), { status: 200, body: { keys: [key.publicJwk] } });
});

Deno.test("a bad key beside a good one is left out and logged by its secret's name, once", async () => {
  const { ask } = startFunctions({
    environment: {
      POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
      POWERSYNC_PUBLIC_KEY_BAD: base64({ ...key.publicJwk, kid: "bad", n: "AQAB" }),
    },
  });
  const lines = await captureLog(async () => {
    for (let request = 0; request < 3; request++) {
      assertEquals((await ask("powersync-jwks")).body, { keys: [key.publicJwk] });
    }
  });
  assertEquals(lines.length, 1);
  assertMatch(lines.join(), /^powersync-jwks KEY_TOO_WEAK .*POWERSYNC_PUBLIC_KEY_BAD/);
});
