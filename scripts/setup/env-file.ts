import { parseEnv } from "node:util";
import { unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CommandError } from "../cli/command.ts";
import { EnvFileError, faultOf, repaired, UTF16 } from "./env-faults.ts";
import { parseLines } from "./env-lines.ts";
import { readText, replaceSecretFile } from "./secret-file.ts";

/** Names and values of an `.env` file; an empty value counts as unset, as in the functions. */
export type EnvVariables = Readonly<Record<string, string | undefined>>;

/** An `.env` file as it was read. */
export interface EnvFile {
  readonly path: string;
  /** `undefined` when there is no such file. */
  readonly text: string | undefined;
  /** What was mended in the text since it was read, which the next update writes. */
  readonly mended?: string;
  readonly variables: EnvVariables;
}

/**
 * The variables of an `.env` file.
 *
 * @param path The file.
 * @returns The variables, or `undefined` when there is no such file.
 * @throws {EnvFileError} It is in UTF-16, or has a line that is neither `NAME=value` nor a comment.
 * @throws {CommandError} The file cannot be read.
 */
export async function readEnvFile(path: string): Promise<EnvVariables | undefined> {
  const { text, variables } = await openEnvFile(path);
  return text === undefined ? undefined : variables;
}

/**
 * Reads an `.env` file to change it with {@linkcode updateEnvFile}; it need not exist.
 *
 * @param path The file.
 * @param options `mend`: whether to take what can be mended without a guess instead of refusing it.
 * @throws {CommandError} As {@linkcode readEnvFile} does.
 */
export async function openEnvFile(path: string, { mend = false } = {}): Promise<EnvFile> {
  const read = await readText(path);
  if (read === undefined) return { path, text: undefined, variables: {} };
  if (read.isUtf16 && !mend) throw new EnvFileError(path, UTF16);
  const text = mend && faultOf(read.text) !== undefined ? repaired(read.text) : read.text;
  const fault = faultOf(text);
  if (fault !== undefined) {
    const repairable = fault.repairable === true && faultOf(repaired(text)) === undefined;
    throw new EnvFileError(path, { ...fault, repairable });
  }
  // As the functions will see them: the CLI uploads what stands around a value too.
  // Node's parser takes an indented comment for a variable.
  const variables = Object.entries(parseEnv(text)).filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => [name, unwrap(value ?? "", name)]);
  const file = { path, text: read.text, variables: Object.fromEntries(variables) };
  return read.isUtf16 || text !== read.text ? { ...file, mended: text } : file;
}

/** What to change in an `.env` file. */
export interface EnvChanges {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** New names by old ones; whatever had the new name goes. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Lines that begin with `#`. */
  readonly comments?: readonly string[];
}

/**
 * Changes variables of an `.env` file and keeps its other lines. The file is made when it is missing, and only its
 * owner may read it.
 *
 * @param file The file as {@linkcode openEnvFile} read it.
 * @param changes What to change.
 * @throws {CommandError} The file has changed since it was read, or cannot be written; a value fits on no line.
 */
export async function updateEnvFile(
  file: EnvFile,
  { set = {}, remove = [], rename = {}, comments = [] }: EnvChanges,
): Promise<void> {
  const added = Object.entries(set).map(([name, value]) => definition(name, value));
  const gone = [...Object.keys(set), ...remove, ...Object.values(rename)];
  const kept = parseLines(file.mended ?? file.text ?? "").flatMap((line) => {
    if (typeof line === "string") return [line];
    const name = Object.hasOwn(rename, line.name) ? rename[line.name] : undefined;
    if (name !== undefined) return [definition(name, file.variables[line.name] ?? "")];
    return gone.includes(line.name) ? [] : line.lines;
  });
  await replaceSecretFile(file.path, {
    from: file.text,
    to: [...kept, ...comments, ...added, ""].join("\n"),
  });
}

/** A line that every parser of `.env` files reads alike. */
function definition(name: string, value: string): string {
  if (/^[\w@%+=:,./?&~-]*$/.test(value)) return `${name}=${value}`;
  // JSON in lines, as a value in quotes may be.
  const line = value.split("\n").map((part) => part.trim()).filter((part) => part !== "").join(" ");
  if (!line.includes("'")) return `${name}='${line}'`;
  throw new CommandError(`The value of ${name} has a quotation mark: write its base64 instead.`);
}
