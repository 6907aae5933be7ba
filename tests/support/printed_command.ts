import { delimiter } from "node:path";
import { type Ran, ROOT, run } from "./run_script.ts";
import { SUPABASE_CLI } from "./supabase_cli.ts";

/** The programs that printed commands start: the Deno that runs the tests, whichever way it is named, and the CLI. */
const PROGRAMS: Readonly<Record<string, string>> = {
  deno: `exec '${Deno.execPath()}' "$@"`,
  npx: `[ "$1 $2" = "-y deno@2" ] && shift 2 && exec '${Deno.execPath()}' "$@"; exit 127`,
  supabase: `PATH=$REAL_PATH exec npx -y ${SUPABASE_CLI} "$@"`,
};

/**
 * Runs a command of the output as a person does who pastes it into a shell.
 *
 * @param command The line.
 * @param options `cwd`: the reader's folder, the repository by default. `env`: variables to add.
 */
export async function runPrinted(
  command: string,
  { cwd = ROOT, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const bin = await Deno.makeTempDir();
  try {
    for (const [name, script] of Object.entries(PROGRAMS)) {
      await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const path = Deno.env.get("PATH") ?? "";
    const own = { ...env, REAL_PATH: path, PATH: `${bin}${delimiter}${path}` };
    return await run("sh", ["-c", command], { cwd, env: own });
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
}

/** The same for a command that must succeed; returns what it printed. */
export async function printed(command: string, options: Parameters<typeof runPrinted>[1]): Promise<string> {
  const { code, stdout, stderr } = await runPrinted(command, options);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}
