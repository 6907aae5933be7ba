import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  ISOLATE_RELOAD_SECONDS,
  KEY_CACHE_SECONDS,
  ROTATION_LEAD_SECONDS,
  rotationSecretName,
  safeRemovalTime,
} from "../scripts/keys/rotation.ts";
import { summarise } from "./rotation_simulation.ts";
import { DEFAULT_WAY, simulateRotation } from "./support/rotation_simulation.ts";

const MINUTES = 60;

Deno.test("over hundreds of random rotations PowerSync refuses no token", () => {
  // Another seed in each run, so that the schedules tried grow over time; set it to see a failure again.
  const seed = Number(Deno.env.get("ROTATION_SEED") ?? Date.now() % 2 ** 31);
  console.log(`ROTATION_SEED=${seed}`);
  for (const traffic of ["quiet", "busy"] as const) {
    for (let index = 0; index < 400; index++) {
      const { presented, refused } = simulateRotation(DEFAULT_WAY, { traffic, seed: seed + index });
      assertEquals(refused, 0, `${refused} refused: ROTATION_SEED=${seed + index}, ${traffic} instance`);
      assertGreater(presented, 0);
    }
  }
});

Deno.test("the same seed gives the same schedule", () => {
  const run = () => simulateRotation("replace", { traffic: "busy", seed: 7 });
  assertEquals(run(), run());
});

for (const [minutes, schedules] of [[0, 100], [5, 100], [15, 100], [30, 200], [60, 1000]] as const) {
  Deno.test(`a lead of ${minutes} minutes is too short`, () => {
    const way = { leadSeconds: minutes * MINUTES };
    assertGreater(summarise(way, { traffic: "quiet", schedules, seed: 1 }).refused, 0);
  });
}

Deno.test("the original's way, replacing both secrets, refuses more than a rotation that starts at once", () => {
  const options = { traffic: "busy", schedules: 100, seed: 1 } as const;
  const replaced = summarise("replace", options);
  const rotated = summarise({ leadSeconds: 0 }, options);
  assertGreater(replaced.refused, rotated.refused);
  assertGreater(rotated.refused, summarise(DEFAULT_WAY, options).refused);
});

Deno.test("the old key removed a minute and a half before its last token is out would refuse some", () => {
  const removalShift = -ISOLATE_RELOAD_SECONDS - 90;
  const early = summarise({ leadSeconds: ROTATION_LEAD_SECONDS, removalShift }, {
    traffic: "busy",
    schedules: 200,
    seed: 1,
  });
  assertGreater(early.refused, 0);
});

Deno.test("the safe moment covers a token that a late isolate signs with the old key", () => {
  const early = summarise({ leadSeconds: 0, removalShift: -ISOLATE_RELOAD_SECONDS }, {
    traffic: "busy",
    schedules: 300,
    seed: 1,
  });
  const safe = summarise({ leadSeconds: 0 }, { traffic: "busy", schedules: 300, seed: 1 });
  assertGreater(early.refused, safe.refused);
});

Deno.test("the lead is what isolates and PowerSync's cache need together, and a margin", () => {
  assertEquals(ROTATION_LEAD_SECONDS, 75 * MINUTES);
  assert(ROTATION_LEAD_SECONDS > ISOLATE_RELOAD_SECONDS + KEY_CACHE_SECONDS);
});

Deno.test("the safe moment is the start, the lifetime, a minute of tolerance and ten for isolates", () => {
  assertEquals(safeRemovalTime(1_800_000_000, 300), 1_800_000_000 + 300 + 60 + 600);
});

Deno.test("a new key's secret is named after the UTC date, with a number when that is taken", () => {
  const late = Date.UTC(2026, 10, 21, 23, 59, 59) / 1000;
  const name = "POWERSYNC_PRIVATE_KEY_20261121";
  assertEquals(rotationSecretName(late, ["POWERSYNC_PRIVATE_KEY"]), name);
  assertEquals(rotationSecretName(late, [name]), `${name}_2`);
  assertEquals(rotationSecretName(late, [name, `${name}_2`]), `${name}_3`);
  assertEquals(rotationSecretName(late + 1, [name]), "POWERSYNC_PRIVATE_KEY_20261122");
});
