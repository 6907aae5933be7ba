/** What `add` would change in a project. Reads it, and writes nothing. */
import { join } from "node:path";
import type { Change } from "./apply.ts";
import { type Bundle, CLAIMS_FILE, FOLDERS, isBrought } from "./bundle.ts";
import { CONFIG_FILE, withFunctions } from "./config-toml.ts";
import { withIgnored } from "./git-ignore.ts";
import { exists, readFiles } from "./project.ts";
import { digestOf, formatRecord, type Installed, parseRecord, RECORD_FILE } from "./record.ts";

const IGNORE_FILE = ".gitignore";

/** A project beside a version of the functions. */
export interface Installation {
  /** What was installed before; `undefined` where no command did it. */
  readonly before: Installed | undefined;
  /** Files that somebody has edited, `claims.ts` not counted: only `--force` replaces them. */
  readonly edited: readonly string[];
  /** Whether `claims.ts` is the project's own, and whether its default has changed since. */
  readonly ownClaims: false | { readonly outdated: boolean };
  /** Files in the same folders that are not ours. */
  readonly others: readonly string[];
  /** What is to be done to all files, the edited ones among them. */
  readonly changes: readonly Change[];
  /** What was changed within a file that belongs to the project, by path. */
  readonly details: ReadonlyMap<string, readonly string[]>;
}

/**
 * Compares a project with a version.
 *
 * @param project The project's folder, without links.
 * @throws {CommandError} A file cannot be read, or is none that can be changed.
 */
export async function readInstallation(project: string, bundle: Bundle): Promise<Installation> {
  const own = await readFiles(project, [RECORD_FILE, CONFIG_FILE, IGNORE_FILE]);
  const recordText = own.get(RECORD_FILE);
  const before = recordText === undefined ? undefined : parseRecord(recordText);
  const known = new Set([...bundle.files.keys(), ...Object.keys(before?.files ?? {})]);
  const files = await readFiles(project, known);
  const next: Record<string, string> = {};
  const [changes, edited]: [Change[], string[]] = [[], []];
  let ownClaims: Installation["ownClaims"] = false;
  for (const path of [...known].sort()) {
    const [from, to] = [files.get(path), bundle.files.get(path)];
    const [now, wanted, installed] = [digestOf(from), digestOf(to), before?.files[path]];
    // The record keeps what an own claims.ts was made from: it belongs to `add` again when the edit is taken back.
    const isOwn = path === CLAIMS_FILE && now !== undefined && now !== wanted && now !== installed;
    const recorded = isOwn ? installed : wanted;
    if (recorded !== undefined) next[path] = recorded;
    if (isOwn) ownClaims = { outdated: installed !== undefined && installed !== wanted };
    if (isOwn || now === wanted) continue;
    const isEdited = now !== undefined && now !== installed;
    if (isEdited) edited.push(path);
    changes.push({ path, from, to, keptAs: isEdited ? await freeName(project, `${path}.orig`) : undefined });
  }
  const config = withFunctions(own.get(CONFIG_FILE) ?? "");
  const ignore = withIgnored(own.get(IGNORE_FILE) ?? "");
  const record = formatRecord({ version: bundle.version, files: next });
  const isRecorded = before !== undefined && formatRecord(before) === record;
  const texts = { [CONFIG_FILE]: config.text, [IGNORE_FILE]: ignore.text };
  for (const [path, to] of Object.entries(isRecorded ? texts : { ...texts, [RECORD_FILE]: record })) {
    const from = own.get(path);
    if (to !== (from ?? "")) changes.push({ path, from, to });
  }
  return {
    before,
    edited,
    ownClaims,
    others: before === undefined ? await othersIn(project, known) : [],
    changes,
    details: new Map([[CONFIG_FILE, config.done], [IGNORE_FILE, ignore.added]]),
  };
}

/** An earlier copy is never replaced. */
async function freeName(project: string, path: string): Promise<string> {
  for (let number = 1;; number++) {
    const name = number === 1 ? path : `${path}.${number}`;
    if (!await exists(join(project, name))) return name;
  }
}

/** Modules in our folders that this version does not have: helpers of claims.ts, or left over from an older copy. */
async function othersIn(project: string, known: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    if (!await exists(join(project, folder))) continue;
    for await (const { name } of Deno.readDir(join(project, folder))) found.push(`${folder}/${name}`);
  }
  return found.filter((path) => isBrought(path) && !known.has(path)).sort();
}
