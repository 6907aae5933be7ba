/** Which tokens of Supabase Auth are accepted, and who decides where a key alone does not. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JWTPayload } from "jose";
import { answer } from "../support/answer.ts";
import { authError, type AuthStandIn, withAuth } from "../support/auth_stand_in.ts";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, userClaims, userToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const { ES256: key, RS256: nextKey } = projectKeys;
const INVALID = "401 USER_TOKEN_INVALID";
/** A key that SUPABASE_JWKS has, and that is not Supabase Auth's. */
const thirdParty = await makeKey("ES256", "third-party");

/** A project without POWERSYNC_USER_ISSUER. */
const start = (auth: Pick<AuthStandIn, "url">, { environment, ...options }: StartOptions = {}) =>
  startFunctions({
    url: auth.url,
    inline: [key, thirdParty],
    environment: { POWERSYNC_USER_ISSUER: "", ...environment },
    ...options,
  });

/** The claims of a user of the project at a URL, some of them changed, or left out as `undefined`. */
function claimsOf(url: string, changes: Record<string, unknown> = {}): JWTPayload {
  return JSON.parse(JSON.stringify({ ...userClaims({ iss: `${url}/auth/v1` }), ...changes }));
}

Deno.test("a banned user is refused, by every version of Auth, where Auth is asked", async () => {
  await withAuth([], async (auth) => {
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
});

Deno.test("a ban counts until its time has passed", async () => {
  await withAuth([], async (auth) => {
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
    ];
    for (const [banned_until, expected] of bans) {
      auth.user = () => Response.json({ id: userClaims().sub, banned_until });
      assertEquals([banned_until, await code(token)], [banned_until, expected]);
    }
  });
});

Deno.test("a token without `iss` is accepted where Auth vouches for it or publishes its key", async () => {
  await withAuth([nextKey.publicJwk], async (auth) => {
    const { code } = start(auth);
    const claims = claimsOf(auth.url, { iss: undefined });
    assertEquals(await code(await signLegacyToken(claims)), "200", "the legacy secret");
    assertEquals(await code(await sign(claims, { key: nextKey })), "200", "a published key");
    assertEquals(auth.calls, { jwks: 1, user: 1 });
    assertEquals(await code(await sign(claims, { key })), "200", "a key that only Auth knows");
    assertEquals(await code(await sign(claims, { key: thirdParty })), INVALID, "a third party's key");
    const checked = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
    assertEquals(await checked.code(await sign(claims, { key })), "200");
    for (const iss of [null, "", 7, ["x"]]) {
      assertEquals([iss, await code(await sign({ ...claims, iss }, { key: nextKey }))], [iss, INVALID]);
    }
  });
});

Deno.test("POWERSYNC_USER_ISSUER is the only issuer, whatever its final slash", async () => {
  await withAuth([], async (auth) => {
    for (const set of ["https://me", "https://me/"]) {
      const { code } = start(auth, { environment: { POWERSYNC_USER_ISSUER: set } });
      for (const iss of ["https://me", "https://me/"]) {
        assertEquals(await code(await sign(claimsOf(auth.url, { iss }), { key })), "200");
      }
      for (const iss of ["https://me//", "https://you", `${auth.url}/auth/v1`, undefined]) {
        assertEquals([iss, await code(await sign(claimsOf(auth.url, { iss }), { key }))], [iss, INVALID]);
      }
    }
    assertEquals(auth.calls, { jwks: 0, user: 0 }, "an inline key is enough for the project's own issuer");
  });
});

Deno.test("POWERSYNC_USER_AUDIENCE is the audience of a self-hosted project", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { environment: { POWERSYNC_USER_AUDIENCE: "app" } });
    for (
      const [aud, expected] of [["app", "200"], [["x", "app"], "200"], ["authenticated", INVALID]] as const
    ) {
      const token = await sign(claimsOf(auth.url, { aud: typeof aud === "string" ? aud : [...aud] }), {
        key,
      });
      assertEquals([aud, await code(token)], [aud, expected]);
    }
  });
});

Deno.test("a key that stands only in SUPABASE_JWKS signs for the project's own issuer and no other", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const { code } = start(auth);
    assertEquals(await code(await sign(claimsOf(auth.url), { key })), "200");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
    for (const iss of ["https://other.example/auth/v1", "javascript:/auth/v1", undefined]) {
      assertEquals(await code(await sign(claimsOf(auth.url, { iss }), { key: thirdParty })), INVALID);
    }
    assertEquals(auth.calls.jwks, 1);
  });
});

Deno.test("a local project or a custom domain, whose tokens name another host, costs one fetch", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const { code } = start(auth);
    const iss = ["http://127.0.0.1:54321/auth/v1", "https://auth.example.com/auth/v1/"];
    for (const issuer of iss) {
      assertEquals(await code(await sign(claimsOf(auth.url, { iss: issuer }), { key })), "200");
    }
    assertEquals(auth.calls, { jwks: 1, user: 0 });
  });
});

Deno.test("a role of an API key is one only without a subject", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const { code } = start(auth);
    for (const role of ["anon", "service_role", "supabase_admin"]) {
      assertEquals(await code(await sign(claimsOf(auth.url, { role }), { key })), INVALID);
      const apiKey = await sign(claimsOf(auth.url, { role, sub: undefined }), { key });
      assertEquals(await code(apiKey), "401 USER_TOKEN_IS_API_KEY");
    }
  });
});

Deno.test("a key ID cannot steer the diagnosis through the text of Auth's error", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth);
    for (const kid of ["my api key", "Invalid API key", "Unauthorized"]) {
      auth.user = () => authError(403, "bad_jwt", `invalid JWT: unrecognized JWT kid ${kid}`);
      assertEquals(await code(await sign(claimsOf(auth.url), { key: { ...nextKey, kid } })), INVALID);
    }
  });
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
  await withAuth([], async (auth) => {
    const token = await signLegacyToken(claimsOf(auth.url));
    await captureLog(async () => {
      for (const [number, [user, expected]] of cases.entries()) {
        auth.user = user;
        assertEquals([number, await start(auth).code(token)], [number, expected]);
      }
    });
  });
});

Deno.test("the log says who refused, and the answer does not", async () => {
  await withAuth([], async (auth) => {
    const token = await signLegacyToken(claimsOf(auth.url));
    auth.user = () => Response.json({ message: "no Route matched with those values" }, { status: 404 });
    const lines = await captureLog(async () => {
      const { body } = await start(auth).ask("powersync-auth", { Authorization: `Bearer ${token}` });
      assert(!JSON.stringify(body).includes("404"));
    });
    assertStringIncludes(lines.join(), "AUTH_SERVER_UNAVAILABLE reason=auth-answer status=404");
  });
});

Deno.test("of several publishable keys the next is tried when the gateway refuses one, and remembered", async () => {
  await withAuth([], async (auth) => {
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
    auth.gateway = () => false;
    await captureLog(async () => assertEquals(await code(token), "500 SUPABASE_PUBLISHABLE_KEYS_INVALID"));
  });
});

Deno.test("the JWKS is fetched with an API key, where there is one", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const asked: (string | null)[] = [];
    auth.jwks = ({ headers }) => {
      asked.push(headers.get("apikey"));
      return Response.json({ keys: [key.publicJwk] });
    };
    const token = await sign(claimsOf(auth.url), { key });
    assertEquals(await start(auth, { inline: [] }).code(token), "200");
    const none = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "" };
    assertEquals(await start(auth, { inline: [], environment: none }).code(token), "200");
    assertEquals(asked, [PUBLISHABLE_KEY, null]);
  });
});

Deno.test("a publishable key is explained where the environment has the legacy key only", async () => {
  const environment = { SUPABASE_PUBLISHABLE_KEYS: "", SUPABASE_ANON_KEY: "legacy" };
  const name = "powersync-auth-anonymous";
  await captureLog(async () => {
    const { status, body } = await startFunctions({ environment }).ask(name, {
      apikey: "sb_publishable_new",
    });
    assertEquals([status, body.code], [401, "API_KEY_INVALID"]);
    assertStringIncludes(body.hint, "SUPABASE_PUBLISHABLE_KEY");
    const known = await startFunctions().ask(name, { apikey: "sb_publishable_other" });
    assertStringIncludes(known.body.message, "does not belong");
  });
});

Deno.test("a fresh JWKS decides when Auth refuses a key ID that it publishes already", async () => {
  await withAuth([key.publicJwk], async (auth) => {
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
});

Deno.test("with a session check, Auth's stale cache is an outage and not the user's fault", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const { code } = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
    const token = await sign(claimsOf(auth.url), { key });
    auth.user = () => authError(403, "bad_jwt", "invalid JWT: unrecognized JWT kid");
    await captureLog(async () => assertEquals(await code(token), "503 AUTH_SERVER_UNAVAILABLE"));
    auth.published = [];
    assertEquals(await start(auth).code(token), "200", "without one, the key decides");
    const revoked = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
    assertEquals(await revoked.code(token), INVALID, "a key that is published no more");
  });
});

Deno.test("with a session check, a bad signature under a known key costs no question", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const { code } = start(auth, { environment: { POWERSYNC_SESSION_CHECK: "server" } });
    const impostor = await makeKey("ES256", key.kid);
    assertEquals(await code(await sign(claimsOf(auth.url), { key: impostor })), INVALID);
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("while the JWKS cannot be fetched Auth is asked; while nothing answers it is a 503", async () => {
  await withAuth([], async (auth) => {
    auth.jwks = () => authError(500, "unexpected_failure");
    const token = await sign(claimsOf(auth.url), { key });
    assertEquals(await start(auth, { inline: [] }).code(token), "200");
    auth.fate = "signed-out";
    assertEquals(await start(auth, { inline: [] }).code(token), INVALID);
    auth.fail(() => authError(500, "unexpected_failure"));
    await captureLog(async () => {
      assertEquals(await start(auth, { inline: [] }).code(token), "503 AUTH_SERVER_UNAVAILABLE");
    });
  });
});

Deno.test("a malformed SUPABASE_JWKS is logged once, and the published keys serve", async () => {
  await withAuth([key.publicJwk], async (auth) => {
    const token = await sign(claimsOf(auth.url), { key });
    for (const SUPABASE_JWKS of ["{}", "null", "garbage", '{"keys":[null]}', "[1]", '{"keys":{}}']) {
      const { code } = start(auth, { environment: { SUPABASE_JWKS } });
      const lines = await captureLog(async () => {
        assertEquals([SUPABASE_JWKS, await code(token), await code(token)], [SUPABASE_JWKS, "200", "200"]);
      });
      assertEquals(lines.length, 1);
      assertStringIncludes(lines.join(), "powersync-auth SUPABASE_JWKS_INVALID ");
    }
  });
});

Deno.test("an inline key that cannot be used, or stands twice, does not hide a good one", async () => {
  const broken = { ...key, publicJwk: { ...key.publicJwk, x: "?" } };
  const twin = await makeKey("ES256", key.kid);
  await withAuth([key.publicJwk], async (auth) => {
    const token = await sign(claimsOf(auth.url), { key });
    for (const inline of [[broken], [broken, key], [key, key], [twin, key]]) {
      assertEquals(await start(auth, { inline }).code(token), "200");
    }
    assertEquals(auth.calls.jwks, 1, "for the first");
  });
});

Deno.test("a refused token is a challenge with an error, a missing one without (RFC 6750, section 3.1)", async () => {
  const { send } = startFunctions();
  const challenge = async (headers: Record<string, string>) => {
    const response = await send("powersync-auth", { headers });
    await answer(response);
    return response.headers.get("WWW-Authenticate");
  };
  assertEquals(await challenge({}), "Bearer");
  for (const token of ["a.b.c", await userToken({ exp: 1 }), PUBLISHABLE_KEY]) {
    assertEquals(await challenge({ Authorization: `Bearer ${token}` }), 'Bearer error="invalid_token"');
  }
});
