import { safeJson } from "../cli/shown.ts";
import { githubCommands, setCommands, unsetCommands } from "./commands.ts";
import type { KeyReport } from "./make-key.ts";
import { RESTART_DELAY_SECONDS } from "./rotation.ts";

/** The report for a machine, as JSON; with a file, without private keys. */
export function reportJson(report: KeyReport): string {
  const { publicJwk, secrets, envFile, rotation, live, ref } = report;
  return safeJson(
    {
      kid: publicJwk.kid,
      alg: publicJwk.alg,
      publicJwk,
      ...(ref === undefined ? {} : { project: ref }),
      ...(envFile === undefined ? { secrets } : {
        envFile: envFile.path,
        uploadable: envFile.localOnly === undefined && envFile.faults.length === 0,
      }),
      ...(live === undefined ? {} : { published: live.keyIds }),
      ...(rotation === undefined ? {} : {
        startsAt: isoTime(rotation.startsAt),
        unset: rotation.replaced,
        unsetNotBefore: isoTime(rotation.removableFrom),
        removed: rotation.removed,
      }),
      ...(rotation?.leaked === undefined ? {} : {
        leaked: {
          keyIds: rotation.leaked,
          restartSecondsAfterUnset: RESTART_DELAY_SECONDS,
          restartNotBefore: isoTime(rotation.nowSeconds + RESTART_DELAY_SECONDS),
        },
      }),
      commands: {
        set: setCommands(report),
        unset: unsetCommands(rotation?.replaced ?? [], report),
        ...(rotation?.leaked === undefined ? {} : { github: githubCommands(report) }),
      },
    },
    2,
  );
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
