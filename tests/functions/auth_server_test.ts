/** Which tokens the Auth server is asked about, and by whom. Its failures and refusals are in auth_outages_test.ts. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { authServer } from "../../supabase/functions/_shared/powersync/auth-server.ts";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { projectKeys, PUBLISHABLE_KEY, signLegacyToken, USER_ID, userToken } from "../support/project.ts";
import { makeKey, type TestKey } from "../support/signing.ts";

Deno.test("a kid that the JWKS does not show either is checked by the Auth server", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = startFunctions({ url: auth.url, inline: [] });
  assertEquals(await code(await userToken()), "200");
  assertEquals(auth.calls, { jwks: 1, user: 1 });
  assertEquals(
    await code(await userToken({}, await makeKey("ES256", "unknown"))),
    "401 USER_TOKEN_INVALID",
  );
  assertEquals(auth.calls.jwks, 1, "an unknown kid must not fetch the JWKS again within the cool-down");
  assertEquals(await code(await userToken({ exp: 1 })), "401 USER_TOKEN_EXPIRED");
  assertEquals(await code(await userToken({ sub: "nobody" })), "401 USER_TOKEN_INVALID");
  assertEquals(auth.calls.user, 2, "claims that are refused anyway cost no question");
});

Deno.test("POWERSYNC_SESSION_CHECK=server asks about every token, so a signed-out user is refused", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  const { code } = startFunctions({ url: auth.url, environment: { POWERSYNC_SESSION_CHECK: "server" } });
  assertEquals(await code(await userToken()), "200");
  assertEquals(auth.calls, { jwks: 0, user: 1 });
  for (const fate of ["signed-out", "deleted", "banned"] as const) {
    auth.fate = fate;
    assertEquals([fate, await code(await userToken())], [fate, "401 USER_TOKEN_INVALID"]);
  }
});

Deno.test("POWERSYNC_SESSION_CHECK=server asks nothing about a bad signature under a known key", async () => {
  const { ES256, RS256, EdDSA } = projectKeys;
  const forge = async (key: TestKey) => {
    const { alg, kid } = key;
    const [header, payload, signature = ""] = (await userToken({}, key)).split(".");
    const foreign = await userToken({}, await makeKey(alg, kid));
    return [
      foreign,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.split("").reverse().join("")}`,
    ];
  };
  await using auth = new AuthStandIn([ES256, EdDSA, RS256].map(({ publicJwk }) => publicJwk));
  const environment = { POWERSYNC_SESSION_CHECK: "server" };
  const { code } = startFunctions({ url: auth.url, inline: [ES256, EdDSA], environment });
  for (const key of [ES256, EdDSA, RS256]) {
    for (const token of await forge(key)) assertEquals(await code(token), "401 USER_TOKEN_INVALID");
  }
  const asOther = await userToken({}, { ...ES256, kid: EdDSA.kid });
  assertEquals(await code(asOther), "401 USER_TOKEN_INVALID", "a known key ID with another algorithm");
  assertEquals(auth.calls, { jwks: 1, user: 0 });
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
