import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { secretNamesOf } from "./rotation.ts";

/**
 * Reads both halves of a key.
 *
 * @param variables The file's; empty without a file.
 * @param name The private half's secret.
 * @returns `secrets`: the private half's and, unless it holds a key of another backend too, the public half's; neither
 * need be set. `keys`: the key itself, or all that the public half's secret holds where there is no private half.
 */
export async function readHalves(
  variables: EnvVariables,
  name: string,
): Promise<{ secrets: string[]; keys: readonly PublishedKey[] }> {
  const { privateName, publicName } = secretNamesOf(name);
  const { signing, published } = await loadKeyRing(readKeySecrets({
    [privateName]: variables[privateName],
    [publicName]: variables[publicName],
  }));
  return {
    secrets: published.length > 1 ? [privateName] : [privateName, publicName],
    keys: signing.length > 0 ? published.slice(0, 1) : published,
  };
}
