/** The names of the secrets that hold keys. */
import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvFile, EnvVariables } from "../setup/env-file.ts";

const SIGNING_SECRET = "POWERSYNC_PRIVATE_KEY";

/** Whether a secret of this name holds a key that signs. */
export function isSigningSecretName(name: string): boolean {
  return /^POWERSYNC_PRIVATE_KEY(_[A-Za-z0-9_]+)?$/.test(name);
}

/** The name of a key's public half, by that of its private half. */
export function publicNameOf(privateName: string): string {
  return `POWERSYNC_PUBLIC_KEY${privateName.slice(SIGNING_SECRET.length)}`;
}

/**
 * The name of the secret for a new key: the UTC date, and a number when that name is taken.
 *
 * @param nowSeconds The time, in seconds since 1970.
 * @param taken The names in use.
 */
export function rotationSecretName(nowSeconds: number, taken: readonly string[]): string {
  const date = new Date(nowSeconds * 1000).toISOString().slice(0, 10).replaceAll("-", "");
  const name = `${SIGNING_SECRET}_${date}`;
  for (let suffix = 1;; suffix++) {
    const candidate = suffix === 1 ? name : `${name}_${suffix}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

/** The secrets that the comments of a file name: they may still be set on Supabase, and no new key may get such a name. */
export function leakedNames({ text = "" }: Partial<Pick<EnvFile, "text">> = {}): string[] {
  return [...text.matchAll(/^# Leaked, taken out on [\d-]+: (POWERSYNC_PRIVATE_KEY\w*)/gm)]
    .map(([, name = ""]) => name);
}

/**
 * Reads both halves of a key.
 *
 * @param variables The file's; empty without a file.
 * @param privateName The private half's secret.
 * @returns `secrets`: the private half's and, unless it holds a key of another backend too, the public half's; neither
 * need be set. `keys`: the key itself, or all that the public half's secret holds where there is no private half.
 */
export async function readHalves(
  variables: EnvVariables,
  privateName: string,
): Promise<{ secrets: string[]; keys: readonly PublishedKey[] }> {
  const names = [privateName, publicNameOf(privateName)];
  const ring = await loadKeyRing(
    readKeySecrets(Object.fromEntries(names.map((name) => [name, variables[name]]))),
  );
  return {
    secrets: ring.published.length > 1 ? [privateName] : names,
    keys: ring.signing.length > 0 ? ring.published.slice(0, 1) : ring.published,
  };
}
