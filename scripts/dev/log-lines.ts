import { ERRORS, type PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";

/** Text from outside must not move the terminal's cursor. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/**
 * What development shows of an error: everything, while the log of a deployed function is throttled and leaves out the
 * message of an exception.
 *
 * @param name The function's name.
 * @param error The error, from the function's log.
 */
export function linesOf(name: string, { code, why, message, cause }: PowerSyncAuthError): string[] {
  const found = Object.entries(why?.found ?? {}).map(([what, value]) => ` ${what}=${JSON.stringify(value)}`);
  const reason = why === undefined ? "" : ` reason=${why.reason}${found.join("")}`;
  // The reason says why a token was refused; an exception needs its message and its stack.
  const isException = cause !== undefined && ERRORS[code].status >= 500;
  return [`${name} ${code}${reason} ${message}`, ...(isException ? Deno.inspect(cause).split("\n") : [])]
    .map((line) => line.replace(CONTROL, "?"));
}
