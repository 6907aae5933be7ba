import { describeDuration, describeTime } from "../cli/duration.ts";
import { shownList } from "../cli/shown.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";
import { LINK_FILE } from "../setup/project.ts";
import { jwksUrlOf } from "../setup/project-url.ts";
import { FUNCTION_NAMES } from "../setup/function-names.ts";
import { PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { EXAMPLE_URL } from "../setup/placeholder.ts";
import { githubCommands, setCommands, unsetCommands } from "./commands.ts";
import type { EnvFileState, KeyReport, Rotation } from "./make-key.ts";
import {
  ISOLATE_RELOAD_SECONDS,
  KEY_CACHE_SECONDS,
  LEAD_MARGIN_SECONDS,
  RESTART_DELAY_SECONDS,
  ROTATION_LEAD_SECONDS,
} from "./rotation.ts";

const WHERE_URL =
  "the instance URL: PowerSync dashboard, Connect; self-hosted, the service's address; no trailing slash";

/** The report for a terminal: each command is on its own line, ready to paste. */
export function reportText(report: KeyReport): string {
  return [
    ...liveLines(report),
    "Public JWK:",
    JSON.stringify(report.publicJwk),
    "",
    ...faultLines(report),
    ...(report.rotation === undefined ? newKeyLines(report) : rotationLines(report, report.rotation)),
  ].join("\n");
}

function liveLines({ live }: KeyReport): string[] {
  if (live === undefined) return [];
  return [`Published now at ${live.url}: ${shownList(live.keyIds, "no key")}`, ""];
}

function faultLines({ envFile }: KeyReport): string[] {
  if (envFile === undefined || envFile.faults.length === 0) return [];
  return [
    `Before you use ${envFile.path}, correct:`,
    ...envFile.faults.map((fault) => `- ${fault}`),
    "",
  ];
}

function newKeyLines(report: KeyReport): string[] {
  const { envFile, invocation } = report;
  if (envFile !== undefined) return [...fileLines(report, envFile), "", ...nextLines(report)];
  return [
    "Set the secrets (they cannot be read back; keep no other copy):",
    ...uploadLines(report),
    "",
    `# ${WHERE_URL}`,
    invocation.supabase("secrets", "set", `POWERSYNC_URL=${EXAMPLE_URL}`),
    "",
    ...nextLines(report),
  ];
}

/** The commands that set the secrets, and which project they are for. */
function uploadLines(report: KeyReport): string[] {
  const { envFile, invocation, ref } = report;
  return [
    ...(envFile === undefined
      ? ["The private key in the command stays in your shell's history; with --env-file PATH it does not."]
      : []),
    ref === undefined
      ? `If the folder is not linked to your project yet, first run: ${invocation.supabase("link")}`
      : `The linked project is ${ref} (${invocation.path(LINK_FILE)}).`,
    "",
    ...setCommands(report),
  ];
}

function fileLines(
  report: KeyReport,
  { path, localOnly, hasUrl }: EnvFileState,
  ...flags: string[]
): string[] {
  const { invocation } = report;
  const written = `Written to ${path}.`;
  if (localOnly !== undefined) {
    const production = invocation.task("keys", ...flags, "--env-file", PRODUCTION_ENV_FILE);
    return [
      `${written} It is for this computer and must not be uploaded. ${localOnly}`,
      `For production: ${production}`,
    ];
  }
  const setUrl = invocation.task("edit-secrets", ...invocation.envFile(path), `POWERSYNC_URL=${EXAMPLE_URL}`);
  const url = ["", `Before you upload it, set your URL (${WHERE_URL}):`, "", setUrl, ""];
  return [written, ...(hasUrl ? [] : url), ...uploadLines(report)];
}

function nextLines({ envFile, invocation, ref }: KeyReport): string[] {
  if (envFile?.localOnly !== undefined) return [`Then: ${invocation.task("dev")}`];
  const file = envFile === undefined ? [] : invocation.envFile(envFile.path);
  const jwksUri = jwksUrlOf(`https://${ref ?? "<project ref>"}.supabase.co`);
  const fields = envFile === undefined ? "" : `; all fields: ${invocation.task("config", ...file)}`;
  return [
    "Then:",
    `  1. Deploy:            ${invocation.supabase("functions", "deploy", ...FUNCTION_NAMES, "--use-api")}`,
    `  2. Tell PowerSync:    JWKS URI ${jwksUri}${fields}`,
    `  3. Check it:          ${invocation.task("doctor", ...file)}`,
  ];
}

function rotationLines(report: KeyReport, times: Rotation): string[] {
  if (times.leaked !== undefined) return leakLines(report, times);
  const lead = times.startsAt - times.nowSeconds;
  const starts = lead === 0
    ? `at once. Without --starts-in now, PowerSync learns of it first, and refuses no token`
    : `from ${describeTime(times.startsAt)} (in ${describeDuration(lead)})`;
  return [
    `The new key ${report.publicJwk.kid} is published as soon as its secret is set, and signs ${starts}.`,
    ...removedLines(report, times.removed),
    "",
    ...firstCommand(report, lead),
    "",
    ...secondCommand(report, { times, lead }),
  ];
}

function leakLines(report: KeyReport, { nowSeconds, removed, replaced }: Rotation): string[] {
  const { envFile, publicJwk } = report;
  const taken = removed.length === 0 ? [] : [
    `Removed from ${envFile?.path}: ${removed.join(", ")}. A comment keeps the key ID.`,
  ];
  if (envFile?.localOnly !== undefined) {
    return [...taken, ...fileLines(report, envFile, "--rotate", "--leaked")];
  }
  const copies = envFile === undefined
    ? [
      `   ${
        replaced.join(" and ")
      }: in .env.production, and on GitHub in POWERSYNC_SECRETS if deploy.yml uses it.`,
    ]
    : ["   the file. If deploy.yml uses POWERSYNC_SECRETS on GitHub:", "", ...githubCommands(report)];
  const restartFrom = describeTime(nowSeconds + RESTART_DELAY_SECONDS);
  const delay = describeDuration(RESTART_DELAY_SECONDS);
  const isolates = describeDuration(ISOLATE_RELOAD_SECONDS);
  const longest = describeDuration(ISOLATE_RELOAD_SECONDS + KEY_CACHE_SECONDS);
  return [
    `The new key ${publicJwk.kid} signs as soon as its secret is set.`,
    ...taken,
    `For up to ${isolates} after the two commands, some clients are refused.`,
    "",
    "1. Now:",
    ...uploadLines(report),
    "",
    "2. Right after it:",
    "",
    ...unsetCommands(replaced, report),
    "",
    "3. Before the next upload or deployment, which would set the leaked key again, replace every other copy of",
    ...copies,
    "",
    `4. ${delay} after the second command, so not before ${restartFrom}: restart the PowerSync instance,`,
    "   or on PowerSync Cloud save and deploy the Client Auth settings again. Earlier, a function with the old secrets",
    "   may publish the leaked key once more, and PowerSync keeps it for another hour. Without the restart, PowerSync may",
    `   accept the leaked key for up to ${longest}; with its keys inline instead of the JWKS URI, until you replace them.`,
  ];
}

function removedLines(report: KeyReport, removed: readonly string[]): string[] {
  if (removed.length === 0) return [];
  const line = `No valid token of an older key is left. Removed from the file: ${removed.join(", ")}.`;
  const commands = unsetCommands(removed, report);
  return commands.length === 0 ? [line] : [line, "If it is still set on Supabase:", "", ...commands];
}

function firstCommand(report: KeyReport, lead: number): string[] {
  if (report.envFile?.localOnly !== undefined) return fileLines(report, report.envFile);
  const minutes = describeDuration(LEAD_MARGIN_SECONDS);
  const hurry = lead < ROTATION_LEAD_SECONDS
    ? []
    : [`   (within ${minutes}; after that, create another key, because the start of this one is fixed)`];
  return ["1. Now:", ...hurry, ...uploadLines(report)];
}

function secondCommand(
  report: KeyReport,
  { times, lead }: { times: Rotation; lead: number },
): string[] {
  if (times.replaced.length === 0) return ["No older key to remove."];
  const lifetime = times.tokenLifetimeSeconds;
  const sum = [
    ...(lead === 0 ? [] : ["the start"]),
    `${describeDuration(lifetime)} of token lifetime`,
    `${CLOCK_TOLERANCE_SECONDS} s of PowerSync's tolerance`,
    `${describeDuration(ISOLATE_RELOAD_SECONDS)} for functions with old secrets`,
  ].join(", ");
  const from = describeTime(times.removableFrom);
  const { envFile, invocation } = report;
  if (envFile?.localOnly !== undefined) {
    return [`The first rotation after ${from} removes the old key from the file.`];
  }
  return [
    `2. ${lead === 0 ? `At ${from} or later` : `Not before ${from}, and at any later time`} (${sum}):`,
    "",
    ...unsetCommands(times.replaced, report),
    ...(envFile === undefined ? [] : [
      "",
      `   and then, or the next upload of ${envFile.path} sets them again:`,
      "",
      invocation.task(
        "edit-secrets",
        ...invocation.envFile(envFile.path),
        ...times.replaced.flatMap((name) => ["--remove", name]),
      ),
    ]),
  ];
}
