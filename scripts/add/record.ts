/**
 * What was installed: without it, nobody could tell an older file from one that was edited. It stands beside
 * config.toml, so that it is committed with the project, and above functions/, from where the CLI takes what it deploys.
 */
import { createHash } from "node:crypto";
import { CommandError } from "../cli/command.ts";
import { isBrought } from "./bundle.ts";

/** The record, from the project's folder. */
export const RECORD_FILE = "supabase/powersync-functions.json";

const NOTE = "Written by `deno task add`, which compares the files with it. Commit it, and do not edit it.";

/** What the record says. */
export interface Installed {
  readonly version: string;
  /** Each file as it was installed, as {@linkcode digestOf} returns it. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Reads the record's text.
 *
 * @throws {CommandError} It is not a record.
 */
export function parseRecord(text: string): Installed {
  try {
    const { version, files } = JSON.parse(text);
    const isWhole = typeof version === "string" &&
      Object.entries(files).every(([path, digest]) => isBrought(path) && typeof digest === "string");
    if (isWhole) return { version, files };
  } catch {
    // Conflict markers of git, for example.
  }
  throw new CommandError(
    `${RECORD_FILE} is not as \`add\` wrote it: restore it from git, or remove it; then every file that differs ` +
      "counts as edited.",
  );
}

/** The text of a record. */
export function formatRecord({ version, files }: Installed): string {
  const sorted = Object.fromEntries(Object.entries(files).sort());
  return `${JSON.stringify({ note: NOTE, version, files: sorted }, null, 2)}\n`;
}

/** The SHA-256 of a text, whichever line endings git gave it; `undefined` where there is no file. */
export function digestOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return `sha256-${createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex")}`;
}
