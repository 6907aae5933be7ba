/** What a user changes: password, e-mail address, metadata; and how an anonymous user becomes permanent. */
import { assertEquals, assertExists } from "@std/assert";
import { decodeJwt } from "jose";
import { errorOf, makePassword, startDevAuth } from "../support/dev_auth.ts";

Deno.test("an anonymous user becomes permanent with the same ID and no new token; the next refresh shows it", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  const { data: { session, user } } = await client.auth.signInAnonymously({
    options: { data: { nickname: "a" } },
  });
  assertExists(session);
  const events: string[] = [];
  const heard = Promise.withResolvers<void>();
  client.auth.onAuthStateChange((event) => {
    if (event === "INITIAL_SESSION") heard.resolve();
    else events.push(event);
  });
  await heard.promise;

  const account = { email: "Ada@example.com", password: makePassword() };
  const { data, error } = await client.auth.updateUser(account);
  assertEquals(error, null);
  assertExists(data.user);
  const { id, email, is_anonymous, app_metadata, user_metadata, identities } = data.user;
  assertEquals([id, email, is_anonymous], [user?.id, "ada@example.com", false]);
  assertEquals(app_metadata, { provider: "email", providers: ["email"] });
  assertEquals([user_metadata?.nickname, user_metadata?.email_verified], ["a", true]);
  assertEquals(identities?.length, 1);
  assertEquals(events, ["USER_UPDATED"]);

  const unchanged = (await client.auth.getSession()).data.session;
  assertEquals(unchanged?.access_token, session.access_token);
  const { data: { session: refreshed } } = await client.auth.refreshSession();
  const [before, after] = [session, refreshed].map((one) => decodeJwt(one?.access_token ?? ""));
  assertEquals([before?.is_anonymous, after?.is_anonymous, after?.sub], [true, false, id]);
  assertEquals((await dev.connect().auth.signInWithPassword(account)).data.user?.id, id);
});

Deno.test("a new password ends the user's other sessions, and the old one no longer works", async () => {
  await using dev = await startDevAuth();
  const [client, elsewhere] = [dev.connect(), dev.connect()];
  const [email, old, password] = ["ada@example.com", makePassword(), makePassword()];
  await client.auth.signUp({ email, password: old });
  await elsewhere.auth.signInWithPassword({ email, password: old });
  assertEquals((await client.auth.updateUser({ password })).error, null);
  assertEquals((await client.auth.getUser()).error, null);
  assertEquals((await elsewhere.auth.getUser()).error?.name, "AuthSessionMissingError");
  const signIn = (password: string) => dev.connect().auth.signInWithPassword({ email, password });
  assertEquals([errorOf(await signIn(old)), errorOf(await signIn(password))], [
    "400 invalid_credentials",
    "none",
  ]);
});

Deno.test("metadata is merged, null removes a member, and the token shows it after a refresh", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  await client.auth.signInAnonymously({ options: { data: { kept: 1, removed: 2 } } });
  const { data: { user } } = await client.auth.updateUser({ data: { removed: null, added: 3 } });
  assertEquals(user?.user_metadata, { kept: 1, added: 3 });
  const { data: { session } } = await client.auth.refreshSession();
  assertEquals(decodeJwt(session?.access_token ?? "").user_metadata, { kept: 1, added: 3 });
});

Deno.test("a user changes the address, and signs in with the new one only", async () => {
  await using dev = await startDevAuth();
  const client = dev.connect();
  const password = makePassword();
  await client.auth.signUp({ email: "ada@example.com", password });
  assertEquals((await client.auth.updateUser({ email: "ADA@example.org" })).error, null);
  const signIn = (email: string) => dev.connect().auth.signInWithPassword({ email, password });
  assertEquals(errorOf(await signIn("ada@example.com")), "400 invalid_credentials");
  const { data: { user } } = await signIn("ada@example.org");
  assertEquals(user?.identities?.map(({ identity_data }) => identity_data?.email), ["ada@example.org"]);
  assertEquals((await dev.connect().auth.signUp({ email: "ada@example.com", password })).error, null);
});

Deno.test("changes that Supabase Auth refuses are refused with its codes", async () => {
  await using dev = await startDevAuth();
  const [client, anonymous] = [dev.connect(), dev.connect()];
  const password = makePassword();
  await dev.connect().auth.signUp({ email: "taken@example.com", password });
  const { data: { session } } = await client.auth.signUp({ email: "ada@example.com", password });
  await anonymous.auth.signInAnonymously();
  const refused = {
    "the same password": [client.auth.updateUser({ password }), "422 same_password"],
    "a weak password": [client.auth.updateUser({ password: "short" }), "422 weak_password"],
    "an empty password": [client.auth.updateUser({ password: "" }), "422 weak_password"],
    "an endless password": [client.auth.updateUser({ password: "x".repeat(73) }), "400 validation_failed"],
    "a bad address": [client.auth.updateUser({ email: "ada" }), "400 validation_failed"],
    "a taken address": [client.auth.updateUser({ email: "taken@example.com" }), "422 email_exists"],
    "a phone number": [client.auth.updateUser({ phone: "+10000000" }), "422 phone_provider_disabled"],
    "a password without an address": [
      anonymous.auth.updateUser({ password: makePassword() }),
      "422 validation_failed",
    ],
  } as const;
  for (const [what, [answer, expected]] of Object.entries(refused)) {
    assertEquals([what, errorOf(await answer)], [what, expected]);
  }
  const own = await dev.ask("/user", {
    method: "PUT",
    headers: { Authorization: `Bearer ${session?.access_token}` },
    body: JSON.stringify({ app_metadata: { org_id: "acme" } }),
  });
  assertEquals([own.status, (await own.json()).error_code], [403, "not_admin"]);
});
