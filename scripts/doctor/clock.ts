import { describeDuration } from "../cli/duration.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";
import { type Check, passed, probed, warning } from "./check.ts";

const CLOCKS = { id: "clocks", title: "Clocks" };

/**
 * How far a server's clock is ahead, by its `Date` header (RFC 9110, section 6.6.1), which has whole seconds.
 *
 * @param nowSeconds Seconds since 1970 when it came.
 * @returns Seconds, or `undefined` when there is no such header.
 */
export function clockAhead(response: Response | undefined, nowSeconds: number): number | undefined {
  const date = Date.parse(response?.headers.get("Date") ?? "");
  // Half a second is what the header leaves out on average.
  return Number.isNaN(date) ? undefined : Math.round(date / 1000 + 0.5 - nowSeconds);
}

/** Seconds by which a server's clock is ahead of this computer's; `undefined` where it is not known. */
export interface Clocks {
  readonly functions: number | undefined;
  readonly instance: number | undefined;
}

/** Tells three clocks apart: two that agree are right. */
export function checkClocks({ functions, instance }: Clocks, lifetimeSeconds: number): Check[] {
  if (functions !== undefined && instance !== undefined) {
    return [checkThree({ functions, instance }, lifetimeSeconds)];
  }
  const [name, ahead] = functions === undefined ? ["instance", instance] : ["functions", functions];
  if (ahead === undefined) return [];
  if (agree(ahead, 0)) return [passed(CLOCKS, `This computer and the ${name} agree.`)];
  return [
    probed(CLOCKS, "clock-unknown", `The clock of the ${name} is ${relation(ahead)} this computer's.`),
  ];
}

function checkThree(
  { functions, instance }: { functions: number; instance: number },
  lifetimeSeconds: number,
): Check {
  const apart = instance - functions;
  if (agree(instance, functions)) {
    if (agree(functions, 0)) return passed(CLOCKS, "This computer, the functions and the instance agree.");
    const seen = `This computer's clock is ${relation(-functions)} the functions' and the instance's.`;
    return probed(CLOCKS, "clock-here", seen);
  }
  const seen = `The instance's clock is ${relation(apart)} the functions'.`;
  // It refuses nothing: `iat` in the future is not checked, and `exp` comes later.
  if (apart < 0) {
    if (!agree(instance, 0)) return passed(CLOCKS, `${seen} That refuses no token.`);
    const ahead = `The functions' clock is ${relation(-apart)} the instance's and this computer's.`;
    return warning(CLOCKS, "clock-functions", {
      seen:
        `${ahead} PowerSync refuses no token for that, but the functions treat users' tokens as expired early.`,
    });
  }
  const effect = apart > lifetimeSeconds + CLOCK_TOLERANCE_SECONDS
    ? `New tokens, which last ${describeDuration(lifetimeSeconds)}, are refused.`
    : "Tokens end early, so clients ask for new ones more often.";
  const cause = agree(instance, 0) ? "clock-functions" : "clock-instance";
  const check = probed(CLOCKS, cause, `${seen} ${effect}`);
  return apart > lifetimeSeconds + CLOCK_TOLERANCE_SECONDS ? check : { ...check, status: "warning" };
}

function agree(a: number, b: number): boolean {
  return Math.abs(a - b) <= CLOCK_TOLERANCE_SECONDS;
}

function relation(ahead: number): string {
  return `${describeDuration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"}`;
}
