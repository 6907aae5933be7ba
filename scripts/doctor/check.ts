import type { PowerSyncCode } from "../powersync/codes.ts";
import { type CauseId, causeOf } from "./causes.ts";

/** What a check looks at. */
export interface Subject {
  readonly id: string;
  readonly title: string;
}

/** What one check showed: one line of the report. */
export interface Check extends Subject {
  readonly status: "passed" | "warning" | "failed" | "skipped";
  /** What was seen, as a sentence. Never holds a secret, a private member or a whole token. */
  readonly seen: string;
  /** The cause of a warning or failure. */
  readonly cause?: CauseId;
  /** The code that a client of PowerSync will see. */
  readonly code?: PowerSyncCode;
  /** The command or setting that fixes it. */
  readonly fix?: string;
}

/** What is particular to one finding of a cause. */
export interface Finding {
  readonly seen: string;
  /** By default the cause's own. */
  readonly fix?: string | undefined;
}

/** It works. */
export function passed(subject: Subject, seen: string): Check {
  return { ...subject, status: "passed", seen };
}

/** It could not be checked; `seen` says why. */
export function skipped(subject: Subject, seen: string): Check {
  return { ...subject, status: "skipped", seen };
}

/** Something that does not work. */
export function failed(subject: Subject, cause: CauseId, finding: Finding): Check {
  return found("failed", subject, cause, finding);
}

/** Something that works and should be changed. */
export function warning(subject: Subject, cause: CauseId, finding: Finding): Check {
  return found("warning", subject, cause, finding);
}

function found(
  status: "failed" | "warning",
  { id, title }: Subject,
  cause: CauseId,
  { seen, fix }: Finding,
): Check {
  const known = causeOf(cause);
  const coded = known.code === undefined ? {} : { code: known.code };
  return { id, title, status, seen, cause, ...coded, fix: fix ?? known.fix };
}
