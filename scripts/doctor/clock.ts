import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";
import { type Check, failed, passed, warning } from "./check.ts";

const HERE = { id: "clock-here", title: "This computer's clock" };
const SERVERS = { id: "clock-servers", title: "The servers' clocks" };

/**
 * How far a server's clock is ahead, by its `Date` header (RFC 9110, section 6.6.1), which has whole seconds.
 *
 * @param response The answer.
 * @param nowSeconds Seconds since 1970 when it came.
 * @returns Seconds, or `undefined` when there is no such header.
 */
export function clockAhead(response: Response, nowSeconds: number): number | undefined {
  const date = Date.parse(response.headers.get("Date") ?? "");
  return Number.isNaN(date) ? undefined : Math.round(date / 1000 - nowSeconds);
}

/**
 * Compares the clocks.
 *
 * @param ahead Seconds that each server's clock is ahead of this computer's.
 */
export function checkClocks(
  { functions, powersync }: { functions: number | undefined; powersync: number | undefined },
): Check[] {
  const reference = powersync ?? functions;
  if (reference === undefined) return [];
  return [
    Math.abs(reference) > CLOCK_TOLERANCE_SECONDS
      ? warning(HERE, "clock-here", { seen: `It is ${side(reference)} by ${Math.abs(reference)} s.` })
      : passed(HERE, `It agrees with the server's within ${Math.abs(reference) + 1} s.`),
    ...checkServers(functions, powersync),
  ];
}

function checkServers(functions: number | undefined, powersync: number | undefined): Check[] {
  if (functions === undefined || powersync === undefined) return [];
  const apart = Math.abs(functions - powersync);
  if (apart <= CLOCK_TOLERANCE_SECONDS) return [];
  return [failed(SERVERS, "clock-servers", { seen: `They are ${apart} s apart.` })];
}

function side(ahead: number): string {
  return ahead > 0 ? "slow" : "fast";
}
