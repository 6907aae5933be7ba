/**
 * Sets, removes and renames variables of a file with secrets, on any system and without an editor, which may change
 * more than it should. What it can repair without guessing, it does: the format of the file, and of the keys in it.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readArguments } from "./cli/flags.ts";
import { readOwnFile } from "./keys/make-key.ts";
import { type EnvFile, updateEnvFile } from "./setup/env-file.ts";
import { assertUsable } from "./setup/inspect.ts";
import { PRODUCTION_ENV_FILE } from "./setup/local-only.ts";
import { mendedValue } from "./setup/mend-value.ts";
import { openProject } from "./setup/project-folder.ts";
import { isKnownName, nearestName } from "./setup/nearest-name.ts";

const HELP = `Changes a secrets file, and repairs its format.

  deno task edit-secrets -- POWERSYNC_URL=https://… POWERSYNC_TOKEN_TTL=600
  deno task edit-secrets -- --remove POWERSYNC_PUBLIC_KEY --rename POWER_SYNC_URL=POWERSYNC_URL
  deno task edit-secrets                        only repairs it: UTF-16, a wrapped key, NAME: value, a PEM, …

  --remove NAME     may be repeated
  --rename OLD=NEW  may be repeated; replaces what NEW was
  --dir PROJECT     another project's folder, with supabase/ in it; paths are relative to it
  --env-file PATH   default ${PRODUCTION_ENV_FILE}
  --help`;

/** Reads the arguments and changes the file. */
export async function main(args: readonly string[]): Promise<void> {
  const { flags, values } = readArguments(args, {
    dir: { type: "string" },
    "env-file": { type: "string" },
    remove: { type: "string", multiple: true },
    rename: { type: "string", multiple: true },
  });
  if (flags.help) return console.log(HELP);
  const set = pairs(values, "A value to set must be NAME=value, on one line.");
  const rename = pairs(flags.rename ?? [], "--rename must be OLD=NEW.");
  const remove = flags.remove ?? [];
  [...Object.keys(set), ...Object.values(rename)].forEach(assertKnown);
  const invocation = await openProject(flags.dir);
  const path = invocation.path(flags["env-file"] ?? PRODUCTION_ENV_FILE);
  const file = await readOwnFile(path, { mend: true });
  if (file.text === undefined && Object.keys(set).length === 0) {
    throw new CommandError(`There is no file ${path}: name another one with --env-file.`);
  }
  for (const name of [...remove, ...Object.keys(rename)]) assertThere(file, name);
  await assertUsable({ ...file.variables, ...set }, { file: path, names: Object.keys(set) });
  const mended = await mendedValues(file, { rename, others: [...remove, ...Object.keys(set)] });
  const done = [
    ...(file.mended === undefined ? [] : ["repaired its format"]),
    ...Object.keys(mended).map((name) => `repaired the value of ${name}`),
    ...Object.keys(set).map((name) => `set ${name}`),
    ...remove.map((name) => `removed ${name}`),
    ...Object.entries(rename).map(([from, to]) => `renamed ${from} to ${to}`),
  ];
  if (done.length === 0) return console.log(`${path}: nothing to change.`);
  // A value that is mended under its new name leaves with the old one.
  const gone = Object.entries(rename).flatMap(([from, to]) => Object.hasOwn(mended, to) ? [from] : []);
  const renamed = Object.fromEntries(Object.entries(rename).filter(([from]) => !gone.includes(from)));
  await updateEnvFile(file, { set: { ...mended, ...set }, remove: [...remove, ...gone], rename: renamed });
  console.log(`${path}: ${done.join(", ")}.`);
}

/** Of the variables that are not changed in another way, under their new names. */
async function mendedValues(
  { variables }: EnvFile,
  { rename, others }: { rename: Readonly<Record<string, string>>; others: readonly string[] },
): Promise<Record<string, string>> {
  const mended: Record<string, string> = {};
  const replaced = [...others, ...Object.values(rename)];
  for (const [old, value = ""] of Object.entries(variables)) {
    const name = rename[old] ?? old;
    const better = replaced.includes(old) ? undefined : await mendedValue(name, value);
    if (better !== undefined) mended[name] = better;
  }
  return mended;
}

function pairs(texts: readonly string[], form: string): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const [, name = "", value = ""] = /^([A-Za-z_]\w*)=([^\r\n]+)$/.exec(text) ?? [];
    if (name !== "") return [name, value];
    throw new CommandError(form);
  }));
}

/** The value of a name that nothing reads would be lost. */
function assertKnown(name: string): void {
  if (isKnownName(name)) return;
  const nearest = nearestName(name);
  const meant = nearest === undefined ? "see docs/settings.md" : `did you mean ${nearest}?`;
  throw new CommandError(`The functions do not read ${name}: ${meant}`);
}

function assertThere({ path, variables }: EnvFile, name: string): void {
  if (!Object.hasOwn(variables, name)) throw new CommandError(`${path} has no ${name}.`);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
