/** What only supabase-js or PowerSync's JavaScript SDK does. */
import { assert, assertEquals } from "@std/assert";
import { authError, hang, refusedBy, reset, status } from "../harness/faults.ts";
import { ADA, BOB, expire, type Scenarios, type Scene, signUp, syncAsAda } from "../harness/scenario.ts";

/** Runs the body of an async function in the app. */
async function run({ device }: Scene, code: string): Promise<unknown> {
  return await device.call("run", { code });
}

export const JAVASCRIPT: Scenarios = {
  async "an anonymous user became permanent, and the refresh failed: the next event tries again"(scene) {
    const { device, sync, proxy } = scene;
    await device.call("open");
    await device.call("signInAnonymously");
    await sync.stream(0);
    proxy.fail("refresh", authError(429, "over_request_rate_limit"));
    await device.call("becomePermanent", ADA);
    await proxy.asked("refresh", 1);
    await run(scene, "await app.supabase.auth.refreshSession()");
    proxy.recover("refresh");
    // supabase-js repeats that failure for a minute. Then a tab gets focus.
    await run(
      scene,
      "const { now } = Date; Date.now = () => now() + 61_000; await app.supabase.auth._recoverAndRefresh()",
    );
    assertEquals((await sync.stream(1)).claims.is_anonymous, false);
    assertEquals(device.count("connect"), 2);
  },

  async "without a connection only a local sign-out signs out, and disconnects"(scene) {
    const { device, sync, proxy } = scene;
    await syncAsAda(scene);
    proxy.fail("sign-out", reset);
    const failed = await run(scene, "return (await app.supabase.auth.signOut()).error !== null");
    assertEquals([failed, device.count("disconnect"), sync.streams[0]?.isClosed], [true, 0, false]);
    await run(scene, "await app.supabase.auth.signOut({ scope: 'local' })");
    await sync.allClosed();
  },

  async "a refused refresh is not an error of the connector"(scene) {
    const { device } = scene;
    for (
      const [credentials, fault] of [
        [ADA, authError(400, "refresh_token_not_found")],
        [BOB, authError(403, "user_banned")],
      ] as const
    ) {
      await signUp(scene, credentials);
      await device.call("signIn", credentials);
      await expire(scene, fault);
      assertEquals(await run(scene, "return await app.signedIn.fetchCredentials()"), null);
      scene.proxy.recover("refresh");
    }
  },

  async "a refresh that supabase-js itself gives up is an error, and is not taken for a sign-out"(scene) {
    const { device, proxy } = scene;
    await signUp(scene, ADA);
    await device.call("signIn", ADA);
    await expire(scene, status(503));
    const error = await run(
      scene,
      `
      // supabase-js waits for 25 s in all between its attempts.
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (run, ms, ...args) => setTimeout(run, ms / 100, ...args);
      const connector = app.connectorOf(app.session, 3_000_000);
      return await connector.fetchCredentials().catch(({ message }) => message);`,
    );
    assertEquals(error, "Status 503");
    assert(proxy.requests("refresh").length > 2);
  },

  async "a tab that gets focus, a renewed session and changed metadata do not reconnect"(scene) {
    const { device } = scene;
    await syncAsAda(scene);
    await run(
      scene,
      "app.supabase.auth.onAuthStateChange((event) => { console.log(JSON.stringify({ event })) })",
    );
    // What supabase-js does when a tab becomes visible.
    await run(scene, "await app.supabase.auth._recoverAndRefresh()");
    await device.event("SIGNED_IN");
    await device.call("refresh");
    await device.event("TOKEN_REFRESHED");
    await run(scene, "await app.supabase.auth.updateUser({ data: { theme: 'dark' } })");
    await device.event("USER_UPDATED");
    assertEquals([device.count("connect"), device.count("disconnect")], [1, 0]);
  },

  async "without a session the connector is not signed in, and asks no function"(scene) {
    const { device, sync, proxy } = scene;
    await run(scene, "await app.connect(app.signedIn)");
    await device.shows("downloadError", "Not signed in");
    const asked = [...proxy.requests("powersync-auth"), ...proxy.requests("powersync-auth-anonymous")];
    assertEquals([asked.length, sync.streams.length], [0, 0]);
  },

  async "a function for the access token gets no argument, and may be synchronous or return nothing"(scene) {
    const fetches = (accessToken: string) =>
      run(
        scene,
        `return await app.connectorOf(${accessToken}).fetchCredentials().catch(({ message }) => message)`,
      );
    // Firebase's getIdToken would refresh its token if it got one.
    assertEquals(
      await fetches("(...given) => Promise.reject(new Error(`${given.length} given`))"),
      "0 given",
    );
    assertEquals(await fetches("() => { throw new Error('at once') }"), "at once");
    assertEquals([await fetches("() => ''"), await fetches("() => undefined")], [null, null]);
    assertEquals(scene.proxy.requests("powersync-auth").length, 0);
  },

  async "the SDK refuses an endpoint with a trailing slash, which the functions never answer"(scene) {
    const { device, proxy, sync } = scene;
    const answer = { token: "t", endpoint: `${sync.url}/`, expires_at: new Date().toISOString() };
    proxy.fail("powersync-auth-anonymous", () => Response.json(answer));
    await device.call("syncAnonymously");
    await device.shows("downloadError", "trailing");
  },

  async "an error never shows a token"(scene) {
    scene.proxy.fail(
      "powersync-auth-anonymous",
      () => Response.json({ token: "secret", powersync_url: "u" }),
    );
    const asked = JSON.stringify(await scene.device.call("ask", { token: "", timeoutMs: 15_000 }));
    assert(asked.includes("powersync_url") && !asked.includes("secret"), asked);
  },

  async "a renewal that fails leaves the connection until its token ends; then the SDK tries again"(scene) {
    const { device, sync, proxy } = scene;
    await syncAsAda(scene);
    const stream = await sync.stream(0);
    proxy.fail("powersync-auth", refusedBy("AUTH_SERVER_UNAVAILABLE"));
    stream.keepAlive(29);
    await proxy.asked("powersync-auth", 2);
    assertEquals(stream.isClosed, false);
    stream.endToken();
    await device.shows("downloadError", "AUTH_SERVER_UNAVAILABLE");
    proxy.recover("powersync-auth");
    await sync.stream(1);
  },

  async "disconnecting does not wait for a function that hangs"(scene) {
    const { device, proxy } = scene;
    proxy.fail("powersync-auth-anonymous", hang);
    // Without the SDK's signal this would take an hour.
    await run(scene, "app.database.connect(app.connectorOf('anonymous', 3_600_000))");
    await proxy.asked("powersync-auth-anonymous", 1);
    await run(scene, "await app.database.disconnect()");
    await device.disconnected();
  },
};
