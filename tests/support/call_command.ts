import { assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../../scripts/cli/command.ts";
import type { Ran } from "./run_script.ts";

/**
 * Runs a command of scripts/ in this process, with its own `main`; much faster than `runTask`. What depends on the
 * working folder, on permissions or on standard input needs a process of its own.
 *
 * @param main The command's `main`.
 * @param args The flags.
 */
export async function callCommand(
  main: (args: readonly string[]) => Promise<number | void>,
  args: readonly string[],
): Promise<Ran> {
  const printed = { stdout: "", stderr: "" };
  const { log, error } = console;
  console.log = (text: string) => void (printed.stdout += `${text}\n`);
  console.error = (text: string) => void (printed.stderr += `${text}\n`);
  try {
    return { code: await runCommand(() => main(args)), ...printed };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** The same with a `.env` file of this text, which `--env-file` names. */
export async function callWithFile(
  main: (args: readonly string[]) => Promise<number | void>,
  args: readonly string[],
  text: string,
): Promise<Ran> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/.env`, text);
    return await callCommand(main, [...args, "--env-file", `${folder}/.env`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The command printed one sentence with the reason, and nothing else. */
export function assertRefused(ran: Ran, reason: RegExp, code = 1): void {
  assertEquals([ran.code, ran.stdout], [code, ""], ran.stderr);
  assertMatch(ran.stderr, reason);
  assertEquals(ran.stderr.trim().split("\n").length, 1, ran.stderr);
}
