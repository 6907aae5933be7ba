/** What the deployed function's own answer to a user's token says beyond the file's settings. */
import { type Check, passed, probed } from "./check.ts";
import type { FunctionFound } from "./functions.ts";
import { NOT_IN_FILE } from "./user-token/unlisted-provider.ts";

/** The token as the file's settings judge it, and the function's answer to it. */
export interface Verdicts {
  readonly told: readonly Check[];
  readonly auth: FunctionFound;
  /** By the file's settings the token is good. */
  readonly isAccepted: boolean;
}

const REFUSED = /^(USER_TOKEN_|OAUTH_CLIENT_|IDENTITY_PROVIDER_)/;

/** The checks of both, in which the function's answer decides about the settings that are deployed. */
export function weighVerdicts({ told, auth, isAccepted }: Verdicts): FunctionFound[] {
  if (auth.token !== undefined) return [{ checks: told.flatMap(asAccepted) }, auth];
  const isRefused = ({ status, cause = "" }: Pick<Check, "status"> & { cause?: string }) =>
    status === "failed" && REFUSED.test(cause);
  if (!auth.checks.some(isRefused)) return [{ checks: told }, auth];
  const checks = auth.checks.map((check) =>
    isAccepted && isRefused(check) ? probed(check, "settings-not-deployed", check.seen) : check
  );
  return [{ checks: told.map(asRefused) }, { ...auth, checks }];
}

/** The function accepts the token, so what the file lacks or has otherwise is deployed. */
function asAccepted(check: Check): Check[] {
  if (check.status === "skipped") return [];
  if (check.cause === NOT_IN_FILE) {
    return [
      passed(check, "The deployed POWERSYNC_IDENTITY_PROVIDERS names this provider; the file has no list."),
    ];
  }
  return check.status === "failed" && check.change !== undefined
    ? [{
      ...check,
      status: "warning",
      seen: `${check.seen} The deployed function accepts it, so its settings differ.`,
    }]
    : [check];
}

/** The list that the file does not have is not deployed either. */
function asRefused(check: Check): Check {
  return check.cause === NOT_IN_FILE ? { ...check, status: "failed" } : check;
}
