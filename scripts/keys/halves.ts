import { loadKeyRing, type PublishedKey } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { secretNamesOf } from "./rotation.ts";

/** A key's secrets, and what they publish. */
export interface KeyHalves {
  /** The private half's secret and, unless it also publishes another key, the public half's; neither need be set. */
  readonly secrets: readonly string[];
  /** The key itself; if only the public half's secret is set, every key in it. */
  readonly keys: readonly PublishedKey[];
}

/**
 * Reads both halves of a key. The public half's secret may hold keys of other backends, which must stay published.
 *
 * @param variables The file's; empty without a file.
 * @param name The private half's secret.
 */
export async function readHalves(variables: EnvVariables, name: string): Promise<KeyHalves> {
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

/** Whether whoever has the private half of one has the other's; the same key may have two key IDs. */
export function isSameMaterial(a: PublishedKey, b: PublishedKey): boolean {
  return (a.n ?? a.x) === (b.n ?? b.x);
}
