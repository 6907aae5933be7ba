import { signedInCaller } from "../_shared/powersync/caller.ts";
import { signedInClaims } from "../_shared/powersync/claims.ts";
import { credentialsIssuer } from "../_shared/powersync/credentials.ts";
import { handler } from "../_shared/powersync/http.ts";
import { readEnvironment, readExecutionId } from "../_shared/powersync/settings.ts";

/**
 * `powersync-auth`: a signed-in user gets a PowerSync token with the claims that `signedInClaims` makes of them.
 *
 * @param options What tests replace: the environment, the claims, and the clock in milliseconds since 1970.
 */
export function powersyncAuth(
  { environment = readEnvironment, claims = signedInClaims, now = Date.now } = {},
) {
  const logContext = () => ({ name: "powersync-auth", executionId: readExecutionId(environment()) });
  const requireUser = signedInCaller({ environment, now });
  const issue = credentialsIssuer({ environment, now, logContext });
  return handler({ methods: ["GET", "POST"], logContext }, async (request) => {
    const user = await requireUser(request);
    return { json: JSON.stringify(await issue(() => claims(user))), cacheControl: "no-store" };
  });
}

export default { fetch: powersyncAuth() };
