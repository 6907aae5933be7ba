import { assertEquals, assertStringIncludes } from "@std/assert";
import { authServer } from "../../supabase/functions/_shared/powersync/auth-server.ts";
import { logged, PUBLISHABLE_KEY, signLegacyToken, userClaims, withAuth } from "../support/project.ts";
import { bearer, startAuth, userKeys } from "../support/signed_in_caller.ts";

const userKey = userKeys.ES256;

Deno.test("a kid that the JWKS does not show either is checked by the Auth server", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth);
    assertEquals(await code(await bearer()), "200");
    assertEquals(auth.calls, { jwks: 1, user: 1 });
    auth.user = () =>
      Response.json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, { status: 403 });
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls.jwks, 1, "an unknown kid must not fetch the JWKS again within the cool-down");
  });
});

Deno.test("a legacy HS256 token is checked by the Auth server, and must be its user's", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth);
    assertEquals(await code(`Bearer ${await signLegacyToken()}`), "200");
    assertEquals(auth.calls, { jwks: 0, user: 1 });
    auth.user = () => Response.json({ id: crypto.randomUUID(), aud: "authenticated" });
    assertEquals(await code(`Bearer ${await signLegacyToken()}`), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("the Auth server's refusals are 401, its failures 503, and our own refused API key a 500", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth);
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
  const { code } = startAuth({ url: "http://127.0.0.1:9" });
  const token = `Bearer ${await signLegacyToken()}`;
  await logged(async () => assertEquals(await code(token), "503 AUTH_SERVER_UNAVAILABLE"));
});

Deno.test("POWERSYNC_SESSION_CHECK=server asks about every token, so that a signed-out user is refused", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, {
      inline: [userKey],
      environment: { POWERSYNC_SESSION_CHECK: "server" },
    });
    assertEquals(await code(await bearer()), "200");
    assertEquals(auth.calls, { jwks: 0, user: 1 });
    auth.user = () => Response.json({ error_code: "session_not_found", msg: "gone" }, { status: 403 });
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("an unknown kid with hopeless claims costs the Auth server nothing", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth);
    assertEquals(await code(await bearer({ exp: 1 })), "401 USER_TOKEN_EXPIRED");
    assertEquals(await code(await bearer({ sub: "nobody" })), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("supabase-js leaves no timer behind and stores nothing", async () => {
  const original = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  const setInterval = globalThis.setInterval;
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
    await withAuth([], async (auth) => {
      const { code } = startAuth(auth);
      const token = `Bearer ${await signLegacyToken()}`;
      assertEquals([await code(token), await code(token)], ["200", "200"]);
    });
  } finally {
    globalThis.setInterval = setInterval;
    if (original !== undefined) Object.defineProperty(globalThis, "localStorage", original);
  }
  assertEquals(touched, []);
});

Deno.test("one client serves every question", async () => {
  await withAuth([], async (auth) => {
    const created: string[] = [];
    const apiKey = () => {
      created.push("client");
      return PUBLISHABLE_KEY;
    };
    const ask = authServer({ supabaseUrl: auth.url, apiKey });
    const token = await signLegacyToken();
    const answers = await Promise.all([ask({ token }), ask({ token })]);
    assertEquals([...answers, await ask({ token })], Array(3).fill(userClaims().sub));
    assertEquals(created, ["client"]);
  });
});

Deno.test("supabase-js is told to keep no session, which only a browser would show", async () => {
  const source = new URL("../../supabase/functions/_shared/powersync/auth-server.ts", import.meta.url);
  const options = "auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false }";
  assertStringIncludes(await Deno.readTextFile(source), options);
});
