import { type CallerOptions, signedInCaller } from "../_shared/powersync/caller.ts";
import { signedInClaims } from "../_shared/powersync/claims.ts";
import { handler } from "../_shared/powersync/http.ts";
import { logTo } from "../_shared/powersync/log.ts";
import { readEnvironment } from "../_shared/powersync/settings.ts";
import { tokenIssuer } from "../_shared/powersync/token.ts";
import type { VerifiedUser } from "../_shared/powersync/user.ts";

interface Options extends Partial<CallerOptions> {
  readonly claims?: (user: VerifiedUser, request: Request) => unknown;
  readonly claimsTimeoutMs?: number;
}

/**
 * `powersync-auth`: a signed-in user gets a PowerSync token with the claims that `signedInClaims` makes of them.
 *
 * @param options What tests replace: the environment, the claims and their time limit, the clock, the log, and the
 * limits on an upstream.
 */
export function powersyncAuth(
  {
    environment = readEnvironment,
    claims = signedInClaims,
    now = Date.now,
    log = logTo("powersync-auth", { environment, now }),
    limits,
    claimsTimeoutMs,
  }: Options = {},
) {
  const requireUser = signedInCaller({ environment, now, log, limits });
  const issue = tokenIssuer({ environment, now, log, claimsTimeoutMs });
  return handler({ methods: ["GET", "POST"], log }, async (request) => {
    const user = await requireUser(request);
    return { json: await issue(() => claims(user, request)), cacheControl: "no-store" };
  });
}

export default { fetch: powersyncAuth() };
