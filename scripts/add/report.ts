/** What `add` prints. */
import { join } from "node:path";
import type { Invocation } from "../cli/invocation.ts";
import { FUNCTION_NAMES } from "../setup/function-names.ts";
import { PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { EXAMPLE_URL } from "../setup/placeholder.ts";
import { type Bundle, CLAIMS_FILE } from "./bundle.ts";
import type { Installation } from "./installation.ts";

/** One line for each file: what becomes of it. */
export function changeLines({ changes, details }: Installation): string[] {
  return changes.map(({ path, from, to, keptAs }) => {
    const verb = from === undefined ? "add   " : to === undefined ? "remove" : "change";
    const within = details.get(path)?.join(", ") ?? "";
    const kept = keptAs === undefined ? "" : ` (the edited one is kept as ${keptAs.split("/").at(-1)})`;
    return `  ${verb} ${path}${within === "" ? "" : `: ${within}`}${kept}`;
  });
}

/** What stays as it is, where somebody may have expected otherwise. */
export function leftLines({ ownClaims, others }: Installation, root: string): string[] {
  const newer = ownClaims && ownClaims.outdated
    ? `; the default has changed, see ${join(root, CLAIMS_FILE)}`
    : "";
  return [
    ...(ownClaims ? [`  keep   ${CLAIMS_FILE}, which is yours${newer}`] : []),
    ...others.map((path) =>
      `  keep   ${path}, which is not part of this version: remove it if nothing imports it`
    ),
  ];
}

/** The files that only `--force` replaces, and how. */
export function editedLines({ edited, before }: Installation, again: string): string[] {
  return [
    before === undefined
      ? "These files differ from this version, and no record says that they are an older one:"
      : "These files were edited:",
    ...edited.map((path) => `  ${path}`),
    `To replace them, and keep each as NAME.orig: ${again}`,
  ];
}

/** Which version becomes which. */
export function versions({ before }: Installation, { version }: Bundle): string {
  return before === undefined || before.version === version ? version : `${before.version} → ${version}`;
}

/**
 * What to run next.
 *
 * @param hasSecrets Whether the project has its file with secrets.
 */
export function nextLines(
  installation: Installation,
  { invocation, hasSecrets }: { invocation: Invocation; hasSecrets: boolean },
): string[] {
  const file = ["--env-file", PRODUCTION_ENV_FILE];
  const upload = ["--env-file", invocation.path(PRODUCTION_ENV_FILE)];
  const isNew = isNewIn(installation);
  const steps = ([
    ["Try it", invocation.task("dev"), true],
    ["Create the key", invocation.task("keys", ...file), isNew && !hasSecrets],
    ["Set your URL", invocation.task("edit-secrets", `POWERSYNC_URL=${EXAMPLE_URL}`), isNew && !hasSecrets],
    ["Log in", "supabase login", isNew],
    ["Link", invocation.supabase("link"), isNew],
    ["Set the secrets", invocation.supabase("secrets", "set", ...upload), isNew],
    ["Deploy", invocation.supabase("functions", "deploy", ...FUNCTION_NAMES, "--use-api"), true],
    ["Set up PowerSync", invocation.task("config", ...file), isNew],
    ["Check it", invocation.task("doctor"), true],
  ] as const).filter(([, , isNeeded]) => isNeeded);
  const width = Math.max(...steps.map(([what]) => what.length)) + 1;
  return steps.map(([what, command], index) => `  ${index + 1}. ${`${what}:`.padEnd(width)} ${command}`);
}

/** Where functions of these names were, they have secrets, which a new key would replace. */
function isNewIn({ changes }: Installation): boolean {
  const added = changes.filter(({ from }) => from === undefined).map(({ path }) => path);
  return FUNCTION_NAMES.every((name) => added.includes(`supabase/functions/${name}/index.ts`));
}
