import type { PowerSyncAuthError } from "./errors.ts";
import { type Environment, readSetting } from "./settings.ts";

/** Writes an error to the function's log. */
export type Log = (error: PowerSyncAuthError) => void;

/**
 * Makes the log of a function. One line an error: function, code, execution ID, sentence. The sentence names settings
 * and states, never values; a cause is never written.
 *
 * @param name The function's name.
 * @param environment Read for each line, to name the isolate.
 */
export function logTo(name: string, environment: () => Environment): Log {
  return ({ code, message }) => {
    console.error(`${name} ${code} execution_id=${executionId(environment)} ${message}`);
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
