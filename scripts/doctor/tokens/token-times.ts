import { describeTime } from "../../cli/duration.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../../powersync/limits.ts";
import { type Check, failed, type Subject, warning } from "../check.ts";
import { type DecodedToken, named } from "./decoded-token.ts";

const TIMES = ["exp", "iat", "nbf", "auth_time"];
/** In seconds, it is the year 5138. */
const FIRST_MILLISECONDS = 1e11;

const CORRECT_CLOCK = "Correct the issuer's clock, or this computer's.";

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;

/**
 * A time from now in the largest unit that fits: "5 minutes ago", "in 2 hours".
 *
 * @param seconds Negative is in the past.
 */
function fromNow(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en").format(Math.trunc(seconds / size), unit);
}

/**
 * What is wrong with the times of any JWT: milliseconds, expired, not yet valid, or issued in the future.
 *
 * @param subject What the token is given for; the causes begin with its ID.
 * @param options `toleranceSeconds`: how far clocks may differ; PowerSync's and a provider's is a minute, Supabase
 * Auth's none.
 */
export function checkTimes(
  subject: Subject & { readonly id: "token" | "user-token" },
  { claims }: DecodedToken,
  { nowSeconds, toleranceSeconds = CLOCK_TOLERANCE_SECONDS }: {
    nowSeconds: number;
    toleranceSeconds?: number | undefined;
  },
): Check[] {
  const found = TIMES.flatMap((name) =>
    typeof claims[name] === "number" && Number.isFinite(claims[name]) ? [[name, claims[name]] as const] : []
  );
  const inMilliseconds = found.filter(([, time]) => time >= FIRST_MILLISECONDS);
  if (inMilliseconds.length > 0) {
    const list = inMilliseconds.map(([name, time]) => `\`${name}\` is ${time}`).join(" and ");
    const seen = `${list}: that is in milliseconds, but JWT times are in seconds.`;
    const hint = "Let the issuer divide the times by 1000 and round down.";
    return [failed(subject, `${subject.id}-in-milliseconds`, { seen, hint })];
  }
  const { exp, nbf, iat } = Object.fromEntries(found);
  const isAhead = (time: number | undefined) => time !== undefined && time > nowSeconds + toleranceSeconds;
  const when = (time = 0) => `${fromNow(time - nowSeconds)}, at ${describeTime(Math.max(time, 0))}`;
  const checks: Check[] = [];
  if (exp === undefined) {
    const seen = claims.exp === undefined
      ? "There is no `exp`."
      : `\`exp\` is ${named(claims.exp)}, not a number.`;
    const hint = "Let the issuer set `exp`, in seconds since 1970.";
    checks.push(failed(subject, `${subject.id}-without-expiry`, { seen, hint }));
  } else if (exp <= nowSeconds - toleranceSeconds) {
    const seen = `The token expired ${when(exp)}.`;
    const hint = "Send a new token: an app must get one for each call.";
    checks.push(failed(subject, `${subject.id}-expired`, { seen, hint }));
  }
  if (isAhead(nbf)) {
    const seen = `The token is valid only from \`nbf\`, ${when(nbf)}.`;
    checks.push(failed(subject, `${subject.id}-not-yet-valid`, { seen, hint: CORRECT_CLOCK }));
  }
  if (isAhead(iat)) {
    const seen = `The token was issued in the future: \`iat\` is ${when(iat)}.`;
    checks.push(warning(subject, `${subject.id}-issued-later`, { seen, hint: CORRECT_CLOCK }));
  }
  return checks;
}

/** The functions take times in milliseconds for far ahead; PowerSync would not. */
export function isInMilliseconds({ cause }: Check): boolean {
  return cause?.endsWith("token-in-milliseconds") ?? false;
}
