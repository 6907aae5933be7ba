/**
 * Refuses a file of secrets that must not be uploaded: `supabase secrets set --env-file` uploads everything in it, and
 * whoever has a copy of a development key could sign tokens for production. Workflows run it before the upload.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { visible } from "./cli/shown.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { inspect } from "./setup/inspect.ts";

const USAGE = "Usage: deno task check-secrets FILE";

/** Checks the file. Returns the exit code. */
export async function main([path]: readonly string[]): Promise<number> {
  if (path === undefined || path.startsWith("-")) throw new CommandError(USAGE);
  const variables = await readEnvFile(path);
  if (variables === undefined) throw new CommandError(`There is no file ${path}.`);
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
