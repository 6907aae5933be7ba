import { join } from "node:path";

/** The PowerSync instance of a deployment under test. */
export const POWERSYNC_URL = "https://instance.powersync.example";

/**
 * Makes the file with a deployment's secrets as the README says: a fresh key by `deno task keys`, and the URL.
 *
 * @param bundle A copy of the bundle; the file is its `.env.production`.
 */
export async function makeProductionEnv(bundle: string): Promise<void> {
  await runTaskIn(bundle, ["keys", "--", "--env-file", ".env.production"]);
  await Deno.writeTextFile(join(bundle, ".env.production"), `POWERSYNC_URL=${POWERSYNC_URL}\n`, {
    append: true,
  });
}

/** Makes the file with the secrets of local development, which must stay on this computer. */
export async function makeLocalEnv(bundle: string): Promise<void> {
  const file = "supabase/functions/.env";
  await runTaskIn(bundle, ["keys", "--", "--kid", "dev-local", "--alg", "ES256", "--env-file", file]);
  await Deno.writeTextFile(join(bundle, file), "POWERSYNC_URL=http://localhost:8080\n", { append: true });
}

async function runTaskIn(bundle: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", ...args],
    cwd: bundle,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`deno task ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
}
