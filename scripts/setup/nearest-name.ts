import { KEY_SECRETS, SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";
import { SHARED_KEY_NAME } from "./shared-key.ts";

/** The names that the functions and the commands read. */
const KNOWN = [...Object.keys(KEY_SECRETS), ...Object.keys(SETTINGS), SHARED_KEY_NAME]
  .filter((name) => name !== "SB_EXECUTION_ID");

/** Differences in a name, and in a word of up to five letters. */
const MAX_DIFFERENCES = 2;
const MAX_IN_SHORT_WORD = 1;

/** The distance of a name that lacks a word. */
const LEFT_OUT = MAX_DIFFERENCES + 1;

/** Whether the functions or the commands read a variable of this name. */
export function isKnownName(name: string): boolean {
  return KNOWN.includes(name) || /^POWERSYNC_(PRIVATE|PUBLIC)_KEY_/.test(name);
}

/**
 * The known name that a name was meant to be: it differs by its case, its separators, few letters, or a word within
 * `POWERSYNC_…`.
 */
export function nearestName(name: string): string | undefined {
  // A number makes another name: POWERSYNC_URL_2.
  if (isKnownName(name) || /\d$/.test(name)) return undefined;
  const distances = KNOWN.map((known) => ({
    known,
    distance: distanceBetween(wordsOf(name), wordsOf(known)),
  }));
  const [nearest] = distances.toSorted((a, b) => a.distance - b.distance);
  return nearest === undefined || nearest.distance === Infinity ? undefined : nearest.known;
}

/** `powersyncUrl`, `POWERSYNC-URL` and `powersync_url` have the same words. */
export function wordsOf(name: string): string[] {
  return name.replace(/([a-z\d])([A-Z])/g, "$1_$2").toUpperCase().split(/[^A-Z\d]+/)
    .filter((word) => word !== "");
}

function distanceBetween(words: readonly string[], known: readonly string[]): number {
  const [text, wanted] = [words.join(""), known.join("")];
  if (text === wanted) return 0;
  // Words that were added make another name, such as POWERSYNC_DB_URL.
  if (words.length > known.length) return Infinity;
  if (words.length === known.length) {
    const distances = known.map((word, index) => wordDistance(words[index] ?? "", word));
    const sum = distances.reduce((total, distance) => total + distance, 0);
    return sum > MAX_DIFFERENCES ? Infinity : sum;
  }
  const isWithout = known.some((_, left) =>
    left > 0 && left < known.length - 1 && known.toSpliced(left, 1).join("_") === words.join("_")
  );
  if (isWithout && words[0] === "POWERSYNC") return LEFT_OUT;
  return editDistance(text, wanted) === 1 ? 1 : Infinity;
}

function wordDistance(word: string, known: string): number {
  const distance = editDistance(word, known);
  return known.length < 6 && distance > MAX_IN_SHORT_WORD ? Infinity : distance;
}

/** Letters added, left out, replaced, or exchanged with the next (Damerau-Levenshtein, restricted). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(
        at(i - 1, j) + 1,
        (row[j - 1] ?? Infinity) + 1,
        at(i - 1, j - 1) + same,
        isSwap ? at(i - 2, j - 2) + 1 : Infinity,
      ));
    }
  }
  return at(a.length, b.length);
}
