/** What keeps an `.env` file from being read, and what can be mended without a guess. */
import { Buffer } from "node:buffer";
import { decodeJsonSecret } from "../../supabase/functions/_shared/powersync/secret.ts";
import { CommandError } from "../cli/command.ts";
import { type Definition, type Line, parseLines, unwrappedValue } from "./env-lines.ts";
import { isKnownName, nearestName } from "./nearest-name.ts";

/** What keeps a file from being read. */
export type EnvFileErrorId =
  | "env-file-utf16"
  | "env-file-wrapped-value"
  | "env-file-line"
  | "env-file-open-quote";

/** What is wrong with a text. */
interface EnvFault {
  readonly id: EnvFileErrorId;
  /** What is wrong, and what to do. Nothing of a line that may hold a secret. */
  readonly state: string;
  /** From 1; without one it is about the whole file. */
  readonly line?: number;
  /** The variable concerned, if it is known. */
  readonly variable?: string;
  /** `openEnvFile` can mend it. */
  readonly repairable?: boolean;
}

/** An `.env` file that cannot be read, as a sentence with its name and the line. */
export class EnvFileError extends CommandError {
  constructor(readonly path: string, readonly fault: EnvFault) {
    super(`${path}${fault.line === undefined ? "" : `, line ${fault.line}`}: ${fault.state}`);
  }
}

/** The fault of a file in UTF-16, which PowerShell and Notepad write. */
export const UTF16: EnvFault = {
  id: "env-file-utf16",
  state: "it is UTF-16, which cannot be uploaded. Save it as UTF-8.",
  repairable: true,
};

/** A line as other tools write it: `NAME: value`, `NAME value`, `set NAME=value`, `"NAME": "value",`. */
const LOOSE_LINE = /^\s*(?:export\s+|set\s+|\$env:)?(["']?)([A-Za-z][\w.-]*)\1(?:\s*[=:]\s*|\s+)(\S.*?),?$/;

/** What stands around the lines in JSON. */
const BRACE = /^\s*[{}]\s*$/;

/** What continues a value: base64, or JSON within an object or a list. */
const CONTINUATION = /^\s*([\w+/-]{16,}={0,2}|["{}[\]].*|-----END .*)$/;

/** The first fault, if any. */
export function faultOf(text: string): EnvFault | undefined {
  let [line, above]: [number, Definition | undefined] = [1, undefined];
  for (const parsed of parseLines(text)) {
    if (typeof parsed === "string") {
      const fault = /^\s*(#|$)/.test(parsed) ? undefined : faultOfLine(parsed, above);
      if (fault !== undefined) return { ...fault, line };
      above = undefined;
      line += 1;
      continue;
    }
    const { name, lines, fault } = above = parsed;
    if (fault === "wrapped") return { ...wrapped(parsed), line: line + 1, repairable: true };
    if (fault === "open") {
      const state = `a quotation mark in ${name} is never closed. Close it.`;
      return { id: "env-file-open-quote", state, line, variable: name };
    }
    line += lines.length;
  }
  return undefined;
}

/** The text with every fault mended that can be: wrapped values, and lines in which only the `=` is missing. */
export function repaired(text: string): string {
  const lines = parseLines(text).flatMap((line): readonly string[] => {
    if (typeof line === "string") return BRACE.test(line) ? [] : [tightLine(line)?.text ?? line];
    if (line.fault !== "wrapped") return line.lines;
    const value = unwrappedValue(line);
    if (value.startsWith("-----")) return [`${line.name}="${value}"`];
    const isJson = /^\s*[[{]/.test(value);
    return [`${line.name}=${isJson ? Buffer.from(value).toString("base64") : value.replace(/\s+/g, "")}`];
  });
  return [...lines, ""].join("\n");
}

function faultOfLine(text: string, above: Definition | undefined): EnvFault {
  const isContinued = above !== undefined && !decodeJsonSecret(above.value).ok &&
    /^(|[[{].*|[\w+/-]{16,}|-----BEGIN .*)$/.test(above.value);
  if (isContinued && CONTINUATION.test(text)) return wrapped(above);
  if (BRACE.test(text)) {
    return { id: "env-file-line", state: "a brace: this is JSON, not NAME=value.", repairable: true };
  }
  const tight = tightLine(text);
  const state = "neither NAME=value nor a comment.";
  if (tight === undefined) return { id: "env-file-line", state: `${state} Correct it.` };
  const { name: variable } = tight;
  return { id: "env-file-line", state: `${state} Write ${variable}=…`, variable, repairable: true };
}

function wrapped({ name, value }: Definition): EnvFault {
  const decoded = decodeJsonSecret(value);
  const kind = value.startsWith("-----BEGIN") && !decoded.ok ? `, which ${decoded.problem},` : "";
  const state = `the value of ${name}${kind} continues here without quotation marks. Put it on one line.`;
  return { id: "env-file-wrapped-value", state, variable: name };
}

/** A loose line as `NAME=value`, if the name is known: nothing else may be shown. */
function tightLine(line: Line): { name: string; text: string } | undefined {
  if (typeof line !== "string" || line.trimStart().startsWith("#")) return undefined;
  const [, , stated = "", value = ""] = LOOSE_LINE.exec(line.trimEnd()) ?? [];
  const name = isKnownName(stated) ? stated : nearestName(stated);
  return name === undefined ? undefined : { name, text: `${name}=${value}` };
}
