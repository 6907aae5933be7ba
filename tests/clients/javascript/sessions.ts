/** What becomes of sync when a session starts, ends, changes or cannot be renewed, in the real @powersync/node. */
import { assert, assertEquals } from "@std/assert";
import { authError, hang, reset, status } from "../harness/faults.ts";
import { hasRow, signUp, withApp } from "./app.ts";

const FOLLOW = "app.follow(app.signedIn)";
const SIGN_UP = signUp();
const REFUSED = authError(400, "refresh_token_not_found");

/** What the local database has of the rows, each named after its user. */
const ROWS = "return (await app.database.getAll('SELECT id FROM notes ORDER BY id')).map(({ id }) => id)";

for (const lock of ["default", "process"] as const) {
  Deno.test(`${lock} lock: sign-in connects as the user, sign-out ends and disconnects`, async () => {
    await withApp(async (app, { sync }) => {
      await app.run("app.follow(app.withoutSignal(app.signedIn))");
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
    await withApp(async (app, { sync, proxy }) => {
      await app.run("app.follow(app.withoutSignal(app.signedIn))");
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
    await withApp(async (app, { sync }) => {
      await app.run("app.follow(app.withoutSignal(app.signedIn))");
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

Deno.test("an anonymous user became permanent, and the refresh failed: the next event tries again", async () => {
  await withApp(async (app, { sync, proxy }) => {
    await app.run(FOLLOW);
    await app.run("const { error } = await app.supabase.auth.signInAnonymously(); if (error) throw error");
    await sync.stream(0);
    proxy.fail("refresh", authError(429, "over_request_rate_limit"));
    await app.run(`const { error } = await app.supabase.auth.updateUser({
      email: "ada@example.com", password: "correct horse",
    }); if (error) throw error`);
    await proxy.asked("refresh", 1);
    await app.run("await app.supabase.auth.refreshSession()");
    proxy.recover("refresh");
    // supabase-js repeats that failure for a minute. Then a tab gets focus.
    await app.run(
      "const { now } = Date; Date.now = () => now() + 61_000; await app.supabase.auth._recoverAndRefresh()",
    );
    assertEquals((await sync.stream(1)).claims.is_anonymous, false);
    assertEquals(app.count("connect"), 2);
  });
});

Deno.test("without a connection only a local sign-out signs out, and disconnects", async () => {
  await withApp(async (app, { sync, proxy }) => {
    await app.run(FOLLOW);
    await app.run(SIGN_UP);
    const stream = await sync.stream(0);
    proxy.fail("sign-out", reset);
    const failed = await app.run("return (await app.supabase.auth.signOut()).error !== null");
    assertEquals([failed, app.count("disconnect"), stream.isClosed], [true, 0, false]);
    await app.run("await app.supabase.auth.signOut({ scope: 'local' })");
    await sync.allClosed();
  });
});

Deno.test("a refresh that meets a 503 is tried again: the user stays, and so do their rows", async () => {
  await withApp(async (app, { sync, proxy }) => {
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

Deno.test("a refresh that hangs ends, and does not hold up what comes after it", async () => {
  await withApp(async (app, { sync, proxy }) => {
    await app.run(FOLLOW);
    const user = await app.run(SIGN_UP);
    const stream = await sync.stream(0);
    proxy.fail("refresh", hang);
    // The limit of 15 s, faster.
    await app.run(`const { setTimeout } = globalThis;
      globalThis.setTimeout = (run, ms, ...args) => setTimeout(run, ms === 15_000 ? 200 : ms, ...args);`);
    await app.run("app.expire()");
    stream.endToken();
    await proxy.asked("refresh", 2);
    proxy.recover("refresh");
    assertEquals((await sync.stream(1)).user, user);
    await app.run("await app.supabase.auth.signOut()");
    await sync.allClosed();
  });
});

Deno.test("a refresh that supabase-js itself gives up is an error, and is not taken for a sign-out", async () => {
  await withApp(async (app, { proxy }) => {
    await app.run(SIGN_UP);
    proxy.fail("refresh", status(503));
    await app.run("app.expire()");
    const error = await app.run(`
      // supabase-js waits for 25 s in all between its attempts.
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (run, ms, ...args) => setTimeout(run, ms / 100, ...args);
      return await app.signedIn.fetchCredentials().catch(({ message }) => message);
    `);
    assertEquals(error, "Status 503");
    assert(proxy.requests("refresh").length > 2);
  }, { timeoutMs: 3_000_000 });
});

Deno.test("a tab that gets focus, a renewed session and changed metadata do not reconnect", async () => {
  await withApp(async (app, { sync }) => {
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
  await withApp(async (app, { sync }) => {
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
  await withApp(async (app, { sync, proxy }) => {
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
  await withApp(async (app, { sync, proxy }) => {
    assertEquals(await app.run("return await app.signedIn.fetchCredentials()"), null);
    await app.run("await app.connect(app.signedIn)");
    await app.shows("downloadError", "Not signed in");
    const asked = [...proxy.requests("powersync-auth"), ...proxy.requests("powersync-auth-anonymous")];
    assertEquals([asked.length, sync.streams.length], [0, 0]);
  });
});
