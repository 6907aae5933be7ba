/**
 * Prints how many tokens PowerSync refuses when a key is replaced in one way or another: the numbers of the README's
 * rotation chapter. `deno run tests/rotation_simulation.ts`
 */
import { DEFAULT_WAY, simulateRotation, type Traffic, type Way } from "./support/rotation_simulation.ts";

/** Schedules for each number. */
const SCHEDULES = 1000;
const SEED = 20_261_121;

const MINUTES = 60;
const WAYS: readonly [label: string, way: Way][] = [
  ["rotate, 75 minutes ahead (default)", DEFAULT_WAY],
  ["rotate, 60 minutes ahead", { leadSeconds: 60 * MINUTES }],
  ["rotate, 30 minutes ahead", { leadSeconds: 30 * MINUTES }],
  ["rotate, 15 minutes ahead", { leadSeconds: 15 * MINUTES }],
  ["rotate, 5 minutes ahead", { leadSeconds: 5 * MINUTES }],
  ["rotate --starts-in now", { leadSeconds: 0 }],
  ["replace both secrets (the original's way)", "replace"],
];

/** What all schedules of a way came to. */
interface Summary {
  readonly presented: number;
  readonly refused: number;
  /** Schedules in which a token was refused, in percent. */
  readonly affectedPercent: number;
  readonly longestOutageSeconds: number;
}

/** Runs many schedules of one way. */
export function summarise(
  way: Way,
  { traffic, schedules, seed }: { traffic: Traffic; schedules: number; seed: number },
): Summary {
  const outcomes = Array.from(
    { length: schedules },
    (_, index) => simulateRotation(way, { traffic, seed: seed + index }),
  );
  return {
    presented: outcomes.reduce((sum, { presented }) => sum + presented, 0),
    refused: outcomes.reduce((sum, { refused }) => sum + refused, 0),
    affectedPercent: outcomes.filter(({ refused }) => refused > 0).length / schedules * 100,
    longestOutageSeconds: Math.max(...outcomes.map(({ longestOutageSeconds }) => longestOutageSeconds)),
  };
}

/** The table, in Markdown. */
export function simulationTable(schedules: number): string {
  const lines = WAYS.map(([label, way]) => {
    const cells = (["quiet", "busy"] as const).flatMap((traffic) => {
      const { refused, affectedPercent, longestOutageSeconds } = summarise(way, {
        traffic,
        schedules,
        seed: SEED,
      });
      return [
        `${affectedPercent.toFixed(1)} %`,
        (refused / schedules).toFixed(2),
        `${Math.round(longestOutageSeconds)} s`,
      ];
    });
    return `| ${label} | ${cells.join(" | ")} |`;
  });
  return [
    "| | quiet instance: rotations with a refused token | refused tokens a rotation | longest outage of a client | busy instance: rotations with a refused token | refused tokens a rotation | longest outage of a client |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

if (import.meta.main) {
  console.log(`${SCHEDULES} random schedules each, seed ${SEED}\n\n${simulationTable(SCHEDULES)}`);
}
