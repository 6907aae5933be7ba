import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { authOutcome } from "../support/answer.ts";
import { errorOf, makeAccount, refreshedClaims, signUp, startDevAuth } from "../support/dev_auth.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("an anonymous user's token has the claims of the platform's", async () => {
  await using dev = await startDevAuth();
  const { user, claims } = await signUp(dev, undefined, { nickname: "a" });
  const { iat = 0, exp, sub, session_id, amr, ...rest } = claims;
  assertMatch(`${sub}`, UUID);
  assertMatch(`${session_id}`, UUID);
  assertEquals([sub, exp, user.is_anonymous], [user.id, iat + 3600, true]);
  assertEquals(amr, [{ method: "anonymous", timestamp: iat }]);
  assertEquals([user.identities, user.email_confirmed_at], [[], undefined]);
  assertEquals(rest, {
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
  const { token } = await signUp(dev);
  const response = await fetch(`${dev.url}/.well-known/jwks.json`);
  assertEquals(response.headers.get("Cache-Control"), "public, max-age=600");
  const jwks = await response.json();
  assertEquals(jwks.keys.length, 1);
  assertEquals(Object.keys(jwks.keys[0]).sort(), ["alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"]);
  assertEquals(jwks.keys[0].key_ops, ["verify"]);
  assertEquals(decodeProtectedHeader(token), { alg: "ES256", kid: jwks.keys[0].kid, typ: "JWT" });
  await jwtVerify(token, createLocalJWKSet(jwks), { algorithms: ["ES256"], audience: "authenticated" });
});

Deno.test("GET /health answers, for whoever waits until the server is up", async () => {
  await using dev = await startDevAuth();
  assertEquals(await (await dev.ask("/health")).json(), { name: "powersync development Auth" });
});

Deno.test("a user signs up, and signs in elsewhere with the address in another case", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount("Ada@Example.com");
  const { user, claims } = await signUp(dev, account);
  assertEquals([user.email, user.is_anonymous], ["ada@example.com", false]);
  const signedIn = await dev.connect().auth.signInWithPassword({ ...account, email: "ada@example.com" });
  assertEquals([signedIn.error, signedIn.data.user?.id], [null, user.id]);
  const { email, app_metadata, session_id } = decodeJwt(signedIn.data.session?.access_token ?? "");
  assertEquals([email, app_metadata], ["ada@example.com", { provider: "email", providers: ["email"] }]);
  assertNotEquals(session_id, claims.session_id);
});

Deno.test("a wrong password and an unknown address get the same answer", async () => {
  await using dev = await startDevAuth();
  await signUp(dev, makeAccount());
  for (const email of ["ada@example.com", "nobody@example.com"]) {
    const { data, error } = await dev.connect().auth.signInWithPassword(makeAccount(email));
    assertEquals(
      [data.session, error?.name, errorOf({ error })],
      [null, "AuthApiError", "400 invalid_credentials"],
    );
  }
});

Deno.test("an e-mail user has one identity, the usual metadata, and the times of confirmation and sign-in", async () => {
  await using dev = await startDevAuth();
  const { client, user, claims } = await signUp(dev, makeAccount(), { name: "Ada", email_verified: false });
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
  const { amr, iat, user_metadata } = claims;
  assertEquals([amr, user_metadata], [[{ method: "password", timestamp: iat }], user.user_metadata]);
});

Deno.test("a refresh keeps user, session and authentication method, and gives new tokens", async () => {
  await using dev = await startDevAuth();
  const { client, session, claims: { sub, session_id, amr } } = await signUp(dev);
  const refreshed = await refreshedClaims(client);
  assertEquals([refreshed.sub, refreshed.session_id, refreshed.amr], [sub, session_id, amr]);
  const { data } = await client.auth.getSession();
  assertNotEquals(data.session?.refresh_token, session.refresh_token);
});

Deno.test("a refresh token works again while its successor is unused, and then ends the session", async () => {
  await using dev = await startDevAuth();
  const { token, session: { refresh_token: first } } = await signUp(dev);
  const { auth } = dev.connect();
  const refresh = (refresh_token: string) => auth.refreshSession({ refresh_token });
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
  const { session: { refresh_token: own } } = await signUp(dev);
  const refresh = async (refresh_token: string) =>
    errorOf(await dev.connect().auth.refreshSession({ refresh_token }));
  for (const invented of ["a", "a.b.c", `${own}a`, own.slice(0, -1), own.replace(".0.", ".1.")]) {
    assertEquals([invented, await refresh(invented)], [invented, "400 refresh_token_not_found"]);
  }
  assertEquals(await refresh(own), "none");
});

Deno.test("the user is returned while the session is open, and only for its own token", async () => {
  await using dev = await startDevAuth();
  const { client, user, token, session: { refresh_token } } = await signUp(dev);
  assertEquals((await dev.connect().auth.getUser(token)).data.user?.id, user.id);
  assertEquals((await client.auth.signOut()).error, null);
  const { data, error } = await dev.connect().auth.getUser(token);
  assertEquals([data.user, error?.name], [null, "AuthSessionMissingError"]);
  const asked = await dev.ask("/user", { headers: { Authorization: `Bearer ${token}` } });
  assertEquals(await authOutcome(asked), "403 session_not_found");
  const refreshed = await dev.connect().auth.refreshSession({ refresh_token });
  assertEquals(errorOf(refreshed), "400 refresh_token_not_found");
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
    const account = makeAccount();
    const own = await signUp(dev, account);
    const other = (await dev.connect().auth.signInWithPassword(account)).data.session?.access_token ?? "";
    const stranger = await signUp(dev);
    await own.client.auth.signOut({ scope });
    const answers = await Promise.all(
      [own.token, other, stranger.token].map((token) => dev.connect().auth.getUser(token)),
    );
    assertEquals(answers.map(({ error }) => error === null), [...open, true]);
  });
}
