/** What a user changes: password, e-mail address, metadata; and how an anonymous user becomes permanent. */
import { assertEquals } from "@std/assert";
import {
  errorOf,
  makeAccount,
  makePassword,
  refreshedClaims,
  signUp,
  startDevAuth,
} from "../support/dev_auth.ts";

Deno.test("an anonymous user becomes permanent with the same ID and no new token; the next refresh shows it", async () => {
  await using dev = await startDevAuth();
  const { client, user: { id }, claims, token } = await signUp(dev, undefined, { nickname: "a" });
  const events: string[] = [];
  const heard = Promise.withResolvers<void>();
  client.auth.onAuthStateChange((event) => {
    if (event === "INITIAL_SESSION") heard.resolve();
    else events.push(event);
  });
  await heard.promise;

  const account = makeAccount("Ada@example.com");
  const { data: { user }, error } = await client.auth.updateUser(account);
  assertEquals(error, null);
  assertEquals([user?.id, user?.email, user?.is_anonymous], [id, "ada@example.com", false]);
  assertEquals(user?.app_metadata, { provider: "email", providers: ["email"] });
  assertEquals([user?.user_metadata.nickname, user?.user_metadata.email_verified], ["a", true]);
  assertEquals(user?.identities?.length, 1);
  assertEquals(events, ["USER_UPDATED"]);

  assertEquals((await client.auth.getSession()).data.session?.access_token, token);
  const refreshed = await refreshedClaims(client);
  assertEquals([claims.is_anonymous, refreshed.is_anonymous, refreshed.sub], [true, false, id]);
  assertEquals((await dev.connect().auth.signInWithPassword(account)).data.user?.id, id);
});

Deno.test("a new password ends the user's other sessions, and the old one no longer works", async () => {
  await using dev = await startDevAuth();
  const [account, password] = [makeAccount(), makePassword()];
  const { client } = await signUp(dev, account);
  const elsewhere = dev.connect();
  await elsewhere.auth.signInWithPassword(account);
  assertEquals((await client.auth.updateUser({ password })).error, null);
  assertEquals((await client.auth.getUser()).error, null);
  assertEquals((await elsewhere.auth.getUser()).error?.name, "AuthSessionMissingError");
  const signIn = async (with_: object) =>
    errorOf(await dev.connect().auth.signInWithPassword({ ...account, ...with_ }));
  assertEquals([await signIn({}), await signIn({ password })], ["400 invalid_credentials", "none"]);
});

Deno.test("metadata is merged, null removes a member, and the token shows it after a refresh", async () => {
  await using dev = await startDevAuth();
  const { client } = await signUp(dev, undefined, { kept: 1, removed: 2 });
  const { data: { user } } = await client.auth.updateUser({ data: { removed: null, added: 3 } });
  assertEquals(user?.user_metadata, { kept: 1, added: 3 });
  assertEquals((await refreshedClaims(client)).user_metadata, { kept: 1, added: 3 });
});

Deno.test("a user changes the address, and signs in with the new one only", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount();
  const { client } = await signUp(dev, account);
  assertEquals((await client.auth.updateUser({ email: "ADA@example.org" })).error, null);
  assertEquals(errorOf(await dev.connect().auth.signInWithPassword(account)), "400 invalid_credentials");
  const renamed = { ...account, email: "ada@example.org" };
  const { data: { user } } = await dev.connect().auth.signInWithPassword(renamed);
  assertEquals(user?.identities?.map(({ identity_data }) => identity_data?.email), ["ada@example.org"]);
  assertEquals((await dev.connect().auth.signUp(account)).error, null);
});

Deno.test("changes that Supabase Auth refuses are refused with its codes", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount();
  await signUp(dev, makeAccount("taken@example.com"));
  const { client: { auth }, token } = await signUp(dev, account);
  const { client: anonymous } = await signUp(dev);
  const refused = {
    "the same password": [auth.updateUser({ password: account.password }), "422 same_password"],
    "a weak password": [auth.updateUser({ password: "short" }), "422 weak_password"],
    "an empty password": [auth.updateUser({ password: "" }), "422 weak_password"],
    "an endless password": [auth.updateUser({ password: "x".repeat(73) }), "400 validation_failed"],
    "a bad address": [auth.updateUser({ email: "ada" }), "400 validation_failed"],
    "a taken address": [auth.updateUser({ email: "taken@example.com" }), "422 email_exists"],
    "a phone number": [auth.updateUser({ phone: "+10000000" }), "422 phone_provider_disabled"],
    "a password without an address": [
      anonymous.auth.updateUser({ password: makePassword() }),
      "422 validation_failed",
    ],
  } as const;
  for (const [what, [answer, expected]] of Object.entries(refused)) {
    assertEquals([what, errorOf(await answer)], [what, expected]);
  }
  const headers = { Authorization: `Bearer ${token}` };
  const body = JSON.stringify({ app_metadata: { org_id: "acme" } });
  const own = await dev.ask("/user", { method: "PUT", headers, body });
  assertEquals([own.status, (await own.json()).error_code], [403, "not_admin"]);
});
