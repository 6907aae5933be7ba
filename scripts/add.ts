/**
 * Brings the functions into a project, and keeps them current there. An installation is one version or the other, never
 * a mixture, and nothing that somebody has edited is lost.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyChanges } from "./add/apply.ts";
import { readBundle } from "./add/bundle.ts";
import { readInstallation } from "./add/installation.ts";
import { exists, findProject } from "./add/project.ts";
import { changeLines, editedLines, leftLines, nextLines, versions } from "./add/report.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import { readArguments } from "./cli/flags.ts";
import { Invocation } from "./cli/invocation.ts";
import { visible } from "./cli/shown.ts";
import { PRODUCTION_ENV_FILE } from "./setup/local-only.ts";

const HELP = `Adds the functions to your project, or updates them there.

  deno task add -- ../my-app      the folder that holds supabase/

  --dry-run   prints what would change, and changes nothing
  --check     the same, and exits with 1 if the functions are not of this version, or were edited
  --force     replaces edited files too, and keeps each as NAME.orig; never claims.ts
  --help`;

/** Reads the arguments and changes the project. Returns the exit code. */
export async function main(
  args: readonly string[],
  { root = fileURLToPath(new URL("../", import.meta.url)) } = {},
): Promise<number> {
  const { flags, values: [dir, ...more] } = readArguments(args, {
    "dry-run": { type: "boolean" },
    check: { type: "boolean" },
    force: { type: "boolean" },
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  if (dir === undefined || dir === "" || more.length > 0) {
    throw new CommandError("Name one folder, the one that holds supabase/, such as ../my-app: see --help.");
  }
  const project = await findProject(dir, root);
  try {
    return await bring(project, { dir, root, flags });
  } catch (error) {
    // Its paths are in the project; this repository has files of the same names.
    throw error instanceof CommandError ? new CommandError(`In ${dir}: ${error.message}`) : error;
  }
}

/** What the flags ask for. */
interface AddRequest {
  readonly dir: string;
  readonly root: string;
  readonly flags: { readonly "dry-run"?: boolean; readonly check?: boolean; readonly force?: boolean };
}

async function bring(project: string, { dir, root, flags }: AddRequest): Promise<number> {
  const bundle = await readBundle(root);
  const installation = await readInstallation(project, bundle);
  const { changes, edited } = installation;
  const version = versions(installation, bundle);
  const left = leftLines(installation, root);
  const again = (...words: string[]) => new Invocation().task("add", dir, ...words);
  if (edited.length > 0 && !flags.force) {
    return fail([...editedLines(installation, again("--force")), "Nothing was changed."]);
  }
  if (changes.length === 0) return print([`${dir} has the functions of version ${version}.`, ...left]);
  if (flags.check) {
    const command = again(...(edited.length > 0 ? ["--force"] : []));
    return fail([`${dir} is not up to date (${version}):`, ...changeLines(installation), `Run: ${command}`]);
  }
  if (flags["dry-run"]) {
    return print([`In ${dir} this would change (${version}):`, ...changeLines(installation), ...left]);
  }
  await applyChanges(project, changes);
  const hasSecrets = await exists(join(project, PRODUCTION_ENV_FILE));
  return print([
    `Changed in ${dir} (${version}):`,
    ...changeLines(installation),
    ...left,
    "Next, after you have looked at the changes and committed them:",
    ...nextLines(installation, { invocation: new Invocation(dir), hasSecrets }),
  ]);
}

function print(lines: readonly string[]): number {
  console.log(lines.map(visible).join("\n"));
  return 0;
}

function fail(lines: readonly string[]): number {
  console.error(lines.map(visible).join("\n"));
  return 1;
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
