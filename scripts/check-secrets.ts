/**
 * Refuses a file of secrets that must not be uploaded: `supabase secrets set --env-file` uploads everything in it, and
 * whoever has a copy of a development key could sign tokens for production. Workflows run it before the upload.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readArguments } from "./cli/flags.ts";
import { visible } from "./cli/shown.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { inspect } from "./setup/inspect.ts";
import { PRODUCTION_ENV_FILE } from "./setup/local-only.ts";
import { openProject } from "./setup/project-folder.ts";

const HELP = `Checks a file of secrets before you upload it.

  deno task check-secrets           ${PRODUCTION_ENV_FILE}
  deno task check-secrets -- FILE   another file

  --dir PROJECT   another project's folder, with supabase/ in it; FILE is relative to it
  --help

Exits with 1 when the file must not be uploaded.`;

/** Checks the file. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { flags, values: [file = PRODUCTION_ENV_FILE, ...others] } = readArguments(args, {
    dir: { type: "string" },
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  if (others.length > 0) throw new CommandError("Unexpected argument after the file: see --help.");
  const invocation = await openProject(flags.dir);
  const path = invocation.path(file);
  const variables = await readEnvFile(path);
  if (variables === undefined) {
    throw new CommandError(
      `There is no file ${path}: ${
        invocation.task("keys", ...invocation.envFile(path))
      } creates it, or name another one.`,
    );
  }
  const faults = (await inspect(variables, { place: "deployment" }))
    .filter(({ severity }) => severity === "error");
  if (faults.length > 0) {
    console.error(visible(`${path}: do not upload it.`));
    for (const { message, hint } of faults) console.error(visible(`- ${message} ${hint}`.trimEnd()));
    return 1;
  }
  console.log(`${path} may be uploaded.`);
  return 0;
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
