import { causeOf } from "./causes.ts";
import type { Check } from "./check.ts";
import { redact } from "./redact.ts";

const MARKS = { passed: "ok  ", warning: "warn", failed: "FAIL", skipped: "skip" } as const;

/** What the report may not show, and what it knows to fill in. */
export interface ReportOptions {
  /** Values that are never printed. */
  readonly secrets: readonly string[];
  /** Put in the place of `<project ref>` in fixes. */
  readonly projectRef?: string | undefined;
}

/** The verdict: exit 0, or 1 when something fails. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status !== "failed");
}

/** The checks, without anything secret. */
export function printable(checks: readonly Check[], { secrets, projectRef }: ReportOptions): Check[] {
  const clean = (text: string) =>
    redact(text.replaceAll("<project ref>", projectRef ?? "<project ref>"), secrets);
  return checks.map((check) => ({
    ...check,
    seen: clean(check.seen),
    ...(check.fix === undefined ? {} : { fix: clean(check.fix) }),
  }));
}

/** One line for each check, with cause and fix under a warning or failure; then the verdict and what to do first. */
export function reportLines(checks: readonly Check[]): string[] {
  const lines = checks.flatMap(({ status, title, seen, cause, code, fix }) => [
    `${MARKS[status]}  ${title}: ${seen}`,
    ...(cause === undefined ? [] : [`      ${code === undefined ? "" : `${code}: `}${causeOf(cause).cause}`]),
    ...(fix === undefined ? [] : [`      Fix: ${fix}`]),
  ]);
  const failures = checks.filter(({ status }) => status === "failed");
  const [first] = failures;
  if (first === undefined) return [...lines, "", "Healthy: nothing that was looked at fails."];
  const count = failures.length === 1 ? "One check fails." : `${failures.length} checks fail.`;
  return [...lines, "", `${count} First: ${first.fix ?? first.seen}`];
}
