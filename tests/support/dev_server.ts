/** `deno task dev` as a person starts it: a process of its own, in a copy of the project, in an empty home. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { putOwnClaims } from "./own_claims.ts";
import { inFolder, mustRun, ROOT } from "./run_script.ts";

/** What the command needs of the project. Secrets are never copied. */
const COPIED = ["deno.json", "deno.lock", "import_map.json", ".gitignore", "scripts", "supabase"];

/** The last line printed at the start. */
const READY = /^Secrets for production/;

/** How the command is started. */
export interface DevOptions {
  /** What Deno is started with; the task by default. */
  readonly command?: readonly string[];
  /** Flags; a free port by default. */
  readonly args?: readonly string[];
  /** Variables of the shell besides `PATH` and the home. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Copies the project into a new folder for one test, and removes it afterwards. */
export async function inProject(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    for (const name of COPIED) await copy(`${ROOT}${name}`, `${folder}/${name}`);
    await putOwnClaims(folder);
    await test(folder);
  });
}

/** Starts the command in a copy of the project, and ends it after the test. */
export async function withDevServer(
  test: (server: DevServer) => Promise<void>,
  { file, ...options }: DevOptions & { readonly file?: string } = {},
): Promise<void> {
  await inProject(async (folder) => {
    if (file !== undefined) await Deno.writeTextFile(`${folder}/supabase/functions/.env`, file);
    await using server = await DevServer.start(folder, options);
    await test(server);
  });
}

/** A running command. */
export class DevServer {
  /** The copy of the project. */
  readonly folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #output: Promise<unknown>;
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(folder: string, process: Deno.ChildProcess) {
    this.folder = folder;
    this.#process = process;
    this.#output = Promise.all([this.#collect(process.stdout), this.#collect(process.stderr)]).then(() => {
      this.#ended = true;
      this.#wake.resolve();
    });
  }

  static async start(folder: string, options: DevOptions): Promise<DevServer> {
    const server = new DevServer(folder, (await devCommand(folder, options)).spawn());
    await server.line(READY);
    return server;
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Where it serves, as it prints it. */
  get origin(): string {
    const [, origin = ""] = /^Page\s+(\S+)\/$/m.exec(this.output) ?? [];
    return origin;
  }

  /** How many lines it has printed: where to look for what comes next. */
  get position(): number {
    return this.#lines.length;
  }

  /** Waits for a line, from a position on. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    for (;;) {
      const found = this.#lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`The command ended without ${pattern}:\n${this.output}`);
      await this.#wake.promise;
    }
  }

  /** A file of the copied project, changed as an editor does; waits for what the server says of it. */
  async edit(path: string, change: (text: string) => string, said: RegExp): Promise<string> {
    const from = this.position;
    const file = `${this.folder}/${path}`;
    await Deno.writeTextFile(file, change(await Deno.readTextFile(file)));
    return await this.line(said, from);
  }

  /** Puts statements at the beginning of a function of claims.ts, and waits until they are loaded. */
  async editClaims(name: "signedInClaims" | "anonymousClaims", statements: string): Promise<void> {
    const head = new RegExp(`(export function ${name}\\([^]*?\\{\n)`);
    await this.edit(
      "supabase/functions/_shared/powersync/claims.ts",
      (text) => text.replace(head, (line) => `${line}  ${statements}\n`),
      /^Changed: the functions were loaded again/,
    );
  }

  /** The real supabase-js, with the publishable key that the server prints. */
  client(): SupabaseClient {
    const [, key = ""] = /^Publishable key\s+(\S+)$/m.exec(this.output) ?? [];
    return createClient(this.origin, key, {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    });
  }

  /** Ends it, and returns its exit status. */
  async end(signal: "SIGINT" | "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (!this.#ended) this.#process.kill(signal);
    const [status] = await Promise.all([this.#process.status, this.#output]);
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      const wake = this.#wake;
      this.#wake = Promise.withResolvers();
      wake.resolve();
    }
  }
}

async function devCommand(
  folder: string,
  { command = ["task", "dev"], args = ["--port", "0"], env = {} }: DevOptions,
): Promise<Deno.Command> {
  await Deno.mkdir(`${folder}/home`, { recursive: true });
  return new Deno.Command(Deno.execPath(), {
    args: [...command, ...args],
    cwd: folder,
    clearEnv: true,
    // The cache is shared, so that nothing is downloaded again.
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: `${folder}/home`,
      DENO_DIR: await denoDir(),
      NO_COLOR: "1",
      ...certificates(),
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Whom to trust, where a company's proxy stands before the registry: a cold cache lacks what only the functions load. */
function certificates(): Record<string, string> {
  const named = /_(CERTS?|CERT_FILE|CERT_DIR|CA_STORE)$/;
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => named.test(name)));
}

async function denoDir(): Promise<string> {
  return JSON.parse(await mustRun(Deno.execPath(), ["info", "--json"])).denoDir;
}

/** Copies a file or a folder, without the `.env` files. */
export async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    if (name !== ".env") await copy(`${from}/${name}`, `${to}/${name}`);
  }
}
