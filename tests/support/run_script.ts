import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a task's shell replaces by the path of Deno. */
const DENO_PATH = "$(deno eval 'console.log(Deno.execPath())')";

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  /** The working folder. */
  readonly cwd: string;
  /** What is typed or piped in; nothing by default. */
  readonly stdin?: string;
  /** Permission flags; by default those of the task that runs the script. */
  readonly permissions?: readonly string[];
  /** Environment variables to add. */
  readonly env?: Readonly<Record<string, string>>;
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
  { cwd, permissions, stdin = "", env = {} }: RunOptions,
): Promise<Ran> {
  const { script, flags } = await readTask(task);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--config=${ROOT}deno.json`,
      ...(permissions ?? flags),
      `${ROOT}${script}`,
      ...args,
    ],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [, { code, stdout, stderr }] = await Promise.all([type(child.stdin, stdin), child.output()]);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
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
