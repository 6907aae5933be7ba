import { assertEquals, assertMatch } from "@std/assert";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import { base64, logged, read } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");

function call(environment: Record<string, string>, method = "GET"): Promise<Response> {
  return powersyncJwks({ environment: () => environment })(
    new Request("http://localhost/powersync-jwks", { method }),
  );
}

Deno.test("the original example's secrets give a JWKS that anybody may read and cache for five minutes", async () => {
  const response = await call({
    POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
    POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  });
  assertEquals(response.headers.get("Cache-Control"), "public, max-age=300");
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
  assertEquals(await read(response), { status: 200, body: { keys: [key.publicJwk] } });
});

Deno.test("HEAD answers the same without a body", async () => {
  const response = await call({ POWERSYNC_PRIVATE_KEY: base64(key.privateJwk) }, "HEAD");
  assertEquals([response.status, await response.text()], [200, ""]);
  await logged(async () => {
    const failed = await call({}, "HEAD");
    assertEquals([failed.status, await failed.text()], [500, ""]);
  });
});

Deno.test("POST is a 405 with Allow, OPTIONS a 204", async () => {
  const wrong = await call({}, "POST");
  assertEquals([wrong.status, wrong.headers.get("Allow")], [405, "GET, HEAD, OPTIONS"]);
  assertEquals((await wrong.json()).code, "METHOD_NOT_ALLOWED");
  assertEquals((await call({}, "OPTIONS")).status, 204);
});

Deno.test("every secret whose name says so is read, empty ones count as unset", async () => {
  const [second, third] = [await makeKey("ES256", "second"), await makeKey("EdDSA", "third")];
  const { body } = await read(
    await call({
      POWERSYNC_PRIVATE_KEY: " ",
      POWERSYNC_PRIVATE_KEY_20270101: base64(second.privateJwk),
      POWERSYNC_PUBLIC_KEY: "",
      POWERSYNC_PUBLIC_KEY_OLD: base64({ keys: [third.publicJwk] }),
      POWERSYNC_PRIVATE_KEYS: base64(key.privateJwk),
      MY_POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
    }),
  );
  assertEquals(body, { keys: [second.publicJwk, third.publicJwk] });
});

Deno.test("a bad key beside a good one is left out and logged by its secret's name, once", async () => {
  const handle = powersyncJwks({
    environment: () => ({
      POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
      POWERSYNC_PUBLIC_KEY_BAD: base64({ ...key.publicJwk, kid: "bad", n: "AQAB" }),
    }),
  });
  const lines = await logged(async () => {
    for (let request = 0; request < 3; request++) {
      const response = await handle(new Request("http://localhost/"));
      assertEquals(await response.json(), { keys: [key.publicJwk] });
    }
  });
  assertEquals(lines.length, 1);
  assertMatch(lines[0] ?? "", /^powersync-jwks KEY_TOO_WEAK .*POWERSYNC_PUBLIC_KEY_BAD/);
});

Deno.test("with nothing to publish the answer is a coded 500, never a 200", async () => {
  const cases: [Record<string, string>, string][] = [
    [{}, "POWERSYNC_PRIVATE_KEY_MISSING"],
    [{ POWERSYNC_PRIVATE_KEY: base64(key.publicJwk) }, "KEY_IS_PUBLIC"],
    [{ POWERSYNC_PUBLIC_KEY: base64(key.privateJwk) }, "KEY_IS_PRIVATE"],
    [{ POWERSYNC_PUBLIC_KEY: base64({ keys: [] }) }, "KEY_MALFORMED"],
  ];
  for (const [environment, code] of cases) {
    await logged(async () => {
      const { status, body } = await read(await call(environment));
      assertEquals([status, body.code, Object.keys(body)], [500, code, ["code", "message", "hint"]]);
    });
  }
});
