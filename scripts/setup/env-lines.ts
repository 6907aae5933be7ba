/** The lines of an `.env` file: Node's parser tells neither lines nor faults. */
import { decodeJsonSecret } from "../../supabase/functions/_shared/powersync/secret.ts";

/** A variable, with the further lines of its value if that is in quotes or was wrapped. */
export interface Definition {
  readonly name: string;
  /** What is behind the `=` on the first line. */
  readonly value: string;
  readonly lines: readonly string[];
  /** `open`: the quotation mark is never closed. `wrapped`: JSON, base64 of it or a PEM in lines, without quotes. */
  readonly fault?: "open" | "wrapped";
}

/** A definition, or the text of another line. */
export type Line = Definition | string;

/** How far below its first line a wrapped key may end: an RSA key of 4096 bits has about 80 lines. */
const MAX_WRAPPED_LINES = 200;

/** Node's parser takes any other space for a part of the name. */
const DEFINITION = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?![ \t])(.*)$/;

/** Every line in order. */
export function parseLines(text: string): Line[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const parsed: Line[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const [, name, value = ""] = DEFINITION.exec(line) ?? [];
    if (name === undefined) {
      parsed.push(line);
      continue;
    }
    const rest = lines.slice(index + 1);
    const further = furtherLines(value, rest);
    const wrapped = further === 0 ? wrappedLines(value, rest) : 0;
    const fault = further === undefined ? "open" : wrapped > 0 ? "wrapped" : undefined;
    const count = 1 + (further ?? 0) + wrapped;
    const definition = { name, value, lines: lines.slice(index, index + count) };
    parsed.push(fault === undefined ? definition : { ...definition, fault });
    index += count - 1;
  }
  return parsed;
}

/** The value that a wrapped one was before. */
export function unwrappedValue({ value, lines }: Definition): string {
  return [value, ...lines.slice(1)].map(withoutContinuation).join("\n");
}

/** How many lines below it the quotation mark of a value is closed; `undefined` when it never is. */
function furtherLines(value: string, rest: readonly string[]): number | undefined {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) > 0) return 0;
  const end = rest.findIndex((line) => line.includes(quote));
  return end === -1 ? undefined : end + 1;
}

/** How many lines below it complete a value; only a value that is complete with them and not without was wrapped. */
function wrappedLines(value: string, rest: readonly string[]): number {
  if (value.startsWith("-----BEGIN ")) return rest.findIndex((line) => line.startsWith("-----END ")) + 1;
  const first = withoutContinuation(value);
  if (!/^(|[[{].*|[\w+/-]{16,})$/.test(first) || decodeJsonSecret(first).ok) return 0;
  const lines = [first];
  for (const line of rest.slice(0, MAX_WRAPPED_LINES)) {
    lines.push(withoutContinuation(line));
    const isJson = /^\s*[[{]/.test(lines[0] || lines[1] || "");
    // Nothing follows the padding of base64, and no line of JSON looks like a definition: each line is tried once or so.
    if (/^\s*(#|$)/.test(line) || (isJson && DEFINITION.test(line))) return 0;
    if (decodeJsonSecret(lines.join("\n")).ok) return lines.length - 1;
    if (!isJson && !/^\s*[\w+/-]+\s*\\?$/.test(line)) return 0;
  }
  return 0;
}

/** A shell continues a line behind a backslash; no parser of `.env` files does. */
function withoutContinuation(line: string): string {
  return line.replace(/\\$/, "");
}
