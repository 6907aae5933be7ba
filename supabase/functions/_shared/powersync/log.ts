import type { PowerSyncAuthError } from "./errors.ts";

/** Who logs: the function's name and the platform's execution id. */
export interface LogContext {
  readonly name: string;
  readonly executionId: string;
}

/**
 * Writes one line: function, code, sentence, execution id. The sentence of an error of ours names settings and states,
 * never values; a cause is never written.
 */
export function logError(error: PowerSyncAuthError, { name, executionId }: LogContext): void {
  console.error(`${name} ${error.code} execution_id=${executionId} ${error.message}`);
}
