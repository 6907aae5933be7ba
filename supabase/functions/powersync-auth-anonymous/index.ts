import { apiKeyCaller, type CallerOptions } from "../_shared/powersync/caller.ts";
import { anonymousClaims } from "../_shared/powersync/claims.ts";
import { handler } from "../_shared/powersync/http.ts";
import { logTo } from "../_shared/powersync/log.ts";
import { readEnvironment } from "../_shared/powersync/settings.ts";
import { tokenIssuer } from "../_shared/powersync/token.ts";

interface Options extends Partial<CallerOptions> {
  readonly claims?: (request: Request) => unknown;
  readonly claimsTimeoutMs?: number;
}

/**
 * `powersync-auth-anonymous`: whoever sends the project's API key gets a PowerSync token with the claims of
 * `anonymousClaims`.
 *
 * @param options What tests replace: the environment, the claims and their time limit, the clock, the log, and the
 * limits on an upstream.
 */
export function powersyncAuthAnonymous(
  {
    environment = readEnvironment,
    claims = anonymousClaims,
    now = Date.now,
    log = logTo("powersync-auth-anonymous", { environment, now }),
    limits,
    claimsTimeoutMs,
  }: Options = {},
) {
  const requireApiKey = apiKeyCaller({ environment, now, log, limits });
  const issue = tokenIssuer({ environment, now, log, claimsTimeoutMs });
  return handler({ methods: ["GET", "POST"], log }, async (request) => {
    await requireApiKey(request);
    return { json: await issue(() => claims(request)), cacheControl: "no-store" };
  });
}

export default { fetch: powersyncAuthAnonymous() };
