import { type ManagementApi, PROJECT_REF } from "./management_api.ts";
import { mustRun } from "./run_script.ts";

/** The version of the CLI that the deployment is tested with. */
export const SUPABASE_CLI = "supabase@3.1.0";

/** Runs a command of the CLI in a project's folder; throws with what the CLI said when it fails. */
export type SupabaseCli = (cwd: string, ...args: string[]) => Promise<void>;

/**
 * The environment in which the real Supabase CLI talks to a stand-in of the Management API and to nothing else.
 *
 * @param api The stand-in.
 * @param home A folder for the CLI's own state.
 */
export async function cliEnvironment(api: ManagementApi, home: string): Promise<Record<string, string>> {
  await Deno.writeTextFile(
    `${home}/profile.yaml`,
    `name: stand-in\napi_url: ${api.url}\ndashboard_url: ${api.url}\nproject_host: localhost\n`,
  );
  return {
    ...environmentWithout(/^SUPABASE_/),
    SUPABASE_HOME: home,
    SUPABASE_PROFILE: `${home}/profile.yaml`,
    // Invented, in the form that the CLI requires.
    SUPABASE_ACCESS_TOKEN: `sbp_${"0".repeat(40)}`,
    SUPABASE_NO_KEYRING: "1",
    SUPABASE_NO_UPDATE_NOTIFIER: "1",
    SUPABASE_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
    NO_COLOR: "1",
  };
}

/** Prepares the real Supabase CLI, as {@linkcode cliEnvironment} does. */
export async function supabaseCli(api: ManagementApi, home: string): Promise<SupabaseCli> {
  const env = await cliEnvironment(api, home);
  return async (cwd, ...args) => {
    // Without a terminal, commands that change a project need --yes.
    await mustRun("npx", ["-y", SUPABASE_CLI, ...args, "--yes"], { cwd, env, clearEnv: true });
  };
}

/** Links a project's folder to the stand-in's project, as the README says. */
export async function link(supabase: SupabaseCli, cwd: string): Promise<void> {
  await supabase(cwd, "link", "--project-ref", PROJECT_REF);
}

/** This process's environment without the variables whose names match. */
export function environmentWithout(names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !names.test(name)));
}
