/**
 * Refuses a file of secrets that must not be uploaded: `supabase secrets set --env-file` uploads everything in it, and
 * whoever has a copy of a development key could sign tokens for production. Workflows run it before the upload.
 */
import { readEnvFile } from "./setup/env-file.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import { whyLocalOnly } from "./setup/local-only.ts";

const USAGE = "Usage: deno task check-secrets FILE";

export async function main([path]: readonly string[]): Promise<void> {
  if (path === undefined || path.startsWith("-")) throw new CommandError(USAGE);
  const variables = await readEnvFile(path);
  if (variables === undefined) throw new CommandError(`There is no file ${path}.`);
  const reason = whyLocalOnly(variables);
  if (reason !== undefined) {
    throw new CommandError(`${path} is for this computer, do not upload it: it ${reason}.`);
  }
  console.log(`${path} may be uploaded.`);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
