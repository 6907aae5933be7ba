import { visible } from "../cli/shown.ts";
import type { Check } from "./check.ts";
import type { Fix } from "./fix-context.ts";
import { firstRoot } from "./root-cause.ts";

const MARKS = { passed: "ok  ", warning: "warn", failed: "FAIL", skipped: "skip" } as const;

/** Characters of the shortest secret that a command is searched for. */
const SHORTEST_KEY = 24;

/** `healthy`: nothing fails. `faults`: something does. `unchecked`: something that was asked for could not be checked. */
export type Outcome = "healthy" | "faults" | "unchecked";

/** What the doctor says, the same for a person and a machine. */
export interface Report {
  readonly outcome: Outcome;
  /** What was read and asked, as sentences. */
  readonly sources: readonly string[];
  readonly checks: readonly PrintedCheck[];
  /** What to do first; `null` when there is nothing to do. */
  readonly first: PrintedCheck | null;
  /** Why the doctor could not run; `null` when it ran. */
  readonly error: string | null;
}

/** A check as it is printed. */
type PrintedCheck = Omit<Check, "change" | "hint" | "wanted">;

/** Exit codes: 0 healthy, 1 faults, 2 could not check. */
export const EXIT_CODES: Readonly<Record<Outcome, number>> = { healthy: 0, faults: 1, unchecked: 2 };

/** Sums up the checks, without anything secret. */
export function makeReport(
  checks: readonly Check[],
  { sources, secrets }: { sources: readonly string[]; secrets: readonly string[] },
): Report {
  const clean = (text: string) => redact(text, secrets);
  // A short one may be a word of the command, such as "powersync".
  const keys = secrets.filter(({ length }) => length >= SHORTEST_KEY);
  const commandsOf = (fix: Fix) => fix.commands.map((command) => redactCommand(command, keys));
  const shown = checks.map(({ change: _change, hint: _hint, wanted: _wanted, fix, ...check }) => ({
    ...check,
    seen: clean(check.seen),
    ...(fix === undefined ? {} : { fix: { commands: commandsOf(fix), note: clean(fix.note) } }),
  }));
  const hasFaults = checks.some(({ status }) => status === "failed");
  const isOpen = checks.some(({ status, wanted }) => status === "skipped" && wanted);
  return {
    outcome: hasFaults ? "faults" : isOpen ? "unchecked" : "healthy",
    sources,
    checks: shown,
    first: firstRoot(shown) ?? null,
    error: null,
  };
}

/** The report of a doctor that could not run. */
export function refusedReport(error: string): Report {
  return { outcome: "unchecked", sources: [], checks: [], first: null, error };
}

/** One line for each check, with the fix under a root cause; then the verdict and what to do first. */
export function reportLines({ outcome, sources, checks, first }: Report): string[] {
  const lines = checks.flatMap(({ status, title, seen, code, fix, followsFrom }) => [
    `${MARKS[status]}  ${title}: ${seen}${code === undefined || seen.includes(code) ? "" : ` (${code})`}`,
    ...(followsFrom !== undefined
      ? [`      Follows from ${titleOf(followsFrom, checks)} (${followsFrom}).`]
      : fix === undefined
      ? []
      : fixLines(fix, "      ")),
  ]);
  return [
    ...sources,
    "",
    ...lines,
    "",
    ...verdictLines(outcome, checks),
    ...(first === null ? [] : firstLines(first)),
  ];
}

/** The title of the check with a cause: the cause alone is printed nowhere else. */
function titleOf(cause: string, checks: Report["checks"]): string {
  return checks.find((check) => check.cause === cause)?.title ?? "another check";
}

function verdictLines(outcome: Outcome, checks: Report["checks"]): string[] {
  const open = checks.filter(({ status }) => status === "skipped").map(({ title }) => title);
  const unchecked = open.length === 0 ? "" : ` Not checked: ${open.join(", ")}.`;
  if (outcome === "healthy") return [`Healthy: nothing that was checked fails.${unchecked}`];
  if (outcome === "unchecked") return [`Nothing fails, but not everything could be checked.${unchecked}`];
  const failures = checks.filter(({ status }) => status === "failed");
  const following = failures.filter(({ followsFrom }) => followsFrom !== undefined).length;
  const roots = failures.length - following;
  const count = roots === 1 ? "One fault" : `${roots} faults`;
  const others = following === 0
    ? ""
    : following === 1
    ? ", and one that follows"
    : `, and ${following} that follow`;
  return [`${count}${others}.`];
}

/** The commands stand alone, without indentation, to be pasted. */
function firstLines({ title, seen, fix }: PrintedCheck): string[] {
  const { commands = [], note = "" } = fix ?? {};
  const parts = [[`First, ${title}: ${seen}`], commands, note === "" ? [] : [note]];
  return parts.flatMap((lines) => lines.length === 0 ? [] : ["", ...lines]);
}

function fixLines({ commands, note }: Fix, indent: string): string[] {
  const [first = "", ...others] = [...commands, ...(note === "" ? [] : [note])];
  return [`${indent}Fix: ${first}`, ...others.map((line) => `${indent}     ${line}`)];
}

/** Longest run of token or key characters that is shown; Key IDs and thumbprints (43 characters) are shorter. */
const LONGEST_SHOWN_RUN = 44;

/** A text from outside without JWTs, long runs of base64, API keys and characters that a terminal acts on. */
function redact(text: string, secrets: readonly string[] = []): string {
  return redactCommand(text, secrets)
    .replace(/eyJ[\w-]+/g, "[token hidden]")
    .replace(new RegExp(`[A-Za-z0-9+_-]{${LONGEST_SHOWN_RUN},}={0,2}`, "g"), "[hidden]");
}

/** The same for a command, in which a long value, such as a list of identity providers, must stay as it is. */
export function redactCommand(command: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((secret) => secret.length >= 8)
    .reduce((rest, secret) => rest.replaceAll(secret, "[hidden]"), command);
  return visible(known)
    .replace(/:\/\/[^\s/]*@/g, "://[hidden]@")
    .replace(/eyJ[\w-]+(\.[\w-]*)+/g, "[token hidden]")
    .replace(/sb_(secret|publishable)_[\w-]+/g, "[API key hidden]");
}
