/**
 * When a new key may sign and an old one may be removed. `tests/powersync/rotation_test.ts` holds these numbers to a model
 * of PowerSync's key cache.
 */
import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";

/** How long a warm isolate may keep old secrets, in seconds (Supabase: "minutes"; ten is on the safe side). */
export const ISOLATE_RELOAD_SECONDS = 10 * 60;

/** How long PowerSync may use keys it fetched earlier, in seconds: a quiet instance does not refresh them. */
export const KEY_CACHE_SECONDS = 60 * 60;

/** For a cache in front of the JWKS (a minute), differing clocks, and the time to paste the command, in seconds. */
export const LEAD_MARGIN_SECONDS = 5 * 60;

/**
 * How long a new key is published before it signs, in seconds. The last JWKS without the key is served by an isolate
 * that still has the old secrets, and PowerSync may have fetched exactly that one, so both times add up.
 */
export const ROTATION_LEAD_SECONDS = ISOLATE_RELOAD_SECONDS + KEY_CACHE_SECONDS + LEAD_MARGIN_SECONDS;

/**
 * How long after the removal of a leaked key PowerSync may be restarted, in seconds. Earlier, an isolate that still has
 * the old secrets publishes the key again, and the fresh cache keeps it for an hour. A minute is for a cache in front of
 * the JWKS.
 */
export const RESTART_DELAY_SECONDS = ISOLATE_RELOAD_SECONDS + 60;

/** The most that a lead may be, in seconds: a typing error must not hide a new key for a year. */
export const MAX_LEAD_SECONDS = 30 * 86_400;

/**
 * The earliest time at which the old key may be removed without refusing a token that it signed.
 *
 * The last token signed with it is made when the new key starts, or, with a short lead, by an isolate that learns of
 * the new key up to ten minutes later. That token lives its lifetime, and PowerSync accepts it a minute longer.
 *
 * @param startsAt When the new key starts to sign, in seconds since 1970.
 * @param tokenLifetimeSeconds `POWERSYNC_TOKEN_TTL`.
 * @returns Seconds since 1970.
 */
export function safeRemovalTime(startsAt: number, tokenLifetimeSeconds: number): number {
  return startsAt + tokenLifetimeSeconds + CLOCK_TOLERANCE_SECONDS + ISOLATE_RELOAD_SECONDS;
}
