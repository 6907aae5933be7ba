/**
 * Refuses a file of secrets that must not be uploaded: `supabase secrets set --env-file` uploads everything in it, and
 * whoever has a copy of a development key could sign tokens for production. Workflows run it before the upload.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { inspect, unusable } from "./setup/inspect.ts";

const USAGE = "Usage: deno task check-secrets FILE";

/** Checks the file. */
export async function main([path]: readonly string[]): Promise<void> {
  if (path === undefined || path.startsWith("-")) throw new CommandError(USAGE);
  const variables = await readEnvFile(path);
  if (variables === undefined) throw new CommandError(`There is no file ${path}.`);
  const findings = unusable(await inspect(variables, { place: "deployment" }));
  if (findings.length > 0) {
    const reasons = findings.map(({ message, hint }) => `${message} ${hint}`.trim());
    throw new CommandError(`${path}: do not upload it. ${reasons.join(" ")}`);
  }
  console.log(`${path} may be uploaded.`);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
