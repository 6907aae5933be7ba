/** Which tokens Supabase Auth is asked about, and what its answers become. Its outages are in auth_outages_test.ts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { authServer } from "../../supabase/functions/_shared/powersync/auth-server.ts";
import { authError, AuthStandIn, type Fate } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, USER_ID, userToken } from "../support/project.ts";
import { makeKey, type TestKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const { ES256: key, RS256: nextKey, EdDSA: otherKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";
const UNAVAILABLE = "503 AUTH_SERVER_UNAVAILABLE";
const KEYS_REFUSED = "500 SUPABASE_PUBLISHABLE_KEYS_INVALID";
const CHECKED = { environment: { POWERSYNC_SESSION_CHECK: "server" } };
const badKid = () => authError(403, "bad_jwt", "invalid JWT: unrecognized JWT kid");

Deno.test("a kid that the JWKS does not show either is checked by the Auth server", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions({ url: auth.url, inline: [] });
  assertEquals(await code(await userToken()), "200");
  assertEquals(auth.calls, { jwks: 1, user: 1 });
  assertEquals(await code(await userToken({}, await makeKey("ES256", "unknown"))), INVALID);
  assertEquals(auth.calls.jwks, 1, "an unknown kid must not fetch the JWKS again within the cool-down");
  assertEquals(await code(await userToken({ exp: 1 })), "401 USER_TOKEN_EXPIRED");
  assertEquals(await code(await userToken({ sub: "nobody" })), INVALID);
  assertEquals(auth.calls.user, 2, "claims that are refused anyway cost no question");
});

Deno.test("where Auth is asked, a user who signed out, was deleted or banned is refused, by every version of Auth", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const ways = [[{}, await signLegacyToken()], [CHECKED, await userToken()]] as const;
  for (const [options, token] of ways) {
    const { code } = startFunctions({ url: auth.url, ...options });
    const codeOf = (fate: Fate) => {
      auth.fate = fate;
      return code(token);
    };
    await assertTable<Fate>(codeOf, {
      [INVALID]: ["signed-out", "deleted", "banned", "banned-before-2.195"],
      "200": ["active"],
    });
  }
  assertEquals(auth.calls, { jwks: 0, user: 10 });
});

Deno.test("POWERSYNC_SESSION_CHECK=server asks nothing about a bad signature under a known key", async () => {
  const forge = async (key: TestKey) => {
    const [header, payload, signature = ""] = (await userToken({}, key)).split(".");
    const signatures = ["", signature.split("").reverse().join("")];
    const foreign = await userToken({}, await makeKey(key.alg, key.kid));
    return [foreign, ...signatures.map((signature) => `${header}.${payload}.${signature}`)];
  };
  const keys = [key, otherKey, nextKey];
  await using auth = new AuthStandIn(keys.map(({ publicJwk }) => publicJwk));
  const { code } = startFunctions({ url: auth.url, inline: [key, otherKey], ...CHECKED });
  const asOther = await userToken({}, { ...key, kid: otherKey.kid });
  await assertTable(code, { [INVALID]: [...(await Promise.all(keys.map(forge))).flat(), asOther] });
  assertEquals(auth.calls, { jwks: 1, user: 0 });
});

Deno.test("Auth's own codes are the user's 401, whatever headers a gateway strips; everything else is ours", async () => {
  const said = (status: number, body: unknown) => () => Response.json(body, { status });
  const stripped = (status: number, error_code: string, msg = "x") =>
    said(status, { code: status, error_code, msg });
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions(auth);
  const token = await signLegacyToken();
  const codeFor = async (answer: () => Response) => {
    auth.user = answer;
    const refused = await code(token);
    auth.user = undefined;
    assertEquals(await code(token), "200", "nothing of it is remembered");
    return refused;
  };
  await assertTable(codeFor, {
    [INVALID]: [
      () => authError(403, "bad_jwt"),
      () => authError(403, "user_not_found"),
      () => authError(401, "no_authorization"),
      stripped(403, "bad_jwt"),
      stripped(400, "bad_jwt"),
      stripped(401, "no_authorization"),
      stripped(403, "session_not_found"),
      stripped(403, "a_code_of_next_year"),
      // A key ID cannot steer the diagnosis through the text of Auth's error.
      ...["my api key", "Invalid API key", "Unauthorized"].map((kid) =>
        stripped(403, "bad_jwt", `invalid JWT: unrecognized JWT kid ${kid}`)
      ),
      // A user, but another one.
      said(200, { id: crypto.randomUUID() }),
    ],
    [KEYS_REFUSED]: [
      said(401, { message: "Invalid API key" }),
      said(401, { message: "Invalid authentication credentials" }),
      said(401, { message: "Unauthorized" }),
      said(403, { message: "You cannot consume this service" }),
      said(401, { code: "UNAUTHORIZED_NO_AUTH_HEADER", message: "Missing" }),
      said(401, { error: "jwt expired", error_code: 7 }),
    ],
    [UNAVAILABLE]: [
      stripped(429, "over_request_rate_limit"),
      stripped(500, "unexpected_failure"),
      said(404, { message: "no Route matched with those values" }),
      said(400, { message: "Bad Request" }),
      () => new Response("<html>", { status: 401 }),
      () => new Response("<html>", { status: 200 }),
    ],
    "401 USER_TOKEN_TOO_LARGE": [
      said(413, { message: "Payload Too Large" }),
      said(431, { message: "Request Header Fields Too Large" }),
    ],
  });
});

Deno.test("a ban counts until its time has passed", async () => {
  await using auth = new AuthStandIn([]);
  const { code, clock } = startFunctions(auth);
  const token = await signLegacyToken();
  const at = (ms: number) => new Date(clock.ms + ms).toISOString();
  const codeOf = (banned_until: unknown) => {
    auth.user = () => Response.json({ id: USER_ID, banned_until });
    return code(token);
  };
  await assertTable<unknown>(codeOf, {
    [INVALID]: [at(1_000), "for ever", true, { toString: 1 }],
    "200": [at(-1_000), null, undefined],
  });
});

Deno.test("the log says who refused, and the answer does not", async () => {
  await using auth = new AuthStandIn([]);
  auth.user = () => Response.json({ message: "no Route matched with those values" }, { status: 404 });
  const { askWith, log } = startFunctions(auth);
  const { body } = await askWith(await signLegacyToken());
  assert(!JSON.stringify(body).includes("404"));
  assertStringIncludes(log.join(), "AUTH_SERVER_UNAVAILABLE reason=auth-answer status=404");
});

Deno.test("of several publishable keys the next is tried when the gateway refuses one, and remembered", async () => {
  await using auth = new AuthStandIn([]);
  const asked: (string | null)[] = [];
  auth.gateway = (apikey) => {
    asked.push(apikey);
    return apikey === "b";
  };
  const SUPABASE_PUBLISHABLE_KEYS = JSON.stringify({ first: "a", second: "b", third: "c" });
  const { code } = startFunctions({ url: auth.url, environment: { SUPABASE_PUBLISHABLE_KEYS } });
  const token = await signLegacyToken();
  assertEquals([await code(token), await code(token)], ["200", "200"]);
  assertEquals(asked, ["a", "b", "b"]);
  assertEquals(auth.calls.jwks, 0, "no published key can verify a legacy token");
  auth.gateway = () => false;
  assertEquals(await code(token), KEYS_REFUSED);
});

Deno.test("a fresh JWKS decides when Auth refuses a key ID that it publishes already", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { code, clock } = startFunctions({ url: auth.url, inline: [] });
  assertEquals(await code(await userToken({}, key)), "200");
  auth.published = [key.publicJwk, nextKey.publicJwk];
  auth.user = badKid;
  clock.ms += 1_000;
  assertEquals(await code(await userToken({}, nextKey)), "200");
  assertEquals(auth.calls, { jwks: 2, user: 1 });
  const unknown = await userToken({}, { ...key, kid: "unknown" });
  assertEquals([await code(unknown), await code(unknown)], [INVALID, INVALID]);
  assertEquals(auth.calls.jwks, 2, "one such fetch in a second");
});

Deno.test("with a session check, Auth's stale cache is an outage and not the user's fault", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const { url } = auth;
  const token = await userToken();
  auth.user = badKid;
  assertEquals(await startFunctions({ url, ...CHECKED }).code(token), UNAVAILABLE);
  auth.published = [];
  assertEquals(await startFunctions({ url }).code(token), "200", "without one, the key decides");
  assertEquals(
    await startFunctions({ url, ...CHECKED }).code(token),
    INVALID,
    "a key that is published no more",
  );
});

Deno.test("a JWKS that hangs holds up nobody whom Auth can judge", async () => {
  await using auth = new AuthStandIn([]);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  auth.jwks = async () => {
    await released;
    return Response.json({ keys: [] });
  };
  const token = await userToken({}, nextKey);
  // Nobody gets an answer of the JWKS before it is released.
  const codes = [{}, CHECKED].map((options) => {
    const limits = { timeoutMs: 60_000 };
    const { clock, code } = startFunctions({ url: auth.url, inline: [], limits, ...options });
    Object.defineProperty(clock, "ms", { get: Date.now });
    return code(token);
  });
  assertEquals(await Promise.all(codes), ["200", "200"]);
  release();
});

Deno.test("while the JWKS cannot be fetched Auth is asked; while nothing answers it is a 503", async () => {
  await using auth = new AuthStandIn([]);
  const failed = () => authError(500, "unexpected_failure");
  auth.jwks = failed;
  const token = await userToken();
  const codeOf = () => startFunctions({ url: auth.url, inline: [] }).code(token);
  assertEquals(await codeOf(), "200");
  auth.fate = "signed-out";
  assertEquals(await codeOf(), INVALID);
  auth.fail(failed);
  assertEquals(await codeOf(), UNAVAILABLE);
});

Deno.test("supabase-js leaves no timer behind and stores nothing", async () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  const { setInterval } = globalThis;
  const touched: string[] = [];
  const storage = new Proxy({}, {
    get: (_, name) => (...args: unknown[]) => void touched.push(`${String(name)} ${args[0]}`),
  });
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  globalThis.setInterval = (...args: Parameters<typeof setInterval>) => {
    touched.push("setInterval");
    return setInterval(...args);
  };
  try {
    await using auth = new AuthStandIn([]);
    const { code } = startFunctions(auth);
    const token = await signLegacyToken();
    assertEquals([await code(token), await code(token)], ["200", "200"]);
  } finally {
    globalThis.setInterval = setInterval;
    if (original !== undefined) Object.defineProperty(globalThis, "localStorage", original);
  }
  assertEquals(touched, []);
});

Deno.test("one client serves every question", async () => {
  await using auth = new AuthStandIn([]);
  let created = 0;
  const apiKeys = (): [string] => {
    created += 1;
    return [PUBLISHABLE_KEY];
  };
  const ask = authServer({ supabaseUrl: auth.url, apiKeys, now: Date.now });
  const token = await signLegacyToken();
  const answers = await Promise.all([ask({ token }), ask({ token })]);
  assertEquals([...answers, await ask({ token })], Array(3).fill({ id: USER_ID }));
  assertEquals(created, 1);
});

Deno.test("supabase-js is told to keep no session, which only a browser would show", async () => {
  const source = new URL("../../supabase/functions/_shared/powersync/auth-server.ts", import.meta.url);
  const options = "auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false }";
  assertStringIncludes(await Deno.readTextFile(source), options);
});
