import { assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../../scripts/cli/command.ts";
import { type Ran, readTask } from "./run_script.ts";

/** A command of scripts/. */
export type Main = (args: readonly string[]) => Promise<number | void>;

/** The command that a task of deno.json runs. */
export async function mainOf(task: string): Promise<Main> {
  const { script } = await readTask(task);
  return (await import(new URL(`../../${script}`, import.meta.url).href)).main;
}

/** Runs a task as it was printed, `deno task keys -- --dir '../my app'`, in this process. */
export async function callPrinted(command: string): Promise<Ran> {
  const [, task = "", rest = ""] = /^(?:deno|npx -y deno@2) task ([\w-]+)(?: -- (.*))?$/.exec(command) ?? [];
  const words = rest.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return await callCommand(await mainOf(task), words.map((word) => word.replaceAll(/'([^']*)'/g, "$1")));
}

/**
 * Runs a command of scripts/ in this process, with its own `main`; much faster than `runTask`. What depends on
 * permissions, on standard input or on the working folder, which `--dir` replaces, needs a process of its own.
 *
 * @param main The command's `main`.
 * @param args The flags.
 */
export async function callCommand(main: Main, args: readonly string[]): Promise<Ran> {
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

/** What a command did, and what the file is afterwards. */
export interface RanWithFile extends Ran {
  readonly path: string;
  readonly text: string;
}

/**
 * The same with an `.env` file.
 *
 * @param args The flags; `--env-file` is added, unless a function is to name the file.
 * @param text The file's content; `undefined` where there is none yet.
 */
export async function callWithFile(
  main: Main,
  args: readonly string[] | ((path: string) => readonly string[]),
  text: string | Uint8Array | undefined,
): Promise<RanWithFile> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/.env`;
  try {
    if (text !== undefined) {
      await Deno.writeFile(path, new Uint8Array(await new Blob([text as BlobPart]).arrayBuffer()));
    }
    const ran = await callCommand(
      main,
      typeof args === "function" ? args(path) : [...args, "--env-file", path],
    );
    return { ...ran, path, text: await Deno.readTextFile(path).catch(() => "") };
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
