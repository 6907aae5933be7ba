import type { PowerSyncAuthError } from "./errors.ts";
import { type Environment, readSetting } from "./settings.ts";

/** Takes an error to the function's log. */
export type Log = (error: PowerSyncAuthError) => void;

/** What a function finds around it, and tests replace. */
export interface Surroundings {
  readonly environment: () => Environment;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Equal lines are written once in this time: Supabase keeps 100 lines in 10 s, and a flood must not hide the rest. */
const THROTTLE_MS = 60_000;
/** Longest text from outside in a line, in characters. */
const MAX_FOUND_CHARACTERS = 120;
/** Stack frames of an exception in a line. */
const MAX_FRAMES = 6;

/**
 * Makes the log of a function: one line an error, once a minute for each code and reason, with the number of those that
 * were left out. A line names settings and states, and never holds a secret or a token.
 *
 * @param name The function's name.
 * @param surroundings `environment` is read for each line, to name the isolate.
 */
export function logTo(name: string, { environment, now }: Omit<Surroundings, "log">): Log {
  const written = new Map<string, { at: number; leftOut: number }>();
  const write: Log = (error) => {
    const { code, why, message, cause } = error;
    const key = `${code} ${why?.reason}`;
    const last = written.get(key) ?? { at: -Infinity, leftOut: 0 };
    if (Math.abs(now() - last.at) < THROTTLE_MS) {
      last.leftOut += 1;
      return;
    }
    written.set(key, { at: now(), leftOut: 0 });
    const parts = [
      `${name} ${code}`,
      ...(why === undefined ? [] : [`reason=${why.reason}`, ...Object.entries(why.found ?? {}).map(asText)]),
      `execution_id=${executionId(environment)}`,
      message,
      ...(code === "INTERNAL_ERROR" || code === "CLAIMS_FAILED" ? [framesOf(cause)] : []),
      ...(last.leftOut === 0 ? [] : [`(${last.leftOut} more like this were left out)`]),
    ];
    console.error(parts.join(" "));
  };
  return (error) => {
    try {
      write(error);
    } catch {
      // What is logged may come from outside, and must not keep the caller from an answer.
      console.error(`${name} ${error.code}`);
    }
  };
}

/** An environment that cannot be read may be the very error to log. */
function executionId(environment: () => Environment): string {
  try {
    return readSetting(environment(), "SB_EXECUTION_ID");
  } catch {
    return "unknown";
  }
}

/** Printable ASCII only: what comes from outside must not forge a line. Nothing nested: it may be too deep to write. */
function asText([name, value]: [string, unknown]): string {
  const isNested = [value].flat().some((part) => typeof part === "object" && part !== null);
  const text = `${isNested ? "(nested)" : JSON.stringify(value)}`.replace(/[^\x20-\x7e]/g, "?");
  return `${name}=${text.slice(0, MAX_FOUND_CHARACTERS)}${text.length > MAX_FOUND_CHARACTERS ? "…" : ""}`;
}

/** An exception's name and where it came from, without its message, which may hold anything. */
function framesOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `(thrown: ${typeof thrown})`;
  const { name, message, stack = "" } = thrown;
  const head = message === "" ? "" : `: ${message}`;
  const [, rest = ""] = stack.includes(`${head}\n`) ? stack.split(`${head}\n`, 2) : [];
  const frames = rest.split("\n").slice(0, MAX_FRAMES).map((line) => line.trim());
  return [`(${/^\w{1,40}$/.test(name) ? name : "Error"})`, ...frames].join(" ");
}
