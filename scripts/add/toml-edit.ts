/**
 * Sets one value in the text of a TOML file. Whatever the form of the file, an edit counts only if a TOML library reads
 * exactly that one difference from it, so comments, order and all other values stay.
 */
import { isDeepStrictEqual } from "node:util";
import { parse } from "smol-toml";
import { CommandError } from "../cli/command.ts";
import { lineEnding } from "./append.ts";

/** A TOML table, as it was read. */
export type Table = Record<string, unknown>;

/** A value that can be written. */
export type Scalar = string | boolean;

/** What to set, and where. */
interface Setting {
  /** The keys that lead to the value. */
  readonly path: readonly string[];
  readonly value: Scalar | Readonly<Record<string, Scalar>>;
  /** The text with the value in the form that is best for it; taken if it is right. */
  readonly whole: string | undefined;
}

/**
 * The text with the value.
 *
 * @returns `undefined` when the form of the file allows no edit.
 */
export function withValue(text: string, setting: Setting): string | undefined {
  const expected = parseToml(text);
  setIn(expected, setting.path, setting.value);
  return candidates(text, setting).find((candidate) => isDeepStrictEqual(valueOf(candidate), expected));
}

/** Where the value may stand: in the place of an old one, on a line of its own, or in an inline table. */
function* candidates(text: string, { path, value, whole }: Setting): Generator<string> {
  if (whole !== undefined) yield whole;
  const written = tomlOf(value);
  for (const { index, 0: found, 1: before = "" } of text.matchAll(assignments(path.at(-1) ?? ""))) {
    yield text.slice(0, index) + before + written + text.slice(index + found.length);
  }
  const settings = path.map((_, from) => `${path.slice(from).join(".")} = ${written}`).reverse();
  for (const line of text.matchAll(/^[^\n]*(?:\n|$)/gm)) {
    if (!path.some((key) => line[0].includes(key))) continue;
    for (const setting of settings) {
      yield withInserted(text, line.index + line[0].length, setting + lineEnding(text));
      for (const { index } of line[0].matchAll(/\{/g)) {
        const place = line.index + index + 1;
        // TOML 1.0 allows no comma at the end, so an empty table gets none.
        yield withInserted(text, place, ` ${setting} `);
        yield withInserted(text, place, ` ${setting},`);
      }
    }
  }
}

/** Where a key gets a value; a comment may look the same, but changes nothing when it is edited. */
function assignments(key: string): RegExp {
  return new RegExp(`(${key}["']?[ \\t]*=[ \\t]*)(?:"[^"\\n]*"|'[^'\\n]*'|[^\\s,}#]+)`, "g");
}

function withInserted(text: string, place: number, inserted: string): string {
  return text.slice(0, place) + inserted + text.slice(place);
}

function setIn(table: Table, path: readonly string[], value: Setting["value"]): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) return void (table[key] = value);
  const inner = table[key];
  setIn(isTable(inner) ? inner : (table[key] = {}) as Table, rest, value);
}

/** A value as it is written in a TOML file. */
export function tomlOf(value: Setting["value"]): string {
  if (typeof value !== "object") return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${tomlOf(inner)}`).join(", ")} }`;
}

/**
 * Reads a TOML file.
 *
 * @param name The file, for the error.
 * @throws {CommandError} It is not TOML.
 */
export function readToml(text: string, name: string): Table {
  try {
    return parseToml(text);
  } catch (error) {
    // After the first line stands the code that is wrong.
    const [reason = ""] = error instanceof Error ? error.message.split("\n") : [];
    const line = error instanceof Error && "line" in error ? `, line ${error.line}` : "";
    throw new CommandError(`${name}${line}: ${reason}. Correct it first; nothing was changed.`);
  }
}

function valueOf(text: string): unknown {
  try {
    return parseToml(text);
  } catch {
    return undefined;
  }
}

function parseToml(text: string): Table {
  // The parser's tables have no prototype, so they would not equal those that are set here.
  return structuredClone(parse(text.replace(/^\ufeff/, ""), { integersAsBigInt: "asNeeded" }));
}

/** Whether a value is a table. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
