/**
 * A whole key rotation on a virtual clock: PowerSync nodes with the key cache of the contract, isolates that learn of
 * changed secrets up to ten minutes late, steady clients and clients that come back after hours.
 */
import {
  ISOLATE_RELOAD_SECONDS,
  ROTATION_LEAD_SECONDS,
  rotationSecretName,
  safeRemovalTime,
} from "../../scripts/keys/rotation.ts";
import { signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { PowerSyncKeyCache } from "../powersync/key_cache.ts";
import { Random } from "./random.ts";
import { SimulatedClient } from "./simulated_client.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** How the old key is replaced. */
export type Way =
  /** `keys --rotate --starts-in <lead>`, and the old key removed at the safe moment plus `removalShift` seconds. */
  | { readonly leadSeconds: number; readonly removalShift?: number }
  /** The original example's: both secrets get the new pair at once. */
  | "replace";

/** Who uses the instance. `quiet`: nobody for minutes or hours; `busy`: somebody all the time. */
export type Traffic = "quiet" | "busy";

/** What one schedule came to. */
export interface Outcome {
  /** Tokens shown to PowerSync. */
  readonly presented: number;
  readonly refused: number;
  /** Longest time that one client got no token accepted, in seconds. */
  readonly longestOutageSeconds: number;
}

/** The secrets between two changes. */
interface Secrets {
  readonly from: number;
  readonly signing: readonly SimulatedKey[];
}
type SimulatedKey = Parameters<typeof signingKeyAt>[0]["signing"][number];

/** When the rotation's first command is run. */
const SET_AT = Date.UTC(2026, 10, 21) / 1000;
/** Traffic before the first change and after the last, long enough to fill and to empty every cache. */
const RUN_UP_SECONDS = 2 * 3600;

const HMAC = { name: "HMAC", hash: "SHA-256" };
/** Which key signs depends on names and times alone, so that every simulated key may be the same one. */
const privateKey = await crypto.subtle.importKey("raw", new Uint8Array(32), HMAC, false, ["sign"]);

/** Default lead of the rotation command, exactly as a person runs it. */
export const DEFAULT_WAY: Way = { leadSeconds: ROTATION_LEAD_SECONDS };

/**
 * Runs one random schedule.
 *
 * @param way How the key is replaced.
 * @param options `traffic`: who uses the instance; `seed`: the same seed gives the same schedule.
 */
export function simulateRotation(way: Way, { traffic, seed }: { traffic: Traffic; seed: number }): Outcome {
  const random = new Random(seed);
  const lifetimeSeconds = random.pick([60, 300, 300, 900, 3600, 86_400]);
  const history = secretsOf(way, lifetimeSeconds);
  const clock = new VirtualClock(SET_AT - RUN_UP_SECONDS);
  const end = (history.at(-1)?.from ?? SET_AT) + RUN_UP_SECONDS;

  const authIsolates = isolates(random, history);
  const jwksIsolates = isolates(random, history);
  const caches = Array.from({ length: random.integer(1, 2) }, () =>
    new PowerSyncKeyCache({
      fetch: (at) => random.pick(jwksIsolates)(at).signing.map(({ kid }) => kid),
      fetchSeconds: random.between(0.05, 2.5),
    }));
  const [firstCache, ...otherCaches] = caches;
  if (firstCache === undefined) throw new Error("There is always a first cache.");

  const clients = Array.from(
    { length: traffic === "busy" ? random.integer(3, 8) : random.integer(1, 3) },
    (_, index) =>
      new SimulatedClient({
        clock,
        random,
        lifetimeSeconds,
        // On a busy instance some come back after hours too.
        steady: traffic === "busy" && index % 3 !== 2,
        issue: (at) =>
          signingKeyAt({ signing: random.pick(authIsolates)(at).signing, problems: [] }, Math.floor(at)).kid,
        present: (kid, at) => random.pick([firstCache, ...otherCaches]).hasKeyFor(kid, at),
      }),
  );
  for (const client of clients) client.start();
  clock.runUntil(end);
  return {
    presented: clients.reduce((sum, client) => sum + client.presented, 0),
    refused: clients.reduce((sum, client) => sum + client.refused, 0),
    longestOutageSeconds: Math.max(...clients.map((client) => client.longestOutageSeconds)),
  };
}

/** The secrets over time; each key publishes its own public half. */
function secretsOf(way: Way, lifetimeSeconds: number): [Secrets, ...Secrets[]] {
  const old = keyOf("POWERSYNC_PRIVATE_KEY", "old", undefined);
  const before = { from: -Infinity, signing: [old] };
  if (way === "replace") {
    return [before, { from: SET_AT, signing: [keyOf("POWERSYNC_PRIVATE_KEY", "new", undefined)] }];
  }
  const startsAt = SET_AT + way.leadSeconds;
  const added = keyOf(rotationSecretName(SET_AT, [old.secret]), "new", startsAt);
  const removedAt = safeRemovalTime(startsAt, lifetimeSeconds) + (way.removalShift ?? 0);
  return [before, { from: SET_AT, signing: [old, added] }, { from: removedAt, signing: [added] }];
}

function keyOf(secret: string, kid: string, notBefore: number | undefined): SimulatedKey {
  return { secret, kid, alg: "RS256", notBefore, privateKey };
}

/** What an isolate knows at a time. */
type Isolate = (at: number) => Secrets;

/** Isolates learn of each change within ten minutes: some at once, some as late as can be. */
function isolates(random: Random, history: readonly [Secrets, ...Secrets[]]): [Isolate, ...Isolate[]] {
  const make = (): Isolate => {
    const known = history.map((secrets) => ({ secrets, from: secrets.from + reloadDelay(random) }));
    return (at) => known.findLast(({ from }) => from <= at)?.secrets ?? history[0];
  };
  return [make(), ...Array.from({ length: random.integer(0, 4) }, make)];
}

function reloadDelay(random: Random): number {
  if (random.chance(0.25)) return 0;
  if (random.chance(0.25)) return ISOLATE_RELOAD_SECONDS;
  return random.between(0, ISOLATE_RELOAD_SECONDS);
}
