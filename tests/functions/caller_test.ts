import { assert, assertEquals } from "@std/assert";
import { type JWTPayload, SignJWT } from "jose";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import {
  type AuthStandIn,
  base64,
  logged,
  POWERSYNC_URL,
  PUBLISHABLE_KEY,
  read,
  signLegacyToken,
  userClaims,
  withAuth,
} from "../support/project.ts";
import { makeKey, sign, type TestKey, unsigned } from "../support/signing.ts";

const signing = await makeKey("EdDSA", "powersync-0123456789");
const keys = {
  ES256: await makeKey("ES256", "es"),
  RS256: await makeKey("RS256", "rs"),
  EdDSA: await makeKey("EdDSA", "ed"),
};
const userKey = keys.ES256;

/** The function of a project whose inline keys are given; its clock can be moved. */
function start(auth: Pick<AuthStandIn, "url">, { inline = [], environment = {} }: {
  inline?: readonly TestKey[];
  environment?: Record<string, string>;
} = {}) {
  const clock = { ms: Date.now() };
  const handle = powersyncAuth({
    environment: () => ({
      POWERSYNC_PRIVATE_KEY: base64(signing.privateJwk),
      POWERSYNC_URL,
      SUPABASE_URL: auth.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
      SUPABASE_JWKS: JSON.stringify({ keys: inline.map(({ publicJwk }) => publicJwk) }),
      ...environment,
    }),
    now: () => clock.ms,
  });
  const code = async (authorization: string): Promise<string> => {
    const request = new Request("http://localhost/powersync-auth", {
      headers: { Authorization: authorization },
    });
    const response = await handle(request);
    const { status, body } = await read(response);
    if (status === 401) assertEquals(response.headers.get("WWW-Authenticate"), "Bearer");
    if (status === 503) assert(Number(response.headers.get("Retry-After")) >= 1);
    return status === 200 ? "200" : `${status} ${body.code}`;
  };
  return { clock, code };
}

const bearer = async (claims: JWTPayload = {}, key: TestKey = userKey) =>
  `Bearer ${await sign(userClaims(claims), { key })}`;

Deno.test("ES256, RS256 and EdDSA tokens are verified with inline keys, without asking anybody", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { inline: Object.values(keys) });
    for (const key of Object.values(keys)) assertEquals(await code(await bearer({}, key)), "200");
    assertEquals(await code((await bearer()).replace("Bearer", "bEaReR")), "200");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("SUPABASE_JWKS may be a bare array", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { environment: { SUPABASE_JWKS: JSON.stringify([userKey.publicJwk]) } });
    assertEquals(await code(await bearer()), "200");
  });
});

Deno.test("a kid that is not inline comes from the project's JWKS, fetched once by concurrent first requests", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code } = start(auth);
    const token = await bearer();
    const codes = await Promise.all(Array.from({ length: 20 }, () => code(token)));
    assertEquals([...new Set(codes)], ["200"]);
    assertEquals(await code(token), "200");
    assertEquals(auth.calls, { jwks: 1, user: 0 });
  });
});

Deno.test("a kid that the JWKS does not show either is checked by the Auth server", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth);
    assertEquals(await code(await bearer()), "200");
    assertEquals(auth.calls, { jwks: 1, user: 1 });
    auth.user = () =>
      Response.json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, { status: 403 });
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls.jwks, 1, "an unknown kid must not fetch the JWKS again within the cool-down");
  });
});

Deno.test("unknown kids lead to the Auth server at most 10 times a second; legacy users pass meanwhile", async () => {
  await withAuth([], async (auth) => {
    const { code, clock } = start(auth);
    const token = await bearer();
    const codes: string[] = [];
    await logged(async () => {
      for (let request = 0; request < 15; request++) codes.push(await code(token));
    });
    const refused = codes.filter((answer) => answer === "503 AUTH_SERVER_LIMIT_REACHED");
    assertEquals([refused.length, auth.calls.user], [5, 10]);
    assertEquals(await code(`Bearer ${await signLegacyToken()}`), "200");
    clock.ms += 1000;
    assertEquals(await code(token), "200");
  });
});

Deno.test("a rotated signing key is found by one refetch after the cool-down", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code, clock } = start(auth);
    assertEquals(await code(await bearer()), "200");
    auth.jwks = () => Response.json({ keys: [userKey.publicJwk, keys.RS256.publicJwk] });
    clock.ms += 31_000;
    assertEquals(await code(await bearer({}, keys.RS256)), "200");
    assertEquals(auth.calls, { jwks: 2, user: 0 });
  });
});

Deno.test("when a refetch fails the last good keys stay in use for 60 minutes, then it is a 503 until they are back", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code, clock } = start(auth);
    const at = (ms: number) => bearer({ exp: Math.floor((clock.ms + ms) / 1000) + 60 });
    assertEquals(await code(await bearer()), "200");
    const good = auth.jwks;
    for (
      const broken of [
        () => new Response("<html>", { status: 200 }),
        () => new Response(null, { status: 500 }),
        () => Response.json({}),
        () => Response.redirect("http://127.0.0.1:9/"),
      ]
    ) {
      auth.jwks = broken;
      clock.ms += 11 * 60_000;
      assertEquals(await code(await at(0)), "200");
    }
    clock.ms += 17 * 60_000;
    await logged(async () => assertEquals(await code(await at(0)), "503 AUTH_SERVER_UNAVAILABLE"));
    const asked = auth.calls.jwks;
    await logged(async () => assertEquals(await code(await at(0)), "503 AUTH_SERVER_UNAVAILABLE"));
    assertEquals(auth.calls.jwks, asked, "a failure is not repeated at once");
    auth.jwks = good;
    clock.ms += 1000;
    assertEquals(await code(await at(0)), "200");
  });
});

Deno.test("a legacy HS256 token is checked by the Auth server, and must be its user's", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth);
    assertEquals(await code(`Bearer ${await signLegacyToken()}`), "200");
    assertEquals(auth.calls, { jwks: 0, user: 1 });
    auth.user = () => Response.json({ id: crypto.randomUUID(), aud: "authenticated" });
    assertEquals(await code(`Bearer ${await signLegacyToken()}`), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("the Auth server's refusals are 401, its failures 503, and our own refused API key a 500", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth);
    const token = `Bearer ${await signLegacyToken()}`;
    const cases: [() => Response, string][] = [
      [() => Response.json({ error_code: "bad_jwt", msg: "bad" }, { status: 403 }), "401 USER_TOKEN_INVALID"],
      [
        () => Response.json({ error_code: "session_not_found", msg: "gone" }, { status: 403 }),
        "401 USER_TOKEN_INVALID",
      ],
      [
        () => Response.json({ error_code: "user_not_found", msg: "gone" }, { status: 404 }),
        "401 USER_TOKEN_INVALID",
      ],
      [() => Response.json({ msg: "slow down" }, { status: 429 }), "503 AUTH_SERVER_UNAVAILABLE"],
      [() => Response.json({ msg: "oops" }, { status: 500 }), "503 AUTH_SERVER_UNAVAILABLE"],
      [() => new Response("<html>", { status: 502 }), "503 AUTH_SERVER_UNAVAILABLE"],
      [() => new Response("<html>", { status: 200 }), "503 AUTH_SERVER_UNAVAILABLE"],
      [
        () => Response.json({ message: "Invalid API key" }, { status: 401 }),
        "500 SUPABASE_PUBLISHABLE_KEYS_INVALID",
      ],
    ];
    for (const [user, expected] of cases) {
      auth.user = user;
      await logged(async () => assertEquals(await code(token), expected));
    }
  });
  const { code } = start({ url: "http://127.0.0.1:9" });
  const token = `Bearer ${await signLegacyToken()}`;
  await logged(async () => assertEquals(await code(token), "503 AUTH_SERVER_UNAVAILABLE"));
});

Deno.test("POWERSYNC_SESSION_CHECK=server asks about every token, so that a signed-out user is refused", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { inline: [userKey], environment: { POWERSYNC_SESSION_CHECK: "server" } });
    assertEquals(await code(await bearer()), "200");
    assertEquals(auth.calls, { jwks: 0, user: 1 });
    auth.user = () => Response.json({ error_code: "session_not_found", msg: "gone" }, { status: 403 });
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("claims of a verified token that are no Supabase user's are refused without asking anybody", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { inline: [userKey] });
    const past = Math.floor(Date.now() / 1000) - 1;
    const cases: [JWTPayload, string][] = [
      [{ role: "anon" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "service_role" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "supabase_admin" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "" }, "USER_TOKEN_INVALID"],
      [{ aud: "anon" }, "USER_TOKEN_INVALID"],
      [{ aud: ["x"] }, "USER_TOKEN_INVALID"],
      [{ sub: "auth0|1" }, "USER_TOKEN_INVALID"],
      [{ sub: "" }, "USER_TOKEN_INVALID"],
      [{ iss: "https://tenant.auth0.com/" }, "USER_TOKEN_INVALID"],
      [{ iss: "https://evil.example/?/auth/v1" }, "USER_TOKEN_INVALID"],
      [{ exp: past }, "USER_TOKEN_EXPIRED"],
      [{ nbf: past + 3600 }, "USER_TOKEN_INVALID"],
    ];
    for (const [claims, expected] of cases) {
      assertEquals([claims, await code(await bearer(claims))], [claims, `401 ${expected}`]);
      // The legacy way checks the same before it asks.
      const legacy = await signLegacyToken(userClaims(claims));
      assertEquals([claims, await code(`Bearer ${legacy}`)], [claims, `401 ${expected}`]);
    }
    for (const missing of ["exp", "iss", "sub", "aud", "role"]) {
      const { [missing]: _, ...claims } = userClaims();
      const token = await sign(claims, { key: userKey });
      assertEquals([missing, await code(`Bearer ${token}`)], [missing, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(await code(await bearer({ aud: ["x", "authenticated"], role: "editor" })), "200");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("POWERSYNC_USER_ISSUER is then the one issuer that is accepted", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { inline: [userKey], environment: { POWERSYNC_USER_ISSUER: "https://me" } });
    assertEquals(await code(await bearer({ iss: "https://me" })), "200");
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("what is no token of the project's keys is refused without asking anybody", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code } = start(auth, { inline: [userKey] });
    const imposter = await makeKey("ES256", "es");
    const noKid = await makeKey("ES256");
    const claims = userClaims();
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: "HS384", kid: "es" })
      .sign(new TextEncoder().encode(JSON.stringify(userKey.publicJwk)));
    const tokens = [
      await sign(claims, { key: imposter }),
      await sign(claims, { key: noKid }),
      confused,
      unsigned({ alg: "none" }, claims),
      unsigned({ alg: "ES256", kid: "es" }, claims),
      unsigned({ alg: 7, kid: "es" }, claims),
      `${await sign(claims, { key: userKey })}A`,
      "a.b.c",
      "x".repeat(20_000),
    ];
    for (const token of tokens) assertEquals(await code(`Bearer ${token}`), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("an API key in place of a token has its own code; another scheme is no token", async () => {
  await withAuth([], async (auth) => {
    const { code } = start(auth, { inline: [userKey] });
    // Keys in the form of a JWT have neither `sub` nor `aud`; newer ones are signed like a user's token.
    const jwtKeys = ["anon", "service_role"].map((role) => ({ role, iss: "supabase", exp: 4_000_000_000 }));
    const signed = await Promise.all(jwtKeys.map((claims) => sign(claims, { key: userKey })));
    const legacy = await Promise.all(jwtKeys.map((claims) => signLegacyToken(claims)));
    for (const key of [PUBLISHABLE_KEY, "sb_secret_x", ...signed, ...legacy]) {
      assertEquals(await code(`Bearer ${key}`), "401 USER_TOKEN_IS_API_KEY");
    }
    for (const header of ["", "Basic dTpw", "Bearer", "Bearer a b", "Token x"]) {
      assertEquals(await code(header), "401 USER_TOKEN_MISSING");
    }
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});
