/** What an administrator does with the secret key: users, app_metadata, bans. */
import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { errorOf, makePassword, startDevAuth } from "../support/dev_auth.ts";

Deno.test("a created user signs in with what the administrator gave", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const account = { email: "Ada@example.com", password: makePassword() };
  const { data: { user }, error } = await admin.createUser({
    ...account,
    email_confirm: true,
    user_metadata: { name: "Ada" },
    app_metadata: { org_id: "acme" },
  });
  assertEquals(error, null);
  assertEquals([user?.email, user?.last_sign_in_at, user?.user_metadata.name], [
    "ada@example.com",
    undefined,
    "Ada",
  ]);
  const { data: { session } } = await dev.connect().auth.signInWithPassword(account);
  const { app_metadata, sub } = decodeJwt(session?.access_token ?? "");
  assertEquals([sub, app_metadata], [user?.id, {
    provider: "email",
    providers: ["email"],
    org_id: "acme",
  }]);
});

Deno.test("a user created without email_confirm cannot sign in until an administrator confirms the address", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const account = { email: "ada@example.com", password: makePassword() };
  const { data: { user } } = await admin.createUser(account);
  assertExists(user);
  assertEquals([user.is_anonymous, user.email_confirmed_at], [false, undefined]);
  assertEquals(errorOf(await dev.connect().auth.signInWithPassword(account)), "400 email_not_confirmed");
  await admin.updateUserById(user.id, { email_confirm: true });
  assertEquals(errorOf(await dev.connect().auth.signInWithPassword(account)), "none");
});

Deno.test("an administrator's change shows in the next refreshed token, and a new password ends all sessions", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const client = dev.connect();
  const { data: { user } } = await client.auth.signUp({
    email: "ada@example.com",
    password: makePassword(),
  });
  assertExists(user);
  await admin.updateUserById(user.id, { app_metadata: { org_id: "acme" }, role: "editor" });
  const { data: { session } } = await client.auth.refreshSession();
  const { role, app_metadata } = decodeJwt(session?.access_token ?? "");
  assertEquals([role, app_metadata], ["editor", {
    provider: "email",
    providers: ["email"],
    org_id: "acme",
  }]);
  await admin.updateUserById(user.id, { app_metadata: { org_id: null }, password: makePassword() });
  assertEquals((await admin.getUserById(user.id)).data.user?.app_metadata.org_id, undefined);
  assertEquals((await client.auth.getUser()).error?.name, "AuthSessionMissingError");
});

Deno.test("a banned user neither refreshes nor signs in nor is returned, until the ban ends", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const account = { email: "ada@example.com", password: makePassword() };
  const client = dev.connect();
  const { data: { user, session } } = await client.auth.signUp(account);
  assertExists(user);
  assertExists(session);
  const outcomes = async () => [
    errorOf(await dev.connect().auth.getUser(session.access_token)),
    errorOf(await dev.connect().auth.refreshSession({ refresh_token: session.refresh_token })),
    errorOf(await dev.connect().auth.signInWithPassword(account)),
  ];
  const banned = await admin.updateUserById(user.id, { ban_duration: "24h" });
  const hours = (Date.parse(`${banned.data.user?.banned_until}`) - Date.now()) / 3_600_000;
  assert(hours > 23.9 && hours <= 24);
  assertEquals(await outcomes(), ["403 user_banned", "400 user_banned", "400 user_banned"]);
  const freed = await admin.updateUserById(user.id, { ban_duration: "none" });
  assertEquals(freed.data.user?.banned_until, undefined);
  assertEquals(await outcomes(), ["none", "none", "none"]);
  // A ban in the past is over.
  await admin.updateUserById(user.id, { ban_duration: "0s" });
  assertEquals(await outcomes(), ["none", "none", "none"]);
});

Deno.test("a deleted user's token is refused with user_not_found, and the address is free again", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const account = { email: "ada@example.com", password: makePassword() };
  const { data: { user, session } } = await dev.connect().auth.signUp(account);
  assertExists(user);
  assertExists(session);
  const deleted = await admin.deleteUser(user.id);
  assertEquals([errorOf(deleted), deleted.data.user?.id], ["none", user.id]);
  assertEquals(errorOf(await dev.connect().auth.getUser(session.access_token)), "403 user_not_found");
  const { refresh_token } = session;
  assertEquals(
    errorOf(await dev.connect().auth.refreshSession({ refresh_token })),
    "400 refresh_token_not_found",
  );
  assertEquals(errorOf(await admin.getUserById(user.id)), "404 user_not_found");
  assertEquals(errorOf(await dev.connect().auth.signUp(account)), "none");
});

Deno.test("users are listed, the newest first, in pages", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  for (const name of ["a", "b", "c"]) await admin.createUser({ email: `${name}@example.com` });
  const { data } = await admin.listUsers();
  assertEquals(data.users.map(({ email }) => email?.[0]), ["c", "b", "a"]);
  const first = await admin.listUsers({ page: 1, perPage: 2 });
  assertEquals(first.error, null);
  assertEquals(first.data.users.map(({ email }) => email?.[0]), ["c", "b"]);
  const { nextPage, lastPage, total } = { nextPage: 0, lastPage: 0, total: 0, ...first.data };
  assertEquals([nextPage, lastPage, total], [2, 2, 3]);
  const second = await admin.listUsers({ page: 2, perPage: 2 });
  assertEquals(second.data.users.map(({ email }) => email?.[0]), ["a"]);
});

Deno.test("what an administrator cannot do here is refused, and nothing is ignored silently", async () => {
  await using dev = await startDevAuth();
  const { admin } = dev.connect("secret").auth;
  const email = "ada@example.com";
  const { data: { user } } = await admin.createUser({ email });
  const id = user?.id ?? "";
  const refused = {
    "no address": [admin.createUser({ user_metadata: {} }), "400 validation_failed"],
    "a taken address": [admin.createUser({ email }), "422 email_exists"],
    "a bad address": [admin.createUser({ email: "ada" }), "400 validation_failed"],
    "a bad ban": [admin.updateUserById(id, { ban_duration: "a day" }), "400 validation_failed"],
    "an endless ban": [
      admin.updateUserById(id, { ban_duration: "9".repeat(400) + "h" }),
      "400 validation_failed",
    ],
    "a weak password": [admin.updateUserById(id, { password: "short" }), "422 weak_password"],
    "a phone number": [admin.createUser({ phone: "+10000000" }), "422 phone_provider_disabled"],
    "a soft deletion": [admin.deleteUser(id, true), "400 validation_failed"],
    "an unknown user": [admin.updateUserById(crypto.randomUUID(), {}), "404 user_not_found"],
  } as const;
  for (const [what, [answer, expected]] of Object.entries(refused)) {
    assertEquals([what, errorOf(await answer)], [what, expected]);
  }
  const hash = await admin.createUser({ email: "bob@example.com", password_hash: "$2a$10$" });
  assertEquals(errorOf(hash), "400 validation_failed");
  assertMatch(`${hash.error?.message}`, /password_hash/);
});

Deno.test("only the secret key is an administrator's", async () => {
  await using dev = await startDevAuth();
  assertEquals(errorOf(await dev.connect().auth.admin.listUsers()), "403 not_admin");
  const { data: { session } } = await dev.connect().auth.signInAnonymously();
  const response = await fetch(`${dev.url}/admin/users`, {
    headers: { apikey: "sb_secret_development", Authorization: `Bearer ${session?.access_token}` },
  });
  assertEquals([response.status, (await response.json()).error_code], [403, "not_admin"]);
});
