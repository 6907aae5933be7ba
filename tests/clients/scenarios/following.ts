/** Whom an app syncs as: who signs in, out, and changes. */
import { assertEquals } from "@std/assert";
import { authError, hang } from "../harness/faults.ts";
import { ADA, BOB, expire, type Scenarios, signUp, syncAsAda } from "../harness/scenario.ts";

export const FOLLOWING: Scenarios = {
  async "sign-in connects, renewals keep the connection's user, sign-out disconnects"(scene) {
    const { device, sync, proxy, sdk } = scene;
    const user = await syncAsAda(scene);
    const { claims } = await sync.stream(0);
    assertEquals([claims.role, claims.is_anonymous], ["authenticated", false]);
    await device.hasRowOf(user);
    for (const renewal of [1, 2]) {
      const stream = await sync.stream(renewal - 1);
      stream.keepAlive(20);
      if (!sdk.renewsEarly) stream.endToken();
      assertEquals((await sync.stream(renewal)).user, user);
    }
    // A renewed session is not another user.
    await device.call("refresh");
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    await sync.allClosed();
    assertEquals([sync.streams.length, sync.refusals], [3, []]);
    assertEquals(proxy.requests("powersync-auth").length, 1 + 2 * sdk.asksPerRenewal);
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "another user gets a connection and rows of their own"(scene) {
    const { device, sync } = scene;
    const { user: bob } = await signUp(scene, BOB);
    const ada = await syncAsAda(scene);
    await device.hasRowOf(ada);
    await device.call("signIn", BOB);
    assertEquals((await sync.stream(1)).user, bob);
    await device.hasRowOf(bob);
    assertEquals([sync.streams.length, sync.streams[0]?.isClosed], [2, true]);
  },

  async "an app that syncs without an account changes to the user who signs in, and never back"(scene) {
    const { device, sync, proxy } = scene;
    const { user } = await signUp(scene, ADA);
    await device.call("open");
    await device.call("syncAnonymously");
    assertEquals((await sync.stream(0)).user, "anonymous");
    await device.call("signIn", ADA);
    assertEquals((await sync.stream(1)).user, user);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    await sync.allClosed();
    assertEquals([sync.streams.length, proxy.requests("powersync-auth-anonymous").length], [2, 1]);
    // It may be chosen again.
    await device.call("syncAnonymously");
    const last = await sync.stream(2);
    assertEquals([last.user, last.isClosed], ["anonymous", false]);
    assertEquals(proxy.requests("powersync-auth").length, 1);
  },

  async "an anonymous user who becomes permanent connects again with a token that says so"({ device, sync }) {
    await device.call("open");
    await device.call("signInAnonymously");
    const before = await sync.stream(0);
    assertEquals(before.claims.is_anonymous, true);
    await device.call("becomePermanent", ADA);
    const after = await sync.stream(1);
    assertEquals([after.user, after.claims.is_anonymous], [before.user, false]);
    assertEquals(sync.streams.length, 2);
  },

  async "the user can change while the function does not answer"(scene) {
    const { device, sync, proxy } = scene;
    await signUp(scene, ADA);
    const { user: bob } = await signUp(scene, BOB);
    await device.call("open");
    proxy.fail("powersync-auth", hang);
    await device.call("signIn", ADA);
    await proxy.asked("powersync-auth", 1);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    assertEquals(sync.streams, []);
    await device.call("signIn", BOB);
    await proxy.asked("powersync-auth", 2);
    proxy.recover("powersync-auth");
    assertEquals((await sync.stream(0)).user, bob);
  },

  async "a refused refresh ends the session, and never makes the user anonymous"(scene) {
    const { device, sync, proxy, sdk } = scene;
    await device.call("open");
    for (
      const [credentials, fault] of [
        [ADA, authError(400, "refresh_token_not_found")],
        [BOB, authError(403, "user_banned")],
      ] as const
    ) {
      const streams = sync.streams.length;
      const { user } = await signUp(scene, credentials);
      await device.call("signIn", credentials);
      const stream = await sync.stream(streams);
      assertEquals(stream.user, user);
      await device.hasRowOf(user);
      const from = device.position;
      await expire(scene, fault, credentials === ADA);
      stream.endToken();
      await sdk.sessionEnded?.(device);
      await device.disconnected(from);
      await sync.allClosed();
      assertEquals([sync.streams.length, device.all("notes").at(-1)?.ids], [streams + 1, user]);
      proxy.recover("refresh");
    }
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "a session that cannot be refreshed now is not a sign-out, and its user's rows stay"(scene) {
    const { device, sync, proxy, sdk } = scene;
    const user = await syncAsAda(scene);
    await device.hasRowOf(user);
    let from = 0;
    for (const [fault, text] of sdk.failedRefreshes) {
      await device.connected(from);
      from = device.position;
      const streams = sync.streams.length;
      await expire(scene, fault);
      sync.streams.at(-1)?.endToken();
      await device.shows("downloadError", text, from);
      assertEquals(device.all("notes").at(-1)?.ids, user);
      proxy.recover("refresh");
      assertEquals((await sync.stream(streams)).user, user);
    }
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
    await device.call("signOut");
    await sync.allClosed();
  },

  async "users of another provider sync and upload with the token that its SDK gives"(scene) {
    const { device, provider, sync, rows, sdk } = scene;
    await device.call("openWithProvider");
    await device.call("provide", { user: "ada", token: "fails" });
    await device.shows("downloadError", "The provider cannot be reached");
    await device.call("provide", { user: "ada", token: "hangs" });
    await device.shows("downloadError", sdk.texts.noAccessToken);
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
