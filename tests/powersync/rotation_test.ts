/**
 * What PowerSync's key cache makes of a rotation, in its worst cases: isolates that keep old secrets as long as they
 * can, and an instance that fetched the JWKS from one of them at the last moment. Time 0 is `secrets set` or `unset`.
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  ISOLATE_RELOAD_SECONDS,
  KEY_CACHE_SECONDS,
  LEAD_MARGIN_SECONDS,
  RESTART_DELAY_SECONDS,
  ROTATION_LEAD_SECONDS,
  safeRemovalTime,
} from "../../scripts/keys/rotation.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../../scripts/powersync/limits.ts";
import { PowerSyncKeyCache } from "./key_cache.ts";

const MINUTE = 60;
/** As long as a request waits. */
const FETCH_SECONDS = 3;

/** The key IDs in the JWKS from a time on. */
type Change = readonly [from: number, keys: readonly string[]];

/** A PowerSync instance whose JWKS changes, each change seen `reloadSeconds` late by the isolate that serves it. */
function instance(changes: readonly Change[], reloadSeconds: number): PowerSyncKeyCache {
  const fetch = (at: number) => changes.findLast(([from]) => from + reloadSeconds <= at)?.[1];
  return new PowerSyncKeyCache({ fetch, fetchSeconds: FETCH_SECONDS });
}

const ADDED: readonly Change[] = [[-Infinity, ["old"]], [0, ["old", "new"]]];
const REMOVED: readonly Change[] = [[-Infinity, ["old", "new"]], [0, ["new"]]];

/** Whether the new key's first token is accepted when the last request before it came at a time. */
function acceptsFirstToken(leadSeconds: number, lastRequestAt: number): boolean {
  const powersync = instance(ADDED, ISOLATE_RELOAD_SECONDS);
  powersync.hasKeyFor("old", lastRequestAt);
  return powersync.hasKeyFor("new", leadSeconds);
}

Deno.test("with the default lead no token is refused, whenever the last request came", () => {
  for (let last = -KEY_CACHE_SECONDS; last < ROTATION_LEAD_SECONDS; last++) {
    assert(acceptsFirstToken(ROTATION_LEAD_SECONDS, last), `the last request came at ${last} s`);
  }
});

Deno.test("with the default lead no token is refused on an instance that is never quiet", () => {
  for (const everySeconds of [1, 7, 60, 299, 301, 1800]) {
    const powersync = instance(ADDED, ISOLATE_RELOAD_SECONDS);
    for (let at = -KEY_CACHE_SECONDS; at < ROTATION_LEAD_SECONDS; at += everySeconds) {
      assert(powersync.hasKeyFor("old", at), `an old token at ${at} s`);
    }
    assert(powersync.hasKeyFor("new", ROTATION_LEAD_SECONDS), `requests every ${everySeconds} s`);
  }
});

for (const minutes of [0, 5, 15, 30, 60, 70]) {
  Deno.test(`a lead of ${minutes} minutes is too short for an instance that asked at the worst moment`, () => {
    const lead = minutes * MINUTE;
    assertFalse(acceptsFirstToken(lead, Math.min(ISOLATE_RELOAD_SECONDS, lead) - 1));
  });
}

Deno.test("the lead is what isolates and PowerSync's cache need together, and a margin", () => {
  assertEquals(ROTATION_LEAD_SECONDS, 75 * MINUTE);
  assertEquals(
    ROTATION_LEAD_SECONDS,
    ISOLATE_RELOAD_SECONDS + KEY_CACHE_SECONDS + LEAD_MARGIN_SECONDS,
  );
});

Deno.test("a key that signs at once is refused until the last isolate publishes it", () => {
  const powersync = instance(ADDED, ISOLATE_RELOAD_SECONDS);
  powersync.hasKeyFor("old", -1);
  const refusals = [];
  for (let at = 0; at < 15 * MINUTE; at += 5) if (!powersync.hasKeyFor("new", at)) refusals.push(at);
  assertEquals([refusals[0], refusals.at(-1)], [0, ISOLATE_RELOAD_SECONDS]);
  assert(powersync.hasKeyFor("old", 15 * MINUTE));
});

Deno.test("replacing both secrets refuses the old key's tokens as well", () => {
  const powersync = instance([[-Infinity, ["old"]], [0, ["new"]]], 0);
  powersync.hasKeyFor("old", -1);
  assertFalse(powersync.hasKeyFor("new", 0));
  assert(powersync.hasKeyFor("new", 10));
  assertFalse(powersync.hasKeyFor("old", 10));
});

for (const lifetimeSeconds of [MINUTE, 300, 86_400]) {
  Deno.test(`the removal time holds for tokens of ${lifetimeSeconds} s, and a minute earlier does not`, () => {
    // An isolate that learned of the new key last signs with the old one; its token is shown at the last moment.
    const startsAt = 1_800_000_000;
    const lastUse = startsAt + ISOLATE_RELOAD_SECONDS + lifetimeSeconds + CLOCK_TOLERANCE_SECONDS - 1;
    const isAccepted = (removedAt: number) =>
      instance([[-Infinity, ["old", "new"]], [removedAt, ["new"]]], 0).hasKeyFor("old", lastUse);
    const removedAt = safeRemovalTime(startsAt, lifetimeSeconds);
    assertEquals(removedAt, startsAt + lifetimeSeconds + 60 + 600);
    assert(isAccepted(removedAt));
    assertFalse(isAccepted(removedAt - MINUTE));
  });
}

Deno.test("an idle instance accepts a removed key for up to 70 minutes, a busy one for five after the isolates", () => {
  const idle = instance(REMOVED, ISOLATE_RELOAD_SECONDS);
  idle.hasKeyFor("old", ISOLATE_RELOAD_SECONDS - 1);
  assert(idle.hasKeyFor("old", 70 * MINUTE));
  const later = instance(REMOVED, ISOLATE_RELOAD_SECONDS);
  later.hasKeyFor("old", ISOLATE_RELOAD_SECONDS - 1);
  assertFalse(later.hasKeyFor("old", 70 * MINUTE + FETCH_SECONDS));
  const busy = instance(REMOVED, 0);
  let last = -1;
  for (let at = -1; at < 20 * MINUTE; at++) if (busy.hasKeyFor("old", at)) last = at;
  assertEquals(last, 5 * MINUTE + FETCH_SECONDS - 2);
});

Deno.test("restarted before the isolates have let go of a leaked key, an instance takes it in again and keeps it for an hour", () => {
  for (let restartAt = 0; restartAt < ISOLATE_RELOAD_SECONDS; restartAt++) {
    // Whoever stole the key has signed a token for 24 hours, and uses it twice.
    const powersync = instance(REMOVED, ISOLATE_RELOAD_SECONDS);
    assert(powersync.hasKeyFor("old", restartAt), `restarted at ${restartAt} s`);
    assert(powersync.hasKeyFor("old", restartAt + KEY_CACHE_SECONDS), `an hour after ${restartAt} s`);
  }
});

Deno.test("restarted 11 minutes after the removal, it never accepts the leaked key again, and the new one at once", () => {
  assertEquals(RESTART_DELAY_SECONDS, 11 * MINUTE);
  // A cache in front of the JWKS keeps an old isolate's last answer for its `max-age`, a minute.
  const powersync = instance(REMOVED, ISOLATE_RELOAD_SECONDS + MINUTE);
  assert(powersync.hasKeyFor("new", RESTART_DELAY_SECONDS));
  for (let at = RESTART_DELAY_SECONDS; at < 86_400; at += 7) {
    assertFalse(powersync.hasKeyFor("old", at), `${at}`);
  }
});
