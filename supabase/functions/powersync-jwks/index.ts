import { handler } from "../_shared/powersync/http.ts";
import { loadKeyRing, publicJwks } from "../_shared/powersync/keys.ts";
import { logTo } from "../_shared/powersync/log.ts";
import { once } from "../_shared/powersync/once.ts";
import { readEnvironment, readKeySecrets } from "../_shared/powersync/settings.ts";

/**
 * How long a cache on the way may keep the answer. A new key is published 75 minutes before it signs: 10 for isolates with
 * old secrets, 60 for PowerSync's own cache, and 5 to spare, of which this is one.
 */
const MAX_AGE_SECONDS = 60;

/**
 * `powersync-jwks`: the public halves of the keys, for the PowerSync Service (RFC 7517, section 5). Anybody may read
 * them.
 *
 * @param options What tests replace: the environment, the clock in milliseconds since 1970, and the log.
 */
export function powersyncJwks(
  {
    environment = readEnvironment,
    now = Date.now,
    log = logTo("powersync-jwks", { environment, now }),
  } = {},
) {
  const jwks = once(async () => {
    const ring = await loadKeyRing(readKeySecrets(environment()));
    const json = JSON.stringify(publicJwks(ring));
    for (const { error } of ring.problems) log(error);
    return json;
  });
  return handler({ methods: ["GET", "HEAD"], log }, async () => {
    return { json: await jwks(), cacheControl: `public, max-age=${MAX_AGE_SECONDS}` };
  });
}

export default { fetch: powersyncJwks() };
