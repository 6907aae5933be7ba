/** What users notice when the project's signing keys are rotated. How long keys serve is in key_set_test.ts. */
import { assertEquals } from "@std/assert";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { projectKeys, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const { ES256: key, RS256: nextKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";
const start = ({ url }: AuthStandIn) => startFunctions({ url, inline: [] });
/** Outlives every test's clock. */
const exp = Math.floor(Date.now() / 1000) + 86_400;

Deno.test("a key that is rotated while the function runs serves at once, and needs no question after half a minute", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code, clock } = start(auth);
  assertEquals(await code(await userToken({ exp })), "200");
  auth.published = [key.publicJwk, nextKey.publicJwk];
  const token = await userToken({ exp }, nextKey);
  assertEquals(await code(token), "200");
  assertEquals(auth.calls, { jwks: 1, user: 1 });
  clock.ms += 30_000;
  for (let i = 0; i < 20; i++) assertEquals(await code(token), "200");
  assertEquals(auth.calls, { jwks: 2, user: 1 });
  assertEquals(await code(await userToken({ exp })), "200");
});

Deno.test("another key under the same kid refuses the old key's tokens without a question, until it is right again", async () => {
  const impostor = await makeKey("ES256", key.kid);
  await using auth = new AuthStandIn([impostor.publicJwk]);
  const { code, clock } = start(auth);
  const token = await userToken({ exp });
  assertEquals(await code(token), INVALID);
  assertEquals(await code(await userToken({}, impostor)), "200");
  assertEquals(auth.calls, { jwks: 1, user: 0 });
  auth.published = [key.publicJwk];
  clock.ms += 10 * 60_000;
  assertEquals(await code(token), INVALID, "the old set serves while the new one is fetched");
  await code(await userToken({ exp }, { ...key, kid: "unknown" }));
  assertEquals(await code(token), "200");
});
