/** What the answers of Supabase Auth, and of a gateway in front of it, become. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { type StartOptions, startWithoutUserIssuer } from "../support/functions.ts";
import { captureLog, silenceLog } from "../support/log.ts";
import { claimsOf, projectKeys, signLegacyToken, userClaims } from "../support/project.ts";
import { sign } from "../support/signing.ts";

const { ES256: key, RS256: nextKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";

const start = (auth: Pick<AuthStandIn, "url">, options: StartOptions = {}) =>
  startWithoutUserIssuer(auth, { inline: [key], ...options });

Deno.test("a banned user is refused, by every version of Auth, where Auth is asked", async () => {
  await using auth = new AuthStandIn([]);
  for (const environment of [{}, { POWERSYNC_SESSION_CHECK: "server" }]) {
    const { code } = start(auth, { environment });
    const token = Object.keys(environment).length === 0
      ? await signLegacyToken(claimsOf(auth.url))
      : await sign(claimsOf(auth.url), { key });
    for (const fate of ["banned", "banned-before-2.195"] as const) {
      auth.fate = fate;
      assertEquals([fate, await code(token)], [fate, INVALID]);
    }
    auth.fate = "active";
    assertEquals(await code(token), "200");
  }
});

Deno.test("a ban counts until its time has passed", async () => {
  await using auth = new AuthStandIn([]);
  const { code, clock } = start(auth);
  const token = await signLegacyToken(claimsOf(auth.url));
  const at = (ms: number) => new Date(clock.ms + ms).toISOString();
  const bans: [unknown, string][] = [
    [at(1_000), INVALID],
    [at(-1_000), "200"],
    [null, "200"],
    [undefined, "200"],
    ["for ever", INVALID],
    [true, INVALID],
    [{ toString: 1 }, INVALID],
  ];
  for (const [banned_until, expected] of bans) {
    auth.user = () => Response.json({ id: userClaims().sub, banned_until });
    assertEquals([banned_until, await code(token)], [banned_until, expected]);
  }
});

Deno.test("a key ID cannot steer the diagnosis through the text of Auth's error", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  for (const kid of ["my api key", "Invalid API key", "Unauthorized"]) {
    auth.user = () => authError(403, "bad_jwt", `invalid JWT: unrecognized JWT kid ${kid}`);
    assertEquals(await code(await sign(claimsOf(auth.url), { key: { ...nextKey, kid } })), INVALID);
  }
});

Deno.test("Auth's own codes are the user's 401, whatever headers a gateway strips; everything else is ours", async () => {
  const error = (status: number, body: unknown) => () => Response.json(body, { status });
  const unavailable = "503 AUTH_SERVER_UNAVAILABLE";
  const refusedKey = "500 SUPABASE_PUBLISHABLE_KEYS_INVALID";
  const tooLarge = "401 USER_TOKEN_TOO_LARGE";
  const cases: [() => Response, string][] = [
    [error(403, { code: 403, error_code: "bad_jwt", msg: "x" }), INVALID],
    [error(400, { code: 400, error_code: "bad_jwt", msg: "x" }), INVALID],
    [error(401, { code: 401, error_code: "no_authorization", msg: "x" }), INVALID],
    [error(403, { code: 403, error_code: "session_not_found", msg: "x" }), INVALID],
    [error(403, { code: 403, error_code: "a_code_of_next_year", msg: "x" }), INVALID],
    [error(429, { code: 429, error_code: "over_request_rate_limit", msg: "x" }), unavailable],
    [error(500, { code: 500, error_code: "unexpected_failure", msg: "x" }), unavailable],
    [error(401, { message: "Invalid API key" }), refusedKey],
    [error(401, { message: "Invalid authentication credentials" }), refusedKey],
    [error(401, { message: "Unauthorized" }), refusedKey],
    [error(403, { message: "You cannot consume this service" }), refusedKey],
    [error(401, { code: "UNAUTHORIZED_NO_AUTH_HEADER", message: "Missing" }), refusedKey],
    [error(401, { error: "jwt expired", error_code: 7 }), refusedKey],
    [error(404, { message: "no Route matched with those values" }), unavailable],
    [error(400, { message: "Bad Request" }), unavailable],
    [error(413, { message: "Payload Too Large" }), tooLarge],
    [error(431, { message: "Request Header Fields Too Large" }), tooLarge],
    [() => new Response("<html>", { status: 401 }), unavailable],
    [() => new Response("<html>", { status: 200 }), unavailable],
  ];
  await using auth = new AuthStandIn([]);
  const token = await signLegacyToken(claimsOf(auth.url));
  using _log = silenceLog();
  for (const [number, [user, expected]] of cases.entries()) {
    auth.user = user;
    assertEquals([number, await start(auth).code(token)], [number, expected]);
  }
});

Deno.test("the log says who refused, and the answer does not", async () => {
  await using auth = new AuthStandIn([]);
  const token = await signLegacyToken(claimsOf(auth.url));
  auth.user = () => Response.json({ message: "no Route matched with those values" }, { status: 404 });
  const lines = await captureLog(async () => {
    const { body } = await start(auth).ask("powersync-auth", { Authorization: `Bearer ${token}` });
    assert(!JSON.stringify(body).includes("404"));
  });
  assertStringIncludes(lines.join(), "AUTH_SERVER_UNAVAILABLE reason=auth-answer status=404");
});

Deno.test("of several publishable keys the next is tried when the gateway refuses one, and remembered", async () => {
  await using auth = new AuthStandIn([]);
  const asked: (string | null)[] = [];
  auth.gateway = (apikey) => {
    asked.push(apikey);
    return apikey === "sb_publishable_b";
  };
  const keys = JSON.stringify({ a: "sb_publishable_a", b: "sb_publishable_b", c: "sb_publishable_c" });
  const { code } = start(auth, { environment: { SUPABASE_PUBLISHABLE_KEYS: keys } });
  const token = await signLegacyToken(claimsOf(auth.url));
  assertEquals([await code(token), await code(token)], ["200", "200"]);
  assertEquals(asked, ["sb_publishable_a", "sb_publishable_b", "sb_publishable_b"]);
  assertEquals(auth.calls.jwks, 0, "no published key can verify a legacy token");
  auth.gateway = () => false;
  await captureLog(async () => assertEquals(await code(token), "500 SUPABASE_PUBLISHABLE_KEYS_INVALID"));
});

Deno.test("a fresh JWKS decides when Auth refuses a key ID that it publishes already", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code, clock } = start(auth, { inline: [] });
  assertEquals(await code(await sign(claimsOf(auth.url), { key })), "200");
  auth.published = [key.publicJwk, nextKey.publicJwk];
  auth.user = () => authError(403, "bad_jwt", "invalid JWT: unrecognized JWT kid");
  clock.ms += 1_000;
  assertEquals(await code(await sign(claimsOf(auth.url), { key: nextKey })), "200");
  assertEquals(auth.calls, { jwks: 2, user: 1 });
  const unknown = await sign(claimsOf(auth.url), { key: { ...key, kid: "unknown" } });
  assertEquals([await code(unknown), await code(unknown)], [INVALID, INVALID]);
  assertEquals(auth.calls.jwks, 2, "one such fetch in a second");
});

Deno.test("with a session check, Auth's stale cache is an outage and not the user's fault", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code } = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
  const token = await sign(claimsOf(auth.url), { key });
  auth.user = () => authError(403, "bad_jwt", "invalid JWT: unrecognized JWT kid");
  await captureLog(async () => assertEquals(await code(token), "503 AUTH_SERVER_UNAVAILABLE"));
  auth.published = [];
  assertEquals(await start(auth).code(token), "200", "without one, the key decides");
  const revoked = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
  assertEquals(await revoked.code(token), INVALID, "a key that is published no more");
});

Deno.test("a JWKS that hangs holds up nobody whom Auth can judge", async () => {
  await using auth = new AuthStandIn([]);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let answered = false;
  auth.jwks = async () => {
    await released;
    answered = true;
    return Response.json({ keys: [] });
  };
  const token = await sign(claimsOf(auth.url), { key: nextKey });
  for (const environment of [{}, { POWERSYNC_SESSION_CHECK: "server" }]) {
    const functions = start(auth, { inline: [], environment, upstreamTimeoutMs: 60_000 });
    assertEquals(await functions.code(token), "200");
  }
  assert(!answered, "nobody waited for it");
  release();
});

Deno.test("while the JWKS cannot be fetched Auth is asked; while nothing answers it is a 503", async () => {
  await using auth = new AuthStandIn([]);
  auth.jwks = () => authError(500, "unexpected_failure");
  const token = await sign(claimsOf(auth.url), { key });
  assertEquals(await start(auth, { inline: [] }).code(token), "200");
  auth.fate = "signed-out";
  assertEquals(await start(auth, { inline: [] }).code(token), INVALID);
  auth.fail(() => authError(500, "unexpected_failure"));
  using _log = silenceLog();
  assertEquals(await start(auth, { inline: [] }).code(token), "503 AUTH_SERVER_UNAVAILABLE");
});
