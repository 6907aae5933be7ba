/** What `add` would change in a project. Reads it, and writes nothing. */
import { join } from "node:path";
import type { Change } from "./apply.ts";
import { type Bundle, FOLDERS, isBrought } from "./bundle.ts";
import { CONFIG_FILE, withFunctions } from "./config-toml.ts";
import { withIgnored } from "./git-ignore.ts";
import { planFiles } from "./plan.ts";
import { exists, readFiles } from "./project.ts";
import { formatRecord, type Installed, parseRecord, RECORD_FILE } from "./record.ts";

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
  const plan = planFiles(bundle, { record: before, files });
  const config = withFunctions(own.get(CONFIG_FILE) ?? "");
  const ignore = withIgnored(own.get(IGNORE_FILE) ?? "");
  const changes: Change[] = [];
  for (const path of [...plan.write.keys(), ...plan.remove, ...plan.edited].sort()) {
    const keptAs = plan.edited.includes(path) ? await freeName(project, `${path}.orig`) : undefined;
    changes.push({ path, from: files.get(path), to: bundle.files.get(path), keptAs });
  }
  const texts = [[CONFIG_FILE, config.text], [IGNORE_FILE, ignore.text]] as const;
  const isRecorded = before !== undefined && formatRecord(before) === formatRecord(plan.record);
  changes.push(
    ...[...texts, ...(isRecorded ? [] : [[RECORD_FILE, formatRecord(plan.record)] as const])]
      .map(([path, to]) => ({ path, from: own.get(path), to }))
      .filter(({ from, to }) => to !== (from ?? "")),
  );
  return {
    before,
    edited: plan.edited,
    ownClaims: plan.ownClaims,
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
