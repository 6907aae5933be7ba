import { isAbsolute, join, relative } from "node:path";

/** Which flags of a command are repeated when it is printed again. */
export interface Repeated {
  readonly named: readonly string[];
  /** Flags whose value is secret, so they stand without one. */
  readonly asked: readonly string[];
}

/**
 * The project that a command is about, as its reader names it: where its files are, and how to print commands for it that
 * run as they are, started as the reader started this one and in the same folder.
 */
export class Invocation {
  readonly #task: string;

  /**
   * @param dir The project's folder as `--dir` names it; `undefined` for this repository.
   * @param execPath Where Deno is; `npx` has it in a folder of its own.
   */
  constructor(readonly dir?: string, execPath = denoPath()) {
    this.#task = /[\\/]_npx[\\/]/.test(execPath) ? "npx -y deno@2 task" : "deno task";
  }

  /** A task of this repository with its arguments, such as `deno task keys -- --dir ../my-app --rotate`. */
  task(name: string, ...words: readonly string[]): string {
    const all = [...(this.dir === undefined ? [] : ["--dir", this.dir]), ...words];
    return [this.#task, name, ...(all.length === 0 ? [] : ["--", ...all.map(shellWord)])].join(" ");
  }

  /** A task again, with its flags as they were given. */
  again(name: string, flags: Readonly<Record<string, unknown>>, { named, asked }: Repeated): string {
    return this.task(
      name,
      ...named.flatMap((flag) => [flags[flag] ?? []].flat().flatMap((value) => [`--${flag}`, String(value)])),
      ...asked.flatMap((flag) => flags[flag] === undefined ? [] : [`--${flag}`]),
    );
  }

  /** A command of the Supabase CLI; it takes the paths in it from the reader's folder, as {@linkcode path} returns them. */
  supabase(...words: readonly string[]): string {
    const workdir = this.dir === undefined ? [] : ["--workdir", this.dir];
    return ["supabase", ...words, ...workdir].map(shellWord).join(" ");
  }

  /** A file of the project, from the reader's folder: every command reads, writes and shows it by this path. */
  path(file: string): string {
    return this.dir === undefined || isAbsolute(file) ? file : join(this.dir, file);
  }

  /** The flag of a task that names a file, by the path that {@linkcode path} returned. */
  envFile(path: string): string[] {
    return ["--env-file", this.pathInProject(path)];
  }

  /** The opposite of {@linkcode path}: what a person writes behind `--dir`. */
  pathInProject(path: string): string {
    if (this.dir === undefined) return path;
    const inside = relative(this.dir, path);
    return isAbsolute(path) && (!isAbsolute(this.dir) || inside.startsWith("..")) ? path : inside;
  }
}

/** Deno 2.1 does not tell its path to a command that may not read; a task may. */
function denoPath(): string {
  const { state } = Deno.permissions.querySync({ name: "read" });
  return state === "granted" ? Deno.execPath() : "deno";
}

/** A word of a command for a shell: quoted only where it must be. zsh expands `=` at the beginning. */
export function shellWord(text: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
