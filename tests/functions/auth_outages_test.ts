/** What users notice when Supabase Auth fails, in every way an upstream can. */
import { assertEquals } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { CUT, type Reply, SILENCE } from "../support/http_stand_in.ts";
import { projectKeys, signLegacyToken, userClaims, userToken } from "../support/project.ts";

const key = projectKeys.ES256;
const PUBLISHED = [key.publicJwk];
const UNAVAILABLE = "503 AUTH_SERVER_UNAVAILABLE";
/** How long to wait for an answer that does not come; on a busy machine one that comes may take longer. */
const IMPATIENT_MS = 50;
const PATIENT_MS = 5_000;
/** The shortest time after which a failed fetch is tried again. */
const RETRY_MS = 1_000;
/** Outlives every test's clock. */
const exp = Math.floor(Date.now() / 1000) + 86_400;

/** An isolate without inline keys. */
function start({ url }: AuthStandIn, timeoutMs = PATIENT_MS) {
  const limits = { timeoutMs };
  return { ...startFunctions({ url, inline: [], limits }), limits };
}

const page = (status: number) => () =>
  new Response("<html>A proxy</html>", { status, headers: { "Content-Type": "text/html" } });
const json = (value: unknown, status = 200) => () => Response.json(value, { status });

/** Ways to fail that say nothing about a token. */
const FAILURES: Record<string, () => Reply> = {
  "is silent": () => SILENCE,
  "stops within the head": () => "HTTP/1.1 200 OK\r\nContent-",
  "stops within the body": () =>
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"keys":[{"kty":"EC"',
  "cuts the connection": () => CUT,
  "does not speak HTTP": () => "220 smtp.example.com ESMTP\r\n",
  "answers 429": () => authError(429, "over_request_rate_limit"),
  // The words of a proxy, not of the Auth server.
  "answers 403 as HTML": page(403),
  "answers 401 without a body": () => new Response(null, { status: 401 }),
  "answers 500": () => authError(500, "unexpected_failure"),
  "answers 500 without a body": () => new Response(null, { status: 500 }),
  "answers 502 as HTML": page(502),
  "answers 503": () => new Response("upstream connect error", { status: 503 }),
  "answers 504 as JSON": json({ message: "The upstream server is timing out" }, 504),
  "answers HTML": page(200),
  "answers nothing with a 200": () => new Response(null),
  "answers null": json(null),
  "answers an empty object": json({}),
  "answers an array": json([]),
  "answers a text": json("ok"),
  "answers a number": json(1),
  "answers half of its JSON": () =>
    new Response('{"keys":[{"kty":', { headers: { "Content-Type": "application/json" } }),
  "answers invalid UTF-8": () =>
    new Response(Uint8Array.of(0xff, 0xff, 0x7b), { headers: { "Content-Type": "application/json" } }),
  "redirects": () => Response.redirect("http://127.0.0.1:1/"),
  "redirects to itself": () => new Response(null, { status: 307, headers: { Location: "/auth/v1/user" } }),
  "answers 204": () => new Response(null, { status: 204 }),
};

const USERS = {
  "signing-key": await userToken({ exp }),
  "legacy": await signLegacyToken(userClaims({ exp })),
};
for (const [who, token] of Object.entries(USERS)) {
  Deno.test(`when the Auth server fails, a ${who} user gets a 503, and a token as soon as it is back`, async () => {
    const codesFor = async ([what, reply]: readonly [string, () => Reply]) => {
      await using auth = new AuthStandIn(PUBLISHED);
      const { code, clock, limits } = start(auth, IMPATIENT_MS);
      auth.fail(reply);
      const codes = [await code(token), await code(token)];
      auth.fail(undefined);
      limits.timeoutMs = PATIENT_MS;
      clock.ms += RETRY_MS;
      return [what, ...codes, await code(token)];
    };
    for (const [what, ...codes] of await Promise.all(Object.entries(FAILURES).map(codesFor))) {
      assertEquals([what, ...codes], [what, UNAVAILABLE, UNAVAILABLE, "200"]);
    }
  });

  Deno.test(`when nothing listens, a ${who} user gets a 503, and a token as soon as it is back`, async () => {
    await using auth = new AuthStandIn(PUBLISHED);
    const { code, clock } = start(auth);
    await auth.stop();
    assertEquals(await code(token), UNAVAILABLE);
    auth.start();
    clock.ms += RETRY_MS;
    assertEquals(await code(token), "200");
  });
}

Deno.test("users whose keys are known do not notice an outage of any kind for an hour", async () => {
  await using auth = new AuthStandIn(PUBLISHED);
  const { code, clock, limits } = start(auth);
  const token = await userToken({ exp });
  assertEquals(await code(token), "200");
  limits.timeoutMs = IMPATIENT_MS;
  const failures = Object.entries(FAILURES);
  for (const [what, reply] of failures) {
    auth.fail(reply);
    clock.ms += 59 * 60_000 / failures.length;
    assertEquals([what, await code(token)], [what, "200"]);
  }
  clock.ms += 60_000;
  assertEquals(await code(token), UNAVAILABLE);
  auth.fail(undefined);
  limits.timeoutMs = PATIENT_MS;
  clock.ms += RETRY_MS;
  assertEquals(await code(token), "200");
});
