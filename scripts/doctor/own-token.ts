import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { readTokenSettings, signToken } from "../../supabase/functions/_shared/powersync/token.ts";
import type { EnvVariables } from "../setup/env-file.ts";

/** As short as POWERSYNC_TOKEN_TTL may be. */
const LIFETIME_SECONDS = 60;

/**
 * A token as the functions would sign it with a file's key, to ask the instance with. It is never shown.
 *
 * @param variables The file's, in which `inspect` finds no fault.
 * @param nowSeconds Seconds since 1970.
 */
export async function signOwnToken(variables: EnvVariables, nowSeconds: number): Promise<string> {
  const { audience, issuer } = readTokenSettings(variables);
  const now = Math.floor(nowSeconds);
  const key = signingKeyAt(await loadKeyRing(readKeySecrets(variables)), now);
  const claims = JSON.stringify({ sub: "powersync-doctor", role: "anon", is_anonymous: true });
  const { token } = await signToken(claims, {
    key,
    audience,
    issuer,
    lifetimeSeconds: LIFETIME_SECONDS,
    now,
  });
  return token;
}
