import { dirname, join } from "node:path";
import { putOwnClaims } from "./own_claims.ts";
import { mustRun, ROOT } from "./run_script.ts";

/** The functions that the bundle brings. */
export const FUNCTIONS = ["powersync-auth", "powersync-auth-anonymous", "powersync-jwks"] as const;

/** The PowerSync instance of a deployment under test. */
export const POWERSYNC_URL = "https://instance.powersync.example";

/**
 * Copies what a clone of this repository would have, as it stands in the working tree, and nothing that git ignores;
 * with the tests' own claims.
 *
 * @param folder Where to; it is made.
 */
export async function copyBundle(folder: string): Promise<void> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const paths = (await mustRun("git", list, { cwd: ROOT })).split("\0");
  for (const path of paths.filter((path) => path !== "")) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.copyFile(join(ROOT, path), join(folder, path));
  }
  await putOwnClaims(folder);
}

/**
 * Makes the file with a deployment's secrets as the README says: a fresh key by `deno task keys`, and the URL.
 *
 * @param bundle A copy of the bundle; the file is its `.env.production`.
 */
export async function makeProductionEnv(bundle: string): Promise<void> {
  await makeEnv(bundle, { file: ".env.production", url: POWERSYNC_URL });
}

/** Makes the file with the secrets of local development, which must stay on this computer. */
export async function makeLocalEnv(bundle: string): Promise<void> {
  const flags = ["--kid", "dev-local", "--alg", "ES256"];
  await makeEnv(bundle, { file: "supabase/functions/.env", url: "http://localhost:8080", flags });
}

async function makeEnv(
  bundle: string,
  { file, url, flags = [] }: { file: string; url: string; flags?: string[] },
): Promise<void> {
  await mustRun(Deno.execPath(), ["task", "keys", "--", ...flags, "--env-file", file], { cwd: bundle });
  await Deno.writeTextFile(join(bundle, file), `POWERSYNC_URL=${url}\n`, { append: true });
}
