/** Whom a Kotlin app syncs as: who signs in, out, and changes. */
import { assertEquals } from "@std/assert";
import { authError, hang, status } from "../harness/faults.ts";
import type { Scenarios } from "./scenarios.ts";

const ADA = { email: "ada@example.com", password: "correct horse" };
const BOB = { email: "bob@example.com", password: "battery staple" };

export const FOLLOWING: Scenarios = {
  async "sign-in connects, renewals keep the connection's user, sign-out disconnects"(
    { device, sync, proxy },
  ) {
    await device.call("open");
    await device.call("signUp", ADA);
    const first = await sync.stream(0);
    assertEquals(first.claims.is_anonymous, false);
    for (const renewal of [1, 2]) {
      (await sync.stream(renewal - 1)).keepAlive(20);
      assertEquals((await sync.stream(renewal)).user, first.user);
    }
    // A renewed session is not another user.
    await device.call("refresh");
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    await sync.allClosed();
    assertEquals([sync.streams.length, proxy.requests("powersync-auth").length], [3, 3]);
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "another user gets a connection and rows of their own"({ device, sync, supabase }) {
    assertEquals((await supabase().auth.signUp(BOB)).error, null);
    await device.call("open");
    await device.call("signUp", ADA);
    const ada = await sync.stream(0);
    await device.event("notes", { isIt: ({ ids }) => ids === ada.user });
    await device.call("signIn", BOB);
    const bob = await sync.stream(1);
    assertEquals(ada.user === bob.user, false);
    await device.event("notes", { isIt: ({ ids }) => ids === bob.user });
    assertEquals([sync.streams.length, ada.isClosed], [2, true]);
  },

  async "an app that syncs without an account changes to the user who signs in, and never back"(
    { device, sync, proxy },
  ) {
    await device.call("open");
    await device.call("syncAnonymously");
    assertEquals((await sync.stream(0)).user, "anonymous");
    await device.call("signUp", ADA);
    const { user } = await sync.stream(1);
    assertEquals(user === "anonymous", false);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    await sync.allClosed();
    assertEquals([sync.streams.length, proxy.requests("powersync-auth-anonymous").length], [2, 1]);
    // It may be chosen again.
    await device.call("syncAnonymously");
    assertEquals((await sync.stream(2)).user, "anonymous");
  },

  async "an anonymous user who becomes permanent connects again with a token that says so"(
    { device, sync, proxy },
  ) {
    await device.call("open");
    await device.call("signInAnonymously");
    const before = await sync.stream(0);
    proxy.fail("refresh", authError(503, "unexpected_failure"));
    await device.call("makePermanent", ADA);
    await proxy.asked("refresh", 1);
    proxy.recover("refresh");
    const after = await sync.stream(1);
    assertEquals([before.claims.is_anonymous, after.claims.is_anonymous], [true, false]);
    assertEquals([after.user, sync.streams.length], [before.user, 2]);
  },

  async "a token that stays anonymous is refreshed once for each user"({ device, sync, proxy, supabase }) {
    const { data: { session } } = await supabase().auth.signInAnonymously();
    const stays = { ...session, user: { ...session?.user, is_anonymous: false } };
    await device.call("open");
    await device.call("signInAnonymously");
    await sync.stream(0);
    proxy.fail("refresh", () => Response.json(stays));
    await device.call("makePermanent", ADA);
    await sync.stream(1);
    await proxy.asked("refresh", 2);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    assertEquals([sync.streams.length, proxy.requests("refresh").length], [2, 2]);
  },

  async "a sign-out is not held up by a function that does not answer"({ device, sync, proxy }) {
    await device.call("open");
    proxy.fail("powersync-auth", hang);
    await device.call("signUp", ADA);
    await proxy.asked("powersync-auth", 1);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    assertEquals(sync.streams, []);
  },

  async "a refused refresh ends the session, and never makes the user anonymous"({ device, sync, proxy }) {
    await device.call("open");
    for (const [autoRefresh, email] of [[true, "ada@example.com"], [false, "bob@example.com"]]) {
      const streams = sync.streams.length;
      await device.call("signUp", { ...ADA, email });
      const stream = await sync.stream(streams);
      proxy.fail("refresh", authError(400, "refresh_token_not_found"));
      const from = device.position;
      await device.call("expire", { autoRefresh });
      stream.endToken();
      await device.disconnected(from);
      await sync.allClosed();
      assertEquals(sync.streams.length, streams + 1);
    }
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "a session that cannot be refreshed now is not a sign-out"({ device, sync, proxy }) {
    await device.call("open");
    await device.call("signUp", ADA);
    const { user } = await sync.stream(0);
    for (
      const [autoRefresh, fault, error] of [
        [true, authError(503, "unexpected_failure"), "Supabase Auth could not be reached"],
        [false, authError(503, "unexpected_failure"), "Auth says unexpected_failure"],
        [false, authError(429, "over_request_rate_limit"), "Auth says over_request_rate_limit"],
        // A gateway, for example because the API key was changed.
        [false, status(401), "Unauthorized"],
      ] as const
    ) {
      const streams = sync.streams.length;
      const asked = proxy.requests("refresh").length;
      const from = device.position;
      proxy.fail("refresh", fault);
      await device.call("expire", { autoRefresh });
      if (autoRefresh) await proxy.asked("refresh", asked + 1);
      sync.streams.at(-1)?.endToken();
      await device.error(error, from);
      proxy.recover("refresh");
      assertEquals((await sync.stream(streams)).user, user);
    }
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "an app whose session is not loaded yet, or again on Android, waits and keeps its user"(
    { device, sync },
  ) {
    await device.call("open");
    await device.call("signUp", ADA);
    const { user } = await sync.stream(0);
    await device.call("background");
    (await sync.stream(0)).endToken();
    await device.error("No answer within 15s");
    await device.call("foreground");
    assertEquals((await sync.stream(1)).user, user);
  },

  async "users of another provider sync with the token that its SDK gives"({ device, provider, sync, rows }) {
    await device.call("openWithProvider");
    await device.call("provide", { user: "ada", token: "fails" });
    await device.error("The provider cannot be reached");
    await device.call("provide", { user: "ada", token: "times out" });
    await device.error("No answer within");
    await device.call("provide", { user: "ada", token: await provider.token("ada") });
    await sync.stream(0);
    await device.call("write", { statements: ["INSERT INTO notes (id, body) VALUES ('n1', 'a')"] });
    await device.call("uploaded");
    await device.call("provide", { user: "bob", token: await provider.token("bob") });
    await sync.stream(1);
    assertEquals(sync.streams.map(({ user }) => user), ["ada", "bob"]);
    assertEquals(rows.writes.map(({ id, user }) => [id, user]), [["n1", "ada"]]);
    const from = device.position;
    await device.call("provide", { user: "", token: "" });
    await device.disconnected(from);
    await sync.allClosed();
  },
};
