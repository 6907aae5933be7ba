import { parseEnv } from "node:util";
import { unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CommandError } from "../cli/command.ts";
import { readText, replaceSecretFile } from "./secret-file.ts";

/** Names and values of an `.env` file; an empty value counts as unset, as in the functions. */
export type EnvVariables = Readonly<Record<string, string | undefined>>;

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
  // As the functions will see them: the CLI uploads what stands around a value too.
  const variables = Object.entries(parseEnv(text ?? "")).map((
    [name, value],
  ) => [name, unwrap(value ?? "", name)]);
  return { path, text, variables: Object.fromEntries(variables) };
}

/** What to change in an `.env` file. */
export interface EnvChanges {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** Lines that begin with `#`. */
  readonly comments?: readonly string[];
}

/**
 * Changes variables of an `.env` file and keeps its other lines. The file is made when it is missing, and only its
 * owner may read it.
 *
 * @param file The file as {@linkcode openEnvFile} read it.
 * @param changes Values to set must need no quotes, as base64 and URLs.
 * @throws {CommandError} The file has changed since it was read, or cannot be written.
 */
export async function updateEnvFile(
  file: EnvFile,
  { set = {}, remove = [], comments = [] }: EnvChanges,
): Promise<void> {
  const added = Object.entries(set).map(([name, value]) => `${name}=${value}`);
  const kept = withoutVariables(file.text ?? "", [...Object.keys(set), ...remove]);
  await replaceSecretFile(file.path, {
    from: file.text,
    to: [...kept, ...comments, ...added, ""].join("\n"),
  });
}

/** A line of an `.env` file that defines a variable, its further lines included if its value is in quotes. */
interface Definition {
  readonly name: string;
  readonly lines: readonly string[];
  /** The value's quotation mark is never closed. */
  readonly open: boolean;
}

/** Node's parser takes any other space for a part of the name. */
const DEFINITION = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$/;

/** Every line in order: a definition, or the text of another line. Node's parser tells neither lines nor faults. */
function parseLines(text: string): (Definition | string)[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const parsed: (Definition | string)[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const [, name, value = ""] = DEFINITION.exec(line) ?? [];
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
  let number = 1;
  for (const line of parseLines(text)) {
    const where = `${path}, line ${number}:`;
    if (typeof line === "string") {
      if (!/^\s*(#|$)/.test(line)) {
        throw new CommandError(`${where} neither NAME=value nor a comment. Correct it.`);
      }
      number += 1;
      continue;
    }
    if (line.open) {
      throw new CommandError(`${where} a quotation mark at ${line.name} is never closed. Correct it.`);
    }
    number += line.lines.length;
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
