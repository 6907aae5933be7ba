import { assert, assertEquals, assertExists, assertMatch, assertNotEquals } from "@std/assert";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { errorOf, makePassword, startDevAuth } from "../support/dev_auth.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("an anonymous user's token has the claims of the platform's", async () => {
  await using dev = await startDevAuth();
  const { data: { session, user }, error } = await dev.connect().auth.signInAnonymously({
    options: { data: { nickname: "a" } },
  });
  assertEquals(error, null);
  assertExists(session);
  assertExists(user);
  assertEquals(user.is_anonymous, true);
  const { iat, exp, sub, session_id, amr, ...claims } = decodeJwt(session.access_token);
  assertMatch(`${sub}`, UUID);
  assertEquals(sub, user.id);
  assertMatch(`${session_id}`, UUID);
  assertEquals((exp ?? 0) - (iat ?? 0), 3600);
  assertEquals(amr, [{ method: "anonymous", timestamp: iat }]);
  assertEquals([user.identities, user.email_confirmed_at], [[], undefined]);
  assertEquals(claims, {
    iss: dev.url,
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

Deno.test("the token verifies against the served JWKS, which shows public members only", async () => {
  await using dev = await startDevAuth();
  const { data: { session } } = await dev.connect().auth.signInAnonymously();
  const response = await fetch(`${dev.url}/.well-known/jwks.json`);
  assertEquals(response.headers.get("Cache-Control"), "public, max-age=600");
  const jwks = await response.json();
  assertEquals(jwks.keys.length, 1);
  assertEquals(Object.keys(jwks.keys[0]).sort(), ["alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"]);
  assertEquals(jwks.keys[0].key_ops, ["verify"]);
  const token = session?.access_token ?? "";
  assertEquals(decodeProtectedHeader(token), { alg: "ES256", kid: jwks.keys[0].kid, typ: "JWT" });
  await jwtVerify(token, createLocalJWKSet(jwks), { algorithms: ["ES256"], audience: "authenticated" });
});

Deno.test("a user signs up, and signs in elsewhere with the address in another case", async () => {
  await using dev = await startDevAuth();
  const password = makePassword();
  const signedUp = await dev.connect().auth.signUp({ email: "Ada@Example.com", password });
  assertEquals(signedUp.error, null);
  assertEquals(signedUp.data.user?.email, "ada@example.com");
  assertEquals(signedUp.data.user?.is_anonymous, false);
  const signedIn = await dev.connect().auth.signInWithPassword({ email: "ada@example.com", password });
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

Deno.test("a wrong password and an unknown address get the same answer", async () => {
  await using dev = await startDevAuth();
  await dev.connect().auth.signUp({ email: "ada@example.com", password: makePassword() });
  for (const email of ["ada@example.com", "nobody@example.com"]) {
    const { data, error } = await dev.connect().auth.signInWithPassword({ email, password: makePassword() });
    assertEquals(data.session, null);
    assertEquals([error?.name, errorOf({ error })], ["AuthApiError", "400 invalid_credentials"]);
  }
});

Deno.test("an e-mail user has one identity, the usual metadata, and the times of confirmation and sign-in", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  const { data: { user, session } } = await client.auth.signUp({
    email: "ada@example.com",
    password: makePassword(),
    options: { data: { name: "Ada", email_verified: false } },
  });
  assertExists(user);
  const { id } = user;
  const usual = { email: "ada@example.com", email_verified: true, phone_verified: false, sub: id };
  const identities = user.identities?.map(({ id, user_id, provider, identity_data, identity_id }) => {
    assertMatch(`${identity_id}`, UUID);
    return { id, user_id, provider, identity_data };
  });
  assertEquals(identities, [{ id, user_id: id, provider: "email", identity_data: usual }]);
  assertEquals(user.user_metadata, { name: "Ada", ...usual });
  for (const time of [user.created_at, user.email_confirmed_at, user.last_sign_in_at]) {
    assert(Math.abs(Date.parse(`${time}`) - Date.now()) < 60_000, time);
  }
  assertEquals((await client.auth.getUser()).data.user, user);
  const { amr, iat, user_metadata } = decodeJwt(session?.access_token ?? "");
  assertEquals([amr, user_metadata], [[{ method: "password", timestamp: iat }], user.user_metadata]);
});

Deno.test("a refresh keeps user, session and authentication method, and gives new tokens", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  const { data: { session: first } } = await client.auth.signInAnonymously();
  assertExists(first);
  const { data: { session: second }, error } = await client.auth.refreshSession();
  assertEquals(error, null);
  assertExists(second);
  assertNotEquals(second.refresh_token, first.refresh_token);
  const [before, after] = [first, second].map(({ access_token }) => decodeJwt(access_token));
  assertEquals([after?.sub, after?.session_id, after?.amr], [
    before?.sub,
    before?.session_id,
    before?.amr,
  ]);
});

Deno.test("a refresh token works again while its successor is unused, and then ends the session", async () => {
  await using dev = await startDevAuth();
  const { data: { session } } = await dev.connect().auth.signInAnonymously();
  const [first = "", token = ""] = [session?.refresh_token, session?.access_token];
  const refresh = (refresh_token: string) => dev.connect().auth.refreshSession({ refresh_token });
  const second = (await refresh(first)).data.session?.refresh_token ?? "";
  // A lost answer must not sign anybody out.
  assertEquals((await refresh(first)).data.session?.refresh_token, second);
  const third = (await refresh(second)).data.session?.refresh_token ?? "";
  assertNotEquals(third, second);
  assertEquals(errorOf(await refresh(first)), "400 refresh_token_already_used");
  assertEquals(errorOf(await refresh(third)), "400 refresh_token_not_found");
  assertEquals((await dev.connect().auth.getUser(token)).error?.name, "AuthSessionMissingError");
});

Deno.test("an invented refresh token is not found", async () => {
  await using dev = await startDevAuth();
  const { data: { session } } = await dev.connect().auth.signInAnonymously();
  const token = session?.refresh_token ?? "";
  for (
    const refresh_token of ["a", "a.b.c", `${token}a`, token.slice(0, -1), token.replace(".0.", ".1.")]
  ) {
    const answer = await dev.connect().auth.refreshSession({ refresh_token });
    assertEquals(errorOf(answer), "400 refresh_token_not_found", refresh_token);
  }
  assertEquals((await dev.connect().auth.refreshSession({ refresh_token: token })).error, null);
});

Deno.test("the user is returned while the session is open, and only for its own token", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  const { data: { session, user } } = await client.auth.signInAnonymously();
  const token = session?.access_token ?? "";
  assertEquals((await dev.connect().auth.getUser(token)).data.user?.id, user?.id);
  assertEquals((await client.auth.signOut()).error, null);
  const { data, error } = await dev.connect().auth.getUser(token);
  assertEquals(data.user, null);
  assertEquals(error?.name, "AuthSessionMissingError");
  const refreshed = await dev.connect().auth.refreshSession({ refresh_token: session?.refresh_token ?? "" });
  assertEquals(refreshed.error?.code, "refresh_token_not_found");
});

for (
  const [scope, open] of [
    ["local", [false, true]],
    ["others", [true, false]],
    ["global", [false, false]],
  ] as const
) {
  Deno.test(`sign-out with the scope ${scope} ends the sessions it names, and no other user's`, async () => {
    await using dev = await startDevAuth();
    const account = { email: "ada@example.com", password: makePassword() };
    const own = dev.connect();
    const ownToken = (await own.auth.signUp(account)).data.session?.access_token ?? "";
    const other = (await dev.connect().auth.signInWithPassword(account)).data.session?.access_token ?? "";
    const stranger = (await dev.connect().auth.signInAnonymously()).data.session?.access_token ?? "";
    await own.auth.signOut({ scope });
    const answers = await Promise.all(
      [ownToken, other, stranger].map((token) => dev.connect().auth.getUser(token)),
    );
    assertEquals(answers.map(({ error }) => error === null), [...open, true]);
  });
}
