/** What becomes of sync when a session starts, ends, changes or cannot be renewed, in the real @powersync/node. */
import { assertEquals } from "@std/assert";
import { authError, status } from "../harness/faults.ts";
import { signUp, withApp } from "./app.ts";
import { installSdks } from "./project.ts";

let sdks: string;

Deno.test.beforeAll(async () => {
  sdks = await installSdks();
});

Deno.test.afterAll(() => Deno.remove(sdks, { recursive: true }));

const FOLLOW = "app.follow(app.signedIn)";
const SIGN_UP = signUp();
const REFUSED = authError(400, "refresh_token_not_found");

/** What the local database has of the rows, each named after its user. */
const ROWS = "return (await app.database.getAll('SELECT id FROM notes ORDER BY id')).map(({ id }) => id)";

/** Waits until the local database has the row of one user and no other. */
const hasRow = (user: unknown) =>
  `for await (const { rows } of app.database.watch('SELECT id FROM notes')) {
    const ids = rows._array.map(({ id }) => id);
    if (ids.length === 1 && ids[0] === ${JSON.stringify(user)}) return;
  }`;

for (const lock of ["default", "process"] as const) {
  Deno.test(`${lock} lock: sign-in connects as the user, sign-out ends and disconnects`, async () => {
    await withApp(sdks, async (app, { sync }) => {
      await app.run(FOLLOW);
      const user = await app.run(SIGN_UP);
      const stream = await sync.stream(0);
      assertEquals([stream.user, stream.claims.role], [user, "authenticated"]);
      await app.run(hasRow(user));
      await app.run("await app.supabase.auth.signOut()");
      await sync.allClosed();
      await app.event("status", ({ connected }) => connected === false);
      assertEquals(sync.streams.length, 1);
    }, { lock });
  });

  Deno.test(`${lock} lock: after a refused refresh nobody syncs, and the user can sign in again`, async () => {
    await withApp(sdks, async (app, { sync, proxy }) => {
      await app.run(FOLLOW);
      const user = await app.run(SIGN_UP);
      await app.run(hasRow(user));
      proxy.fail("refresh", REFUSED);
      await app.run("app.expire()");
      (await sync.stream(0)).endToken();
      await app.event("disconnect");
      assertEquals(await app.run("return await app.signedIn.fetchCredentials()"), null);
      assertEquals(proxy.requests("powersync-auth-anonymous").length, 0);
      assertEquals(await app.run(ROWS), [user]);
      const next = await app.run(signUp());
      assertEquals((await sync.stream(1)).user, next);
    }, { lock });
  });

  Deno.test(`${lock} lock: an anonymous user who becomes permanent syncs with a token that says so`, async () => {
    await withApp(sdks, async (app, { sync }) => {
      await app.run(FOLLOW);
      await app.run("const { error } = await app.supabase.auth.signInAnonymously(); if (error) throw error");
      const before = await sync.stream(0);
      assertEquals(before.claims.is_anonymous, true);
      await app.run(`const { error } = await app.supabase.auth.updateUser({
        email: "ada@example.com", password: "correct horse",
      }); if (error) throw error`);
      const after = await sync.stream(1);
      assertEquals([after.user, after.claims.is_anonymous], [before.user, false]);
      assertEquals(app.count("connect"), 2);
    }, { lock });
  });
}

Deno.test("a refresh that meets a 503 is tried again: the user stays, and so do their rows", async () => {
  await withApp(sdks, async (app, { sync, proxy }) => {
    await app.run(FOLLOW);
    const user = await app.run(SIGN_UP);
    await app.run(hasRow(user));
    proxy.fail("refresh", status(503));
    await app.run("app.expire()");
    (await sync.stream(0)).endToken();
    await app.shows("downloadError", "No answer within 500 ms.");
    assertEquals(await app.run(ROWS), [user]);
    proxy.recover("refresh");
    assertEquals((await sync.stream(1)).user, user);
    assertEquals([app.count("disconnect"), proxy.requests("powersync-auth-anonymous").length], [0, 0]);
  }, { timeoutMs: 500 });
});

Deno.test("a tab that gets focus, a renewed session and changed metadata do not reconnect", async () => {
  await withApp(sdks, async (app, { sync }) => {
    await app.run(FOLLOW);
    await app.run(SIGN_UP);
    await sync.stream(0);
    await app.run(
      "app.supabase.auth.onAuthStateChange((event) => { console.log(JSON.stringify({ event })) })",
    );
    // What supabase-js does when a tab becomes visible.
    await app.run("await app.supabase.auth._recoverAndRefresh()");
    await app.event("SIGNED_IN");
    await app.run("await app.supabase.auth.refreshSession()");
    await app.event("TOKEN_REFRESHED");
    await app.run("await app.supabase.auth.updateUser({ data: { theme: 'dark' } })");
    await app.event("USER_UPDATED");
    assertEquals([app.count("connect"), app.count("disconnect")], [1, 0]);
  });
});

Deno.test("another user: the new one's token and rows, and none of the former one's", async () => {
  await withApp(sdks, async (app, { sync }) => {
    await app.run(FOLLOW);
    const first = await app.run(SIGN_UP);
    await app.run(hasRow(first));
    const second = await app.run(signUp());
    assertEquals((await sync.stream(1)).user, second);
    await app.run(hasRow(second));
    assertEquals([sync.streams[0]?.isClosed, app.count("disconnect")], [true, 0]);
  });
});

Deno.test("anonymous by choice, then signed in, then anonymous by choice again", async () => {
  await withApp(sdks, async (app, { sync, proxy }) => {
    await app.run(FOLLOW);
    await app.run("await app.connect(app.anonymous)");
    assertEquals((await sync.stream(0)).user, "anonymous");
    const user = await app.run(SIGN_UP);
    assertEquals((await sync.stream(1)).user, user);
    await app.run("await app.supabase.auth.signOut(); await app.connect(app.anonymous)");
    const last = await sync.stream(2);
    assertEquals([last.user, last.isClosed], ["anonymous", false]);
    assertEquals(proxy.requests("powersync-auth").length, 1);
  });
});

Deno.test("without a session the connector is not signed in, and asks no function", async () => {
  await withApp(sdks, async (app, { sync, proxy }) => {
    assertEquals(await app.run("return await app.signedIn.fetchCredentials()"), null);
    await app.run("await app.connect(app.signedIn)");
    await app.shows("downloadError", "Not signed in");
    const asked = [...proxy.requests("powersync-auth"), ...proxy.requests("powersync-auth-anonymous")];
    assertEquals([asked.length, sync.streams.length], [0, 0]);
  });
});
