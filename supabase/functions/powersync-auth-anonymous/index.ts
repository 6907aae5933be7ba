import { apiKeyCaller } from "../_shared/powersync/caller.ts";
import { anonymousClaims } from "../_shared/powersync/claims.ts";
import { credentialsIssuer, shareBriefly } from "../_shared/powersync/credentials.ts";
import { handler } from "../_shared/powersync/http.ts";
import { readEnvironment, readExecutionId } from "../_shared/powersync/settings.ts";

/**
 * `powersync-auth-anonymous`: whoever shows the project's API key gets a PowerSync token with the claims of
 * `anonymousClaims`; within a moment it is the same token for everyone.
 *
 * @param options What tests replace: the environment, the claims, and the clock in milliseconds since 1970.
 */
export function powersyncAuthAnonymous(
  { environment = readEnvironment, claims = anonymousClaims, now = Date.now } = {},
) {
  const logContext = () => ({
    name: "powersync-auth-anonymous",
    executionId: readExecutionId(environment()),
  });
  const requireApiKey = apiKeyCaller({ environment, now });
  const issue = credentialsIssuer({ environment, now, logContext });
  const shared = shareBriefly(() => issue(() => claims()), now);
  return handler({ methods: ["GET", "POST"], logContext }, async (request) => {
    await requireApiKey(request);
    return { json: await shared(), cacheControl: "no-store" };
  });
}

export default { fetch: powersyncAuthAnonymous() };
