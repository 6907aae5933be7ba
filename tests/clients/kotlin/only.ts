/** What only supabase-kt or this connector does. */
import { assert, assertEquals } from "@std/assert";
import { authError, hang } from "../harness/faults.ts";
import { ADA, expire, type Scenarios, signUp, syncAsAda } from "../harness/scenario.ts";

const UNAVAILABLE = authError(503, "unexpected_failure");

export const KOTLIN: Scenarios = {
  async "an anonymous user who becomes permanent connects again, although the first refresh fails"(
    { device, sync, proxy },
  ) {
    await device.call("open");
    await device.call("signInAnonymously");
    const before = await sync.stream(0);
    proxy.fail("refresh", UNAVAILABLE);
    await device.call("becomePermanent", ADA);
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
    await device.call("becomePermanent", ADA);
    await sync.stream(1);
    await proxy.asked("refresh", 2);
    const from = device.position;
    await device.call("signOut");
    await device.disconnected(from);
    assertEquals([sync.streams.length, proxy.requests("refresh").length], [2, 2]);
  },

  async "a refresh of supabase-kt's own that fails is not a sign-out"(scene) {
    const { device, sync, proxy, rows } = scene;
    const user = await syncAsAda(scene);
    const from = device.position;
    await expire(scene, UNAVAILABLE, true);
    await device.call("write", { statements: ["INSERT INTO notes (id, body) VALUES ('n1', 'a')"] });
    await device.shows("uploadError", "SessionUnavailableException", from);
    (await sync.stream(0)).endToken();
    await device.shows("downloadError", "Supabase Auth could not be reached", from);
    proxy.recover("refresh");
    assertEquals((await sync.stream(1)).user, user);
    await device.call("uploaded");
    assertEquals([rows.writes.map((write) => write.user), device.refused], [[user], []]);
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "an app whose session is not loaded yet, or again on Android, waits and keeps its user"(scene) {
    const { device, sync } = scene;
    const user = await syncAsAda(scene);
    await device.call("background");
    (await sync.stream(0)).endToken();
    await device.shows("downloadError", "No answer within 15s");
    await device.call("foreground");
    assertEquals((await sync.stream(1)).user, user);
  },

  async "a function that does not answer is given up after 15 seconds, and asked again"(scene) {
    const { device, proxy, sync } = scene;
    await signUp(scene, ADA);
    await device.call("open");
    proxy.fail("powersync-auth", hang);
    const startedMs = performance.now();
    await device.call("signIn", ADA);
    await device.shows("downloadError", "No answer within 15s");
    const seconds = (performance.now() - startedMs) / 1000;
    assert(seconds > 14 && seconds < 30, `${seconds} s`);
    proxy.recover("powersync-auth");
    await sync.stream(0);
  },
};
