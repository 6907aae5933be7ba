/** A leaked key in an `.env` file: it leaves the file at once, and a comment keeps its secret's name and its key ID. */
import { loadKeyRing, type SigningKey } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { shown } from "../cli/shown.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";

/** The secrets of the keys that a new one replaces. */
export interface OldKeys {
  /** The private halves to unset. */
  readonly names: readonly string[];
  /** The private halves that leave the file. */
  readonly removable: readonly string[];
  /** The key IDs of what leaked. */
  readonly keyIds: readonly string[];
  /** The keys are for this computer. */
  readonly local: boolean;
}

/**
 * What leaked: the key in the secret that was named, or else every signing key of the file, because a file leaks as a
 * whole.
 *
 * @throws {CommandError} No secret was named, and the file holds no key.
 */
export function leakedKeys(
  signing: readonly SigningKey[],
  { replaces, envFile }: { replaces: string | undefined; envFile: string | undefined },
): OldKeys {
  const keys = signing.filter(({ secret }) => replaces === undefined || secret === replaces);
  if (keys.length === 0 && replaces === undefined) {
    throw new CommandError(`${envFile} has no signing key: name the leaked key's secret with --replaces.`);
  }
  const removable = keys.map(({ secret }) => secret);
  const keyIds = keys.map(({ kid }) => kid);
  const local = signing.some(({ kid }) => kid.startsWith(LOCAL_KEY_PREFIX));
  // A key whose lines were deleted by hand is still set on Supabase.
  return { names: replaces === undefined ? removable : [replaces], removable, keyIds, local };
}

/**
 * Refuses to go on while something else of the file would publish a leaked key, or a new key has its key ID, under which
 * PowerSync may know the old one.
 */
export async function assertGone(
  variables: EnvVariables,
  { removed, keyIds, kid }: {
    removed: readonly string[];
    keyIds: readonly string[];
    kid: string | undefined;
  },
): Promise<void> {
  if (kid !== undefined && keyIds.includes(kid)) {
    throw new CommandError(`The key ID ${kid} is the leaked key's: choose another, or leave --kid out.`);
  }
  const { extra = [] } = readKeySecrets(variables);
  for (const secret of extra.filter(({ name }) => !removed.includes(name))) {
    const { published } = await loadKeyRing({ signing: [], extra: [secret] });
    if (published.some((key) => keyIds.includes(key.kid))) {
      throw new CommandError(
        `${secret.name} also publishes the leaked key: take it out of that secret first.`,
      );
    }
  }
}

/** The lines that stay in the file. */
export function leakComments({ removable, keyIds }: OldKeys, nowSeconds: number): string[] {
  const date = new Date(nowSeconds * 1000).toISOString().slice(0, 10);
  return removable.map((name, index) =>
    `# Leaked, taken out on ${date}: ${name}, key ID ${shown(keyIds[index] ?? "")}`
  );
}

/** The secrets named in those lines: they may still be set on Supabase, and no new key may get such a name. */
export function leakedNames(text: string): string[] {
  return [...text.matchAll(/^# Leaked, taken out on [\d-]+: (POWERSYNC_PRIVATE_KEY\w*),/gm)]
    .map(([, name = ""]) => name);
}
