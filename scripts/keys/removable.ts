import { type SigningKey, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../powersync/limits.ts";
import { ISOLATE_RELOAD_SECONDS } from "./rotation.ts";

/**
 * The keys that are no longer needed: they do not sign now or later, and their last token has expired.
 *
 * @param signing The signing keys of a file.
 * @param options `nowSeconds`: the time; `tokenLifetimeSeconds`: POWERSYNC_TOKEN_TTL.
 * @returns The names of their secrets.
 */
export function removableSecrets(
  signing: readonly SigningKey[],
  { nowSeconds, tokenLifetimeSeconds }: { nowSeconds: number; tokenLifetimeSeconds: number },
): string[] {
  if (signing.length === 0) return [];
  // The key that signed then may still have valid tokens (`safeRemovalTime`); older keys have none.
  const then = nowSeconds - tokenLifetimeSeconds - CLOCK_TOLERANCE_SECONDS - ISOLATE_RELOAD_SECONDS;
  const needed = new Set([signingKeyAt({ signing, problems: [] }, then).secret]);
  for (const { secret, notBefore } of signing) {
    if (notBefore !== undefined && notBefore > then) needed.add(secret);
  }
  return signing.map(({ secret }) => secret).filter((secret) => !needed.has(secret));
}
