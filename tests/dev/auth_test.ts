import { assert, assertEquals, assertExists, assertMatch, assertNotEquals } from "@std/assert";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Serves a fresh development Auth; `connect` makes a client as an app does. */
async function withAuth(
  test: (auth: { url: string; connect: () => SupabaseClient }) => Promise<void>,
): Promise<void> {
  const started = Promise.withResolvers<(request: Request) => Promise<Response>>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => (await started.promise)(request),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const auth = await startDevelopmentAuth(`${origin}/auth/v1`);
  started.resolve((request) => auth.handle(request));
  const connect = () =>
    createClient(origin, "sb_publishable_test", {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    });
  await test({ url: `${origin}/auth/v1`, connect });
}

/** A new password for each run. */
function makePassword(): string {
  return crypto.randomUUID();
}

Deno.test("an anonymous user's token has the claims of the platform's", async () => {
  await withAuth(async ({ url, connect }) => {
    const { data: { session, user }, error } = await connect().auth.signInAnonymously({
      options: { data: { nickname: "a" } },
    });
    assertEquals(error, null);
    assertExists(session);
    assertExists(user);
    assertEquals(user.is_anonymous, true);
    const { iat, exp, sub, session_id, ...claims } = decodeJwt(session.access_token);
    assertMatch(`${sub}`, UUID);
    assertEquals(sub, user.id);
    assertMatch(`${session_id}`, UUID);
    assertEquals((exp ?? 0) - (iat ?? 0), 3600);
    assertEquals(claims, {
      iss: url,
      aud: "authenticated",
      role: "authenticated",
      aal: "aal1",
      email: "",
      phone: "",
      app_metadata: {},
      user_metadata: { nickname: "a" },
      is_anonymous: true,
    });
  });
});

Deno.test("the token verifies against the served JWKS, which shows public members only", async () => {
  await withAuth(async ({ url, connect }) => {
    const { data: { session } } = await connect().auth.signInAnonymously();
    const jwks = await (await fetch(`${url}/.well-known/jwks.json`)).json();
    assertEquals(jwks.keys.length, 1);
    assertEquals(Object.keys(jwks.keys[0]).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    const token = session?.access_token ?? "";
    assertEquals(decodeProtectedHeader(token), { alg: "ES256", kid: jwks.keys[0].kid, typ: "JWT" });
    await jwtVerify(token, createLocalJWKSet(jwks), { algorithms: ["ES256"], audience: "authenticated" });
  });
});

Deno.test("supabase-js verifies the token by itself, with the key from the JWKS", async () => {
  await withAuth(async ({ connect }) => {
    const client = connect();
    const { data: { user } } = await client.auth.signInAnonymously();
    const { data, error } = await client.auth.getClaims();
    assertEquals(error, null);
    assertEquals(data?.claims.sub, user?.id);
  });
});

Deno.test("a user signs up, and signs in elsewhere with the address in another case", async () => {
  await withAuth(async ({ connect }) => {
    const password = makePassword();
    const signedUp = await connect().auth.signUp({ email: "Ada@Example.com", password });
    assertEquals(signedUp.error, null);
    assertEquals(signedUp.data.user?.email, "ada@example.com");
    assertEquals(signedUp.data.user?.is_anonymous, false);
    const signedIn = await connect().auth.signInWithPassword({ email: "ada@example.com", password });
    assertEquals(signedIn.error, null);
    assertEquals(signedIn.data.user?.id, signedUp.data.user?.id);
    const claims = decodeJwt(signedIn.data.session?.access_token ?? "");
    assertEquals(claims.email, "ada@example.com");
    assertEquals(claims.app_metadata, { provider: "email", providers: ["email"] });
    assertNotEquals(
      claims.session_id,
      decodeJwt(signedUp.data.session?.access_token ?? "").session_id,
    );
  });
});

Deno.test("a wrong password and an unknown address get the same answer", async () => {
  await withAuth(async ({ connect }) => {
    await connect().auth.signUp({ email: "ada@example.com", password: makePassword() });
    for (const email of ["ada@example.com", "nobody@example.com"]) {
      const { data, error } = await connect().auth.signInWithPassword({ email, password: makePassword() });
      assertEquals(data.session, null);
      assertEquals([error?.name, error?.status, error?.code], ["AuthApiError", 400, "invalid_credentials"]);
    }
  });
});

Deno.test("a taken or invalid address and a weak or endless password are refused, each with its code", async () => {
  await withAuth(async ({ connect }) => {
    await connect().auth.signUp({ email: "ada@example.com", password: makePassword() });
    for (
      const [email, password, status, code] of [
        ["ADA@example.com", makePassword(), 422, "user_already_exists"],
        ["bob@example.com", "short", 422, "weak_password"],
        ["bob@example.com", "x".repeat(73), 422, "weak_password"],
        ["bob", makePassword(), 400, "email_address_invalid"],
        [`${"b".repeat(250)}@example.com`, makePassword(), 400, "email_address_invalid"],
      ] as const
    ) {
      const { data, error } = await connect().auth.signUp({ email, password });
      assertEquals(data.session, null);
      assertEquals([error?.status, error?.code], [status, code]);
    }
  });
});

Deno.test("a refresh keeps user and session, and its refresh token works once", async () => {
  await withAuth(async ({ connect }) => {
    const client = connect();
    const { data: { session: first } } = await client.auth.signInAnonymously();
    assertExists(first);
    const { data: { session: second }, error } = await client.auth.refreshSession();
    assertEquals(error, null);
    assertExists(second);
    assertNotEquals(second.refresh_token, first.refresh_token);
    const [before, after] = [first, second].map(({ access_token }) => decodeJwt(access_token));
    assertEquals([after?.sub, after?.session_id], [before?.sub, before?.session_id]);
    const again = await connect().auth.refreshSession({ refresh_token: first.refresh_token });
    assertEquals([again.error?.status, again.error?.code], [400, "refresh_token_not_found"]);
  });
});

Deno.test("the user is returned while the session is open, and only for its own token", async () => {
  await withAuth(async ({ connect }) => {
    const client = connect();
    const { data: { session, user } } = await client.auth.signInAnonymously();
    const token = session?.access_token ?? "";
    assertEquals((await connect().auth.getUser(token)).data.user?.id, user?.id);
    assertEquals((await client.auth.signOut()).error, null);
    const { data, error } = await connect().auth.getUser(token);
    assertEquals(data.user, null);
    assertEquals(error?.name, "AuthSessionMissingError");
    const refreshed = await connect().auth.refreshSession({ refresh_token: session?.refresh_token ?? "" });
    assertEquals(refreshed.error?.code, "refresh_token_not_found");
  });
});

for (
  const [scope, open] of [
    ["local", [false, true]],
    ["others", [true, false]],
    ["global", [false, false]],
  ] as const
) {
  Deno.test(`sign-out with the scope ${scope} ends the sessions it names, and no other user's`, async () => {
    await withAuth(async ({ connect }) => {
      const account = { email: "ada@example.com", password: makePassword() };
      const own = connect();
      const ownToken = (await own.auth.signUp(account)).data.session?.access_token ?? "";
      const other = (await connect().auth.signInWithPassword(account)).data.session?.access_token ?? "";
      const stranger = (await connect().auth.signInAnonymously()).data.session?.access_token ?? "";
      await own.auth.signOut({ scope });
      const answers = await Promise.all(
        [ownToken, other, stranger].map((token) => connect().auth.getUser(token)),
      );
      assertEquals(answers.map(({ error }) => error === null), [...open, true]);
    });
  });
}

Deno.test("a token of another Auth with the same address, and one with an edited claim, are bad_jwt", async () => {
  await withAuth(async ({ url, connect }) => {
    const foreign = await startDevelopmentAuth(url);
    const signUp = new Request(`${url}/signup`, { method: "POST", body: "{}" });
    const { access_token } = await (await foreign.handle(signUp)).json();
    const { data: { session } } = await connect().auth.signInAnonymously();
    const [header, , signature] = session?.access_token.split(".") ?? [];
    const edited = `${header}.${access_token.split(".")[1]}.${signature}`;
    for (const token of [access_token, edited]) {
      const { error } = await connect().auth.getUser(token);
      assertEquals([error?.status, error?.code], [403, "bad_jwt"]);
    }
  });
});

Deno.test("a request without a token is refused with 401", async () => {
  await withAuth(async ({ url }) => {
    const response = await fetch(`${url}/user`);
    assertEquals(response.status, 401);
    assertEquals((await response.json()).error_code, "no_authorization");
  });
});

for (
  const [what, path, body, status, code] of [
    ["no JSON", "/signup", "{", 400, "bad_json"],
    ["JSON that is not an object", "/signup", "[]", 400, "bad_json"],
    ["more than 64 KB", "/signup", `{"data":"${"x".repeat(65 * 1024)}"}`, 413, "validation_failed"],
    ["a phone number", "/signup", `{"phone":"+10000000"}`, 400, "validation_failed"],
    ["an address that is not text", "/token?grant_type=password", `{"email":1}`, 400, "validation_failed"],
    ["an unknown grant", "/token?grant_type=pkce", "{}", 400, "validation_failed"],
    [
      "a refresh token that is not text",
      "/token?grant_type=refresh_token",
      "{}",
      400,
      "refresh_token_not_found",
    ],
    ["an unknown path", "/admin/users", "{}", 404, "not_found"],
  ] as const
) {
  Deno.test(`a request with ${what} is refused with a code that a browser can read`, async () => {
    await withAuth(async ({ url }) => {
      const response = await fetch(`${url}${path}`, { method: "POST", body });
      assertEquals(response.status, status);
      assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
      assertEquals((await response.json()).error_code, code);
    });
  });
}

Deno.test("a preflight allows every header that supabase-js sends", async () => {
  await withAuth(async ({ url, connect }) => {
    const sent = new Set<string>();
    const client = createClient(new URL(url).origin, "sb_publishable_test", {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: {
        fetch: (input, init) => {
          for (const [name] of new Headers(init?.headers)) sent.add(name);
          return fetch(input, init);
        },
      },
    });
    await client.auth.signInAnonymously();
    await client.auth.getUser();
    await connect().auth.signOut();
    const preflight = await fetch(`${url}/signup`, { method: "OPTIONS" });
    assertEquals(preflight.status, 204);
    assertEquals(preflight.headers.get("Access-Control-Allow-Origin"), "*");
    const allowed = preflight.headers.get("Access-Control-Allow-Headers")?.toLowerCase().split(/,\s*/) ?? [];
    assert(sent.size > 0);
    assertEquals([...sent].filter((name) => !allowed.includes(name)), []);
  });
});
