import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a task's shell replaces by the path of Deno. */
const DENO_PATH = "$(deno eval 'console.log(Deno.execPath())')";

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
interface ProgramOptions {
  /** The working folder. */
  readonly cwd?: string;
  /** What is typed or piped in; nothing by default. */
  readonly stdin?: string;
  /** Environment variables to add; all there are, with `clearEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
}

/** How a task is run; `permissions` replace those of the task. */
export interface RunOptions extends ProgramOptions {
  readonly permissions?: readonly string[];
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  { stdin = "", env = {}, ...options }: ProgramOptions = {},
): Promise<Ran> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    ...options,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [, { code, stdout, stderr }] = await Promise.all([type(child.stdin, stdin), child.output()]);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** The same where it must succeed: throws what it said otherwise. Returns what it printed. */
export async function mustRun(...command: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(...command);
  if (code === 0) return stdout;
  throw new Error(`${command[0]} ${command[1].join(" ")} failed:\n${stderr}${stdout}`);
}

/**
 * Runs a command of scripts/ as a process of its own, as a person does.
 *
 * @param task The task's name in deno.json; it says which script and which permissions.
 * @param args The flags.
 */
export async function runTask(
  task: string,
  args: readonly string[],
  { permissions, ...options }: RunOptions,
): Promise<Ran> {
  const { script, flags } = await readTask(task);
  const allowed = ["--no-prompt", `--config=${ROOT}deno.json`, ...(permissions ?? flags)];
  return await run(Deno.execPath(), ["run", ...allowed, `${ROOT}${script}`, ...args], options);
}

/** A command that ends before it has read everything closes the pipe. */
async function type(pipe: WritableStream<Uint8Array>, text: string): Promise<void> {
  try {
    await new Blob([text]).stream().pipeTo(pipe);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Makes a folder for one test and removes it afterwards. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A task of deno.json, as a process of its own is given it. */
export async function readTask(task: string): Promise<{ script: string; flags: string[] }> {
  const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
    await Deno.readTextFile(`${ROOT}deno.json`),
  );
  const command = tasks[task]?.command.replace(DENO_PATH, Deno.execPath()) ?? "";
  const words = [...command.matchAll(/"([^"]+)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
  const script = words.find((word) => word.startsWith("scripts/"));
  if (script === undefined) throw new Error(`deno.json has no task ${task} that runs a script.`);
  return { script, flags: words.filter((word) => word.startsWith("--")) };
}
