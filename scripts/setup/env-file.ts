import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { CommandError } from "../cli/flags.ts";

/** Names and values of an `.env` file; an empty value counts as unset, as in the functions. */
export type EnvVariables = Readonly<Record<string, string | undefined>>;

/** Only its owner may read a file with secrets. */
const SECRET_FILE_MODE = 0o600;

/** An `.env` file as it was read. */
export interface EnvFile {
  readonly path: string;
  /** `undefined` when there is no such file. */
  readonly text: string | undefined;
  readonly variables: EnvVariables;
}

/**
 * The variables of an `.env` file.
 *
 * @param path The file.
 * @returns The variables, or `undefined` when there is no such file.
 * @throws {CommandError} The file cannot be read, or has a line that is neither `NAME=value` nor a comment.
 */
export async function readEnvFile(path: string): Promise<EnvVariables | undefined> {
  const { text, variables } = await openEnvFile(path);
  return text === undefined ? undefined : variables;
}

/**
 * Reads an `.env` file to change it with {@linkcode updateEnvFile}; it need not exist.
 *
 * @throws {CommandError} As {@linkcode readEnvFile} does.
 */
export async function openEnvFile(path: string): Promise<EnvFile> {
  const text = await readText(path);
  if (text !== undefined) assertWellFormed(path, text);
  return { path, text, variables: { ...parseEnv(text ?? "") } };
}

/** What to change in an `.env` file. */
export interface EnvChanges {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/**
 * Changes variables of an `.env` file and keeps its other lines. The file is made when it is missing, and only its
 * owner may read it. It is replaced as a whole or not at all: for a private key it may be the only copy.
 *
 * @param file The file as {@linkcode openEnvFile} read it.
 * @param changes Values to set must need no quotes, as base64 and URLs.
 * @throws {CommandError} The file has changed since it was read, or cannot be written.
 */
export async function updateEnvFile(file: EnvFile, { set = {}, remove = [] }: EnvChanges): Promise<void> {
  const added = Object.entries(set).map(([name, value]) => `${name}=${value}`);
  const kept = withoutVariables(file.text ?? "", [...Object.keys(set), ...remove]);
  try {
    await replaceFile(file, [...kept, ...added, ""].join("\n"));
  } catch (error) {
    throw fileError(error, `${file.path} cannot be written`, "its folder");
  }
}

/**
 * Refuses a file that git would commit.
 *
 * @param path The file; it need not exist.
 * @throws {CommandError} The file is tracked, or not ignored.
 */
export async function assertGitIgnores(path: string): Promise<void> {
  const file = resolve(path);
  const args = ["-C", dirname(file), "check-ignore", "--quiet", "--", file];
  const status = await gitStatus(args);
  // 0 is ignored, 128 is no repository; a tracked file counts as not ignored.
  if (status !== 1) return;
  throw new CommandError(
    `Git would commit ${path}: add it to .gitignore (and \`git rm --cached\` it), or choose another file.`,
  );
}

/** The exit code, or `undefined` when there is no git. */
async function gitStatus(args: string[]): Promise<number | undefined> {
  try {
    return (await new Deno.Command("git", { args, stdout: "null", stderr: "null" }).output()).code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A line of an `.env` file that defines a variable, its further lines included if its value is in quotes. */
interface Definition {
  readonly name: string;
  readonly lines: readonly string[];
  /** The value's quotation mark is never closed. */
  readonly open: boolean;
}

/** Every line in order: a definition, or the text of another line. Node's parser tells neither lines nor faults. */
function parseLines(text: string): (Definition | string)[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const parsed: (Definition | string)[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      parsed.push(line);
      continue;
    }
    const last = lastLineOfValue(lines, { index, value });
    parsed.push({ name, lines: lines.slice(index, (last ?? index) + 1), open: last === undefined });
    index = last ?? index;
  }
  return parsed;
}

function withoutVariables(text: string, names: readonly string[]): string[] {
  return parseLines(text).flatMap((line) => {
    if (typeof line === "string") return [line];
    return names.includes(line.name) ? [] : line.lines;
  });
}

function assertWellFormed(path: string, text: string): void {
  for (const line of parseLines(text)) {
    if (typeof line === "string") {
      if (/^\s*(#|$)/.test(line)) continue;
      throw new CommandError(`${path} has a line that is neither NAME=value nor a comment: correct it.`);
    }
    if (line.open) {
      throw new CommandError(
        `${path} has a quotation mark at ${line.name} that is never closed: correct it.`,
      );
    }
  }
}

/** The line on which a value ends, or `undefined` when its quotation mark is never closed. */
function lastLineOfValue(
  lines: readonly string[],
  { index, value }: { index: number; value: string },
): number | undefined {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) > 0) return index;
  const end = lines.findIndex((line, at) => at > index && line.includes(quote));
  return end === -1 ? undefined : end;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(error, `${path} cannot be read`, "it");
  }
}

/** The temporary file is the lock as well: only one command can create it. */
async function replaceFile({ path, text }: EnvFile, newText: string): Promise<void> {
  const target = await followLinks(path);
  const temporary = `${target}.tmp`;
  const created = await createSecretFile(temporary);
  try {
    try {
      if (await readText(path) !== text) {
        throw new CommandError(`${path} has changed since it was read, and was left as it is: try again.`);
      }
      const bytes = new TextEncoder().encode(newText);
      for (let written = 0; written < bytes.length;) written += await created.write(bytes.subarray(written));
      await created.sync();
    } finally {
      created.close();
    }
    if (text !== undefined) await keepOwner(target, temporary);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary);
    throw error;
  }
}

async function createSecretFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, createNew: true, mode: SECRET_FILE_MODE });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new CommandError(
      `Another command is writing, or was interrupted: if none is running, remove ${path}.`,
    );
  }
}

/** Where a link leads, even if nothing is there yet; any other path is returned as it is. */
async function followLinks(path: string): Promise<string> {
  const target = await Deno.readLink(path).catch(() => undefined);
  return target === undefined ? path : await followLinks(resolve(dirname(path), target));
}

/** Root in a container must not take a mounted file from its owner. */
async function keepOwner(target: string, temporary: string): Promise<void> {
  const [{ uid, gid }, created] = await Promise.all([Deno.stat(target), Deno.stat(temporary)]);
  if (uid !== created.uid) await Deno.chown(temporary, uid, gid);
}

function fileError(error: unknown, state: string, owned: string): unknown {
  if (error instanceof CommandError) return error;
  if (error instanceof Deno.errors.NotFound) {
    return new CommandError(`${state}: its folder does not exist; make it first.`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new CommandError(`${state}: check who owns ${owned} and its mode.`);
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new CommandError(`${state}: it is a folder; name a file in it.`);
  }
  // A full disk, a read-only file system: the system's own words say it best.
  if (error instanceof Error && /\(os error \d+\)/.test(error.message)) {
    return new CommandError(`${state}: ${error.message}.`);
  }
  return error;
}
