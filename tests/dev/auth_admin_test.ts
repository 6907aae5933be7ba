/** What an administrator does with the secret key: users, app_metadata, bans. */
import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import {
  errorOf,
  makeAccount,
  makePassword,
  refreshedClaims,
  signUp,
  startDevAuth,
} from "../support/dev_auth.ts";

const EMAIL_PROVIDER = { provider: "email", providers: ["email"] };

Deno.test("a created user signs in with what the administrator gave", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount("Ada@example.com");
  const metadata = { user_metadata: { name: "Ada" }, app_metadata: { org_id: "acme" } };
  const { data: { user }, error } = await dev.admin.createUser({
    ...account,
    email_confirm: true,
    ...metadata,
  });
  assertEquals(error, null);
  assertEquals(
    [user?.email, user?.last_sign_in_at, user?.user_metadata.name],
    ["ada@example.com", undefined, "Ada"],
  );
  const signedIn = (await dev.connect().auth.signInWithPassword(account)).data.user;
  assertEquals([signedIn?.id, signedIn?.app_metadata], [user?.id, { ...EMAIL_PROVIDER, org_id: "acme" }]);
});

Deno.test("a user created without email_confirm cannot sign in until an administrator confirms the address", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount();
  const signIn = async () => errorOf(await dev.connect().auth.signInWithPassword(account));
  const { data: { user } } = await dev.admin.createUser(account);
  assertExists(user);
  assertEquals([user.is_anonymous, user.email_confirmed_at], [false, undefined]);
  assertEquals(await signIn(), "400 email_not_confirmed");
  await dev.admin.updateUserById(user.id, { email_confirm: true });
  assertEquals(await signIn(), "none");
});

Deno.test("an administrator's change shows in the next refreshed token, and a new password ends all sessions", async () => {
  await using dev = await startDevAuth();
  const { client, user: { id } } = await signUp(dev, makeAccount());
  await dev.admin.updateUserById(id, { app_metadata: { org_id: "acme" }, role: "editor" });
  const { role, app_metadata } = await refreshedClaims(client);
  assertEquals([role, app_metadata], ["editor", { ...EMAIL_PROVIDER, org_id: "acme" }]);
  await dev.admin.updateUserById(id, { app_metadata: { org_id: null }, password: makePassword() });
  assertEquals((await dev.admin.getUserById(id)).data.user?.app_metadata, EMAIL_PROVIDER);
  assertEquals((await client.auth.getUser()).error?.name, "AuthSessionMissingError");
});

Deno.test("a banned user neither refreshes nor signs in nor is returned, until the ban ends", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount();
  const { user: { id }, token, session: { refresh_token } } = await signUp(dev, account);
  const outcomesOfBan = async (ban_duration: string) => {
    const { data } = await dev.admin.updateUserById(id, { ban_duration });
    const until = data.user?.banned_until;
    const hours = until === undefined ? undefined : (Date.parse(until) - Date.now()) / 3_600_000;
    const { auth } = dev.connect();
    const outcomes = [
      await auth.getUser(token),
      await auth.refreshSession({ refresh_token }),
      await auth.signInWithPassword(account),
    ];
    return { hours, outcomes: outcomes.map(errorOf) };
  };
  const { hours = 0, outcomes } = await outcomesOfBan("24h");
  assert(hours > 23.9 && hours <= 24, `${hours}`);
  assertEquals(outcomes, ["403 user_banned", "400 user_banned", "400 user_banned"]);
  const free = ["none", "none", "none"];
  assertEquals(await outcomesOfBan("none"), { hours: undefined, outcomes: free });
  // A ban in the past is over.
  assertEquals((await outcomesOfBan("0s")).outcomes, free);
});

Deno.test("a deleted user's token is refused with user_not_found, and the address is free again", async () => {
  await using dev = await startDevAuth();
  const account = makeAccount();
  const { user: { id }, token, session: { refresh_token } } = await signUp(dev, account);
  const deleted = await dev.admin.deleteUser(id);
  assertEquals([errorOf(deleted), deleted.data.user?.id], ["none", id]);
  const { auth } = dev.connect();
  assertEquals(errorOf(await auth.getUser(token)), "403 user_not_found");
  assertEquals(errorOf(await auth.refreshSession({ refresh_token })), "400 refresh_token_not_found");
  assertEquals(errorOf(await dev.admin.getUserById(id)), "404 user_not_found");
  assertEquals(errorOf(await auth.signUp(account)), "none");
});

Deno.test("users are listed, the newest first, in pages", async () => {
  await using dev = await startDevAuth();
  for (const name of ["a", "b", "c"]) await dev.admin.createUser({ email: `${name}@example.com` });
  const listed = async (params = {}) => {
    const { data } = await dev.admin.listUsers(params);
    const { nextPage, lastPage, total } = { nextPage: 0, lastPage: 0, total: 0, ...data };
    return [data.users.map(({ email }) => email?.[0]).join(""), nextPage, lastPage, total];
  };
  assertEquals((await listed())[0], "cba");
  assertEquals(await listed({ page: 1, perPage: 2 }), ["cb", 2, 2, 3]);
  assertEquals((await listed({ page: 2, perPage: 2 }))[0], "a");
});

Deno.test("what an administrator cannot do here is refused, and nothing is ignored silently", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev;
  const email = "ada@example.com";
  const id = (await admin.createUser({ email })).data.user?.id ?? "";
  const hash = admin.createUser({ email: "bob@example.com", password_hash: "$2a$10$" });
  const refused = {
    "no address": [admin.createUser({ user_metadata: {} }), "400 validation_failed"],
    "a taken address": [admin.createUser({ email }), "422 email_exists"],
    "a bad address": [admin.createUser({ email: "ada" }), "400 validation_failed"],
    "a bad ban": [admin.updateUserById(id, { ban_duration: "a day" }), "400 validation_failed"],
    "an endless ban": [
      admin.updateUserById(id, { ban_duration: `${"9".repeat(400)}h` }),
      "400 validation_failed",
    ],
    "a weak password": [admin.updateUserById(id, { password: "short" }), "422 weak_password"],
    "a phone number": [admin.createUser({ phone: "+10000000" }), "422 phone_provider_disabled"],
    "a soft deletion": [admin.deleteUser(id, true), "400 validation_failed"],
    "an unknown user": [admin.updateUserById(crypto.randomUUID(), {}), "404 user_not_found"],
    "an unknown member": [hash, "400 validation_failed"],
  } as const;
  for (const [what, [answer, expected]] of Object.entries(refused)) {
    assertEquals([what, errorOf(await answer)], [what, expected]);
  }
  assertMatch(`${(await hash).error?.message}`, /password_hash/);
});

Deno.test("only the secret key is an administrator's", async () => {
  await using dev = await startDevAuth();
  assertEquals(errorOf(await dev.connect().auth.admin.listUsers()), "403 not_admin");
  const { token } = await signUp(dev);
  const headers = { apikey: "sb_secret_development", Authorization: `Bearer ${token}` };
  const response = await fetch(`${dev.url}/admin/users`, { headers });
  assertEquals([response.status, (await response.json()).error_code], [403, "not_admin"]);
});
