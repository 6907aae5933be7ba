/** Decides what becomes of each file. Pure: it reads and writes nothing. */
import { type Bundle, CLAIMS_FILE } from "./bundle.ts";
import { digestOf, type Installed } from "./record.ts";

/** What becomes of the files of the functions. */
export interface FilePlan {
  /** To be written, by path. */
  readonly write: ReadonlyMap<string, string>;
  /** No longer part of the functions, and as they were installed. */
  readonly remove: readonly string[];
  /** Neither this version nor the installed one: replacing or removing them would lose what they say. */
  readonly edited: readonly string[];
  /** `claims.ts` is the project's own; `outdated`: the default has changed since it was installed. */
  readonly ownClaims: false | { readonly outdated: boolean };
  /** What the record says afterwards. */
  readonly record: Installed;
}

/**
 * Compares the project's files with a version and with what was installed.
 *
 * @param bundle The version.
 * @param project `record`: `undefined` when the files were copied by hand, or there are none; `files`: the texts of those
 * that exist, by path.
 */
export function planFiles(
  bundle: Bundle,
  project: { readonly record: Installed | undefined; readonly files: ReadonlyMap<string, string> },
): FilePlan {
  const before = project.record?.files ?? {};
  const now = digestsOf(project.files);
  const next = digestsOf(bundle.files);
  const isAsInstalled = (path: string) => now.get(path) === before[path];
  const write = new Map<string, string>();
  const edited: string[] = [];
  for (const [path, text] of bundle.files) {
    const digest = now.get(path);
    if (digest === next.get(path)) continue;
    if (digest === undefined || isAsInstalled(path)) write.set(path, text);
    else if (path !== CLAIMS_FILE) edited.push(path);
  }
  const gone = Object.keys(before).filter((path) => !bundle.files.has(path) && now.has(path));
  edited.push(...gone.filter((path) => !isAsInstalled(path)));
  const isOwn = now.has(CLAIMS_FILE) && !write.has(CLAIMS_FILE) &&
    now.get(CLAIMS_FILE) !== next.get(CLAIMS_FILE);
  // What it was made from: `claims.ts` belongs to `add` again when the edit is taken back.
  const base = before[CLAIMS_FILE];
  const files = Object.fromEntries(next);
  if (isOwn) delete files[CLAIMS_FILE];
  if (isOwn && base !== undefined) files[CLAIMS_FILE] = base;
  return {
    write,
    remove: gone.filter(isAsInstalled),
    edited,
    ownClaims: isOwn && { outdated: base !== undefined && base !== next.get(CLAIMS_FILE) },
    record: { version: bundle.version, files },
  };
}

function digestsOf(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].map(([path, text]) => [path, digestOf(text)]));
}
