import type { PowerSyncCode } from "../powersync/codes.ts";
import type { RuleId, RuleResult } from "../powersync/result.ts";
import type { EnvFileErrorId } from "../setup/env-faults.ts";
import type { Finding } from "../setup/finding.ts";
import { CAUSES, type KnownCause } from "./causes.ts";
import type { Cause, EnvChange, Fix } from "./fix-context.ts";

export interface Subject {
  /** Stable, for machines. */
  readonly id: string;
  readonly title: string;
}

/** Why a check fails: a finding in the secrets, a rule or code of PowerSync, or a probe. */
export type CauseId =
  | Finding["id"]
  | EnvFileErrorId
  | RuleId
  | PowerSyncCode
  | KnownCause
  | `${"token" | "user-token"}-${string}`;

/** What one check showed: one line of the report. */
export interface Check extends Subject {
  readonly status: "passed" | "warning" | "failed" | "skipped";
  /** What was seen and what it means. Never holds a secret, a private member or a whole token. */
  readonly seen: string;
  readonly cause?: CauseId;
  /** The code that a client of PowerSync sees. */
  readonly code?: PowerSyncCode;
  /** What fixes it; filled in at the end, when everything is known. */
  readonly fix?: Fix;
  /** The cause of another check that explains this one: it goes away with that. */
  readonly followsFrom?: CauseId;
  /** A skipped check of something that the command line names. */
  readonly wanted?: boolean;
  /** What to change in the secrets, when that is known exactly. */
  readonly change?: EnvChange;
  /** What to do, in the words of whoever found it; fixes.ts adds the commands. */
  readonly hint?: string;
}

/** What one part of the set-up showed. */
export interface Found {
  readonly checks: readonly Check[];
  /** The answer, for its clock. */
  readonly response?: Response;
  /** The router of a self-hosted Supabase, or a gateway of Supabase's platform, answered. */
  readonly answeredBy?: "self-hosted" | "platform";
}

/** What is particular to one finding of a cause. */
export type Particulars = Pick<Check, "code" | "change" | "hint"> & { readonly seen: string };

export function passed({ id, title }: Subject, seen: string): Check {
  return { id, title, status: "passed", seen };
}

/** It was not checked; `seen` says why. */
export function skipped({ id, title }: Subject, seen: string, { wanted = false } = {}): Check {
  return { id, title, status: "skipped", seen, ...(wanted ? { wanted } : {}) };
}

export function failed({ id, title }: Subject, cause: CauseId, particulars: Particulars): Check {
  return { id, title, status: "failed", cause, ...particulars };
}

export function warning({ id, title }: Subject, cause: CauseId, particulars: Particulars): Check {
  return { id, title, status: "warning", cause, ...particulars };
}

/** A finding in the secrets, or in a URL that was given. */
export function checkOfFinding(
  subject: Subject,
  { id, severity, message, hint }: Finding,
  change?: EnvChange,
): Check {
  const report = severity === "error" ? failed : warning;
  if (change === undefined) return report(subject, id, { seen: message, hint });
  // A command with the right name or value, or for a new key, says it all.
  const isSaid = [change.set, change.rename, change.remove, change.newKey].some((part) => part !== undefined);
  return report(subject, id, { seen: message, hint: isSaid ? "" : hint, change });
}

/**
 * A known cause, in its own words after what was seen.
 *
 * @param found What was seen; `code`: by default the cause's.
 */
export function probed(subject: Subject, cause: KnownCause, found: string | Particulars): Check {
  const { seen, ...rest } = typeof found === "string" ? { seen: found } : found;
  const { means, code, isWarning }: Cause = CAUSES[cause];
  const report = isWarning ? warning : failed;
  return report(subject, cause, {
    ...(code === undefined ? {} : { code }),
    ...rest,
    seen: `${seen} ${means}`.trim(),
  });
}

/**
 * The results of PowerSync's rules: one line for each failure and warning, and one when all hold.
 *
 * @param options `summary`: what to say when all hold; `wanted`: as for {@linkcode skipped}.
 */
export function checksOfRules(
  subject: Subject,
  results: readonly RuleResult[],
  { summary, wanted = false }: { summary: string; wanted?: boolean },
): Check[] {
  const found = results.flatMap(({ rule, outcome, seen, code, fix }) => {
    const particulars = {
      seen,
      ...(code === undefined ? {} : { code }),
      ...(fix === undefined ? {} : { hint: fix }),
    };
    if (outcome === "failed") return [failed(subject, rule, particulars)];
    return outcome === "warning" ? [warning(subject, rule, particulars)] : [];
  });
  if (found.some(({ status }) => status === "failed")) return found;
  const open = results.find(({ outcome }) => outcome === "skipped");
  return [...found, open === undefined ? passed(subject, summary) : skipped(subject, open.seen, { wanted })];
}
