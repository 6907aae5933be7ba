import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { shown } from "../cli/shown.ts";
import type { EnvFile, EnvVariables } from "../setup/env-file.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { assertSigningKeyNamed, type KeyPlan, type KeyRequest } from "./make-key.ts";
import { leakedNames, publicNameOf, readHalves } from "./secret-names.ts";

/** `replaces`: the leaked key's secret; by default every signing key of the file, because a file leaks as a whole. */
type LeakRequest = KeyRequest & { readonly replaces: string | undefined };

/**
 * A key that replaces a leaked one: it signs now, no token of the old one is waited for, and the old one leaves the file, so
 * that no upload sets it again. A comment keeps the name of its secret and its key ID.
 *
 * @throws {CommandError} It is not clear which key leaked, or the file would still publish it.
 */
export async function planReplacement(file: EnvFile | undefined, request: LeakRequest): Promise<KeyPlan> {
  const { kid, nowSeconds } = request;
  const variables = file?.variables ?? {};
  if (file !== undefined && readKeySecrets(variables).signing.length === 0) await assertSigningKeyNamed(file);
  const leakedBefore = leakedNames(file);
  const names = namesOfLeaked(request, { file, leakedBefore });
  const halves = await Promise.all(names.map((name) => readHalves(variables, name)));
  const keys = halves.flatMap((key) => key.keys);
  const remove = halves.flatMap(({ secrets }) => secrets).filter((name) => variables[name] !== undefined);
  const kept = Object.fromEntries(Object.entries(variables).filter(([name]) => !remove.includes(name)));
  await assertGone(keys, { kept, kid });

  const before = leakedBefore.flatMap((name) => [name, publicNameOf(name)]);
  const mayBeSet = new Set([...halves.flatMap(({ secrets }) => secrets), ...before]);
  return {
    isLocal: keys.length > 0 && keys.every((key) => key.kid.startsWith(LOCAL_KEY_PREFIX)),
    taken: names,
    comments: names.map((name, index) => leakComment(name, { key: halves[index]?.keys[0], nowSeconds })),
    rotation: {
      nowSeconds,
      startsAt: nowSeconds,
      removableFrom: nowSeconds,
      tokenLifetimeSeconds: 0,
      replaced: [...mayBeSet].filter((name) => kept[name] === undefined),
      removed: remove,
      leaked: keys.map((key) => key.kid),
    },
  };
}

function leakComment(
  name: string,
  { key, nowSeconds }: { key: PublishedKey | undefined; nowSeconds: number },
): string {
  const date = new Date(nowSeconds * 1000).toISOString().slice(0, 10);
  return `# Leaked, taken out on ${date}: ${name}${key === undefined ? "" : `, key ID ${shown(key.kid)}`}`;
}

function namesOfLeaked(
  { replaces, invocation }: LeakRequest,
  { file, leakedBefore }: { file: EnvFile | undefined; leakedBefore: readonly string[] },
): string[] {
  if (file === undefined) {
    if (replaces !== undefined) return [replaces];
    throw new CommandError(
      `Without --env-file, name the leaked key's secret with --replaces. This shows all names: ${
        invocation.supabase("secrets", "list")
      }`,
    );
  }
  const path = file.path;
  if (file.text === undefined) throw new CommandError(`There is no file ${path}.`);
  const names = readKeySecrets(file.variables).signing.map(({ name }) => name);
  if (replaces === undefined) {
    if (names.length > 0) return names;
    throw new CommandError(
      `${path} has no signing key: name the leaked key's secret with --replaces.`,
    );
  }
  // A key whose lines were deleted by hand, or by this command, may still be set on Supabase.
  if (names.length === 0 || [...names, ...leakedBefore].includes(replaces)) return [replaces];
  throw new CommandError(
    `${path} has no ${replaces}: name one of ${names.join(", ")}, or leave --replaces out to replace all.`,
  );
}

/**
 * Refuses to go on while something else of the file would publish a leaked key, or a new key has its key ID, under which
 * PowerSync may know the old one.
 */
async function assertGone(
  leaked: readonly PublishedKey[],
  { kept, kid }: { kept: EnvVariables; kid: string | undefined },
): Promise<void> {
  if (leaked.some((key) => key.kid === kid)) {
    throw new CommandError(`The key ID ${kid} is the leaked key's: choose another, or leave --kid out.`);
  }
  // One key may have two key IDs.
  const material = ({ n, x }: PublishedKey) => n ?? x;
  for (const name of Object.keys(kept)) {
    const { published } = await loadKeyRing(readKeySecrets({ [name]: kept[name] }));
    if (published.some((key) => leaked.some((other) => material(other) === material(key)))) {
      throw new CommandError(`${name} also publishes the leaked key: remove it from that secret first.`);
    }
  }
}
