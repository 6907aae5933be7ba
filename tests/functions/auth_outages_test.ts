import { assertEquals } from "@std/assert";
import { makeKey } from "../support/signing.ts";
import {
  AuthNeighbour,
  type Behaviour,
  CUT,
  healthy,
  http,
  json,
  SILENCE,
} from "../support/auth_neighbour.ts";
import {
  impatiently,
  legacyToken,
  projectKey,
  quietly,
  startIsolate,
  userToken,
} from "../support/isolate.ts";

const good = healthy([projectKey.publicJwk]);
const HTML = http(200, "<!doctype html><title>Welcome</title>", ["Content-Type: text/html"]);
const TRUNCATED =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"keys":[{"kty":"EC"';

/** Ways to fail that say nothing about a token. */
const FAILURES: Record<string, Behaviour> = {
  "is silent": () => SILENCE,
  "stops within the head": () => "HTTP/1.1 200 OK\r\nContent-",
  "stops within the body": () => TRUNCATED,
  "cuts the connection": () => CUT,
  "speaks no HTTP": () => "220 smtp.example.com ESMTP\r\n",
  "answers 429": () => json({ code: 429, error_code: "over_request_rate_limit", msg: "Too many" }, 429),
  // Not the Auth server's words, but a proxy's.
  "answers 403 as HTML": () => http(403, "<html>Blocked</html>", ["Content-Type: text/html"]),
  "answers 401 without a body": () => http(401, ""),
  "answers 500": () => json({ code: 500, error_code: "unexpected_failure", msg: "Oh" }, 500),
  "answers 500 without a body": () => http(500, ""),
  "answers 502 as HTML": () => http(502, "<html>Bad gateway</html>", ["Content-Type: text/html"]),
  "answers 503": () => http(503, "upstream connect error"),
  "answers 504 as JSON": () => json({ message: "The upstream server is timing out" }, 504),
  "answers HTML": () => HTML,
  "answers nothing with a 200": () => http(200, ""),
  "answers null": () => json(null),
  "answers an empty object": () => json({}),
  "answers an array": () => json([]),
  "answers a text": () => json("ok"),
  "answers a number": () => json(1),
  "answers half of its JSON": () => http(200, '{"keys":[{"kty":', ["Content-Type: application/json"]),
  "answers what is not UTF-8": () => http(200, "\ufffd\ufffd{", ["Content-Type: application/json"]),
  "redirects": () => http(302, "", ["Location: http://127.0.0.1:1/"]),
  "redirects to itself": () => http(307, "", ["Location: /auth/v1/user"]),
  "answers 204": () => "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
};

for (const [who, tokenOf] of [["signing-key", () => userToken()], ["legacy", legacyToken]] as const) {
  Deno.test(`when the Auth server fails a ${who} user gets a 503, and a token as soon as it is back`, async () => {
    await using neighbour = new AuthNeighbour(good);
    const token = await tokenOf();
    await quietly(async () => {
      for (const [what, behaviour] of Object.entries(FAILURES)) {
        const isolate = startIsolate(neighbour.url);
        neighbour.behaviour = behaviour;
        await impatiently(async () => {
          for (const attempt of ["first", "second"]) {
            assertEquals(await isolate.call(token), "503 AUTH_SERVER_UNAVAILABLE", `${what}, ${attempt}`);
          }
        });
        neighbour.behaviour = good;
        // The shortest time after which a failed fetch is tried again.
        isolate.pass(1);
        assertEquals(await isolate.call(token), "200", `${what}, then is back`);
      }
    });
  });

  Deno.test(`when nothing listens a ${who} user gets a 503, and a token as soon as it is back`, async () => {
    await using neighbour = new AuthNeighbour(good);
    const isolate = startIsolate(neighbour.url);
    const token = await tokenOf();
    await neighbour.stop();
    await quietly(async () => assertEquals(await isolate.call(token), "503 AUTH_SERVER_UNAVAILABLE"));
    neighbour.start();
    isolate.pass(1);
    assertEquals(await isolate.call(token), "200");
  });
}

Deno.test("users whose keys are known do not notice an outage of any kind for an hour", async () => {
  await using neighbour = new AuthNeighbour(good);
  const isolate = startIsolate(neighbour.url);
  const token = await userToken();
  assertEquals(await isolate.call(token), "200");
  await impatiently(async () => {
    const failures = Object.entries(FAILURES);
    for (const [what, behaviour] of failures) {
      neighbour.behaviour = behaviour;
      isolate.pass(59 * 60 / failures.length);
      assertEquals(await isolate.call(token), "200", what);
    }
    await quietly(async () => {
      isolate.pass(60);
      assertEquals(await isolate.call(token), "503 AUTH_SERVER_UNAVAILABLE");
    });
  });
  neighbour.behaviour = good;
  isolate.pass(1);
  assertEquals(await isolate.call(token), "200");
});

Deno.test("a set with one key that cannot be used beside good ones serves the good ones", async () => {
  const other = await makeKey("RS256", "other");
  const bad = [{ kty: "EC", crv: "P-256", kid: "bad", x: "AA", y: "AA" }, {
    kty: "oct",
    k: "AAAA",
    kid: "shared",
  }];
  await using neighbour = new AuthNeighbour(() =>
    json({ keys: [...bad, projectKey.publicJwk, other.publicJwk] })
  );
  const isolate = startIsolate(neighbour.url);
  assertEquals(await isolate.call(await userToken()), "200");
  assertEquals(await isolate.call(await userToken(other)), "200");
});

Deno.test("what the Auth server refuses is a 401, and is not remembered", async () => {
  const refusals: Behaviour[] = [
    () => json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT: signature is invalid" }, 403),
    () =>
      json(
        { code: 403, error_code: "session_not_found", msg: "Session from session_id does not exist" },
        403,
      ),
    () =>
      json(
        { code: 404, error_code: "user_not_found", msg: "User from sub claim in JWT does not exist" },
        404,
      ),
    () =>
      json({ code: 401, error_code: "no_authorization", msg: "This endpoint requires a Bearer token" }, 401),
    () => json({ id: "5c7a6c0e-0000-4000-8000-0000000000ff" }),
  ];
  await using neighbour = new AuthNeighbour(good);
  const isolate = startIsolate(neighbour.url);
  const token = await legacyToken();
  for (const behaviour of refusals) {
    neighbour.behaviour = behaviour;
    assertEquals(await isolate.call(token), "401 USER_TOKEN_INVALID");
    neighbour.behaviour = good;
    // Nothing negative is kept.
    assertEquals(await isolate.call(token), "200");
  }
});
