/**
 * Changes many files: all of them or none. The new texts and copies of the old ones are written beside the files first,
 * so a full disk or a missing right shows before anything has changed. Then there are only renames, which can be taken
 * back.
 */
import { dirname, join } from "node:path";
import { CommandError } from "../cli/command.ts";
import { fileError, keepOwner } from "../setup/secret-file.ts";
import { exists, targetOf } from "./project.ts";
import { RECORD_FILE } from "./record.ts";

/** What becomes of a file. */
export interface Change {
  /** From the project's folder. */
  readonly path: string;
  /** The text as it was read; `undefined`: there was no file. */
  readonly from: string | undefined;
  /** The new text; `undefined`: the file is removed. */
  readonly to: string | undefined;
  /** Where a copy of the old file is kept; nothing is there yet. */
  readonly keptAs?: string | undefined;
}

/** What stands beside a file while it is changed. */
const [NEW, OLD] = [".add-new", ".add-old"];

/** Only one command can create it. */
const LOCK = `${RECORD_FILE}.lock`;

/** Steps that take back what was done. */
type Undo = (() => Promise<void>)[];

/**
 * Makes the changes.
 *
 * @param project The project's folder, without links.
 * @param changes At most one for each file.
 * @throws {CommandError} One of them is not possible, so none was made.
 */
export async function applyChanges(project: string, changes: readonly Change[]): Promise<void> {
  const [unstage, restore]: [Undo, Undo] = [[], []];
  const targets = new Map<Change, string>();
  let path = LOCK;
  try {
    await lock(join(project, LOCK), unstage);
    for (const change of changes) {
      path = change.path;
      const { keptAs } = change;
      const target = await targetOf(project, path);
      targets.set(change, target);
      const kept = keptAs === undefined ? undefined : await targetOf(project, keptAs);
      await stage(target, { ...change, keptAs: kept }, unstage);
    }
    for (const [change, target] of targets) {
      path = change.path;
      await commit(target, change, restore);
    }
  } catch (error) {
    const failed = fileError(error, `${path} cannot be written`, "its folder");
    const kept = await takeBack(restore, unstage);
    throw failed instanceof CommandError ? new CommandError(`${failed.message} ${kept}`) : failed;
  }
  for (const target of targets.values()) await removeIfThere(target + OLD);
  await Deno.remove(join(project, LOCK));
}

/** Returns what the project is like now. The copies of the old files stay if they are still needed. */
async function takeBack(restore: Undo, unstage: Undo): Promise<string> {
  const failures: string[] = [];
  for (const steps of [restore, unstage]) {
    for (const step of failures.length === 0 ? steps.reverse() : []) {
      await step().catch((error) => failures.push(error instanceof Error ? error.message : `${error}`));
    }
  }
  if (failures.length === 0) return "Nothing was changed.";
  return `Not everything could be put back (${failures.join("; ")}): what was there ends with ${OLD}.`;
}

async function lock(path: string, undo: Undo): Promise<void> {
  try {
    await Deno.writeTextFile(path, "", { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new CommandError(
      `Another \`add\` is writing there, or was interrupted: if none is running, remove ${LOCK} and all files that end ` +
        `with ${NEW} or ${OLD}, and run this again.`,
    );
  }
  undo.push(() => removeIfThere(path));
}

/** Writes what the change needs beside the file. */
async function stage(target: string, { path, from, to, keptAs }: Change, undo: Undo): Promise<void> {
  await makeFolder(dirname(target), undo);
  if (from !== undefined) await copyNew(target, target + OLD, undo);
  const current = from === undefined
    ? await exists(target) || undefined
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(await Deno.readFile(target + OLD));
  if (current !== from) throw new CommandError(`${path} has changed since it was read: run this again.`);
  if (keptAs !== undefined) await copyNew(target, keptAs, undo);
  if (to === undefined) return;
  const mode = from === undefined ? null : (await Deno.stat(target)).mode;
  await removeIfThere(target + NEW);
  undo.push(() => removeIfThere(target + NEW));
  await Deno.writeTextFile(target + NEW, to, { createNew: true, ...(mode === null ? {} : { mode }) });
  if (from !== undefined) await keepOwner(target, target + NEW);
}

async function commit(target: string, { from, to }: Change, undo: Undo): Promise<void> {
  if (to === undefined) await Deno.remove(target);
  else await Deno.rename(target + NEW, target);
  undo.push(() => from === undefined ? Deno.remove(target) : Deno.rename(target + OLD, target));
}

async function makeFolder(path: string, undo: Undo): Promise<void> {
  if (await exists(path)) return;
  await makeFolder(dirname(path), undo);
  await Deno.mkdir(path);
  undo.push(() => Deno.remove(path));
}

/** A link of that name is not followed. */
async function copyNew(from: string, to: string, undo: Undo): Promise<void> {
  if (to.endsWith(OLD)) await removeIfThere(to);
  else if (await exists(to)) throw new CommandError(`${to} exists.`);
  undo.push(() => removeIfThere(to));
  await Deno.copyFile(from, to);
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
