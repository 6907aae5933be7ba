/** What supabase/config.toml must say about the functions. */
import { CommandError } from "../cli/command.ts";
import { withLines } from "./append.ts";
import { FUNCTION_NAMES } from "../setup/function-names.ts";
import { isTable, readToml, type Scalar, type Table, tomlOf, withValue } from "./toml-edit.ts";

/** The file, from the project's folder. */
export const CONFIG_FILE = "supabase/config.toml";

const WHY = [
  "# PowerSync tokens: these functions check the caller themselves, so the gateway's own check is off.",
  "# Always state verify_jwt: without it, a deployment keeps the old value.",
];

/** A value that the file must have. */
interface Wanted {
  readonly path: readonly string[];
  readonly value: Scalar | Readonly<Record<string, Scalar>>;
}

/**
 * The text of config.toml with what the functions need. Everything else in it stays, comments and order too.
 *
 * @returns `done`: what was changed, for a person.
 * @throws {CommandError} It is not TOML, or has a form that must be edited by hand.
 */
export function withFunctions(text: string): { text: string; done: readonly string[] } {
  const done: string[] = [];
  let edited = text;
  for (const { path, value } of wantedIn(readToml(text, CONFIG_FILE))) {
    const key = path.join(".");
    const section = typeof value === "object" ? sectionLines(key, value, done.length === 0) : undefined;
    const appended = section && withLines(edited, section);
    const found = withValue(edited, { path, value, whole: appended });
    if (found === undefined) {
      const setting = `${key} = ${tomlOf(value)}`;
      throw new CommandError(
        `${CONFIG_FILE}: set \`${setting}\` yourself: this command does not edit its form. Nothing was changed.`,
      );
    }
    edited = found;
    done.push(typeof value === "object" ? `[${key}]` : `${key} = ${tomlOf(value)}`);
  }
  return { text: edited, done };
}

function sectionLines(key: string, value: Readonly<Record<string, Scalar>>, isFirst: boolean): string[] {
  const values = Object.entries(value).map(([name, scalar]) => `${name} = ${tomlOf(scalar)}`);
  return ["", ...(isFirst ? [...WHY, ""] : []), `[${key}]`, ...values];
}

/** What the file lacks, or says otherwise. Other settings of these functions, such as `enabled`, are the project's. */
function wantedIn(config: Table): Wanted[] {
  const remotes = isTable(config.remotes) ? Object.keys(config.remotes) : [];
  return FUNCTION_NAMES.flatMap((name): Wanted[] => {
    const path = ["functions", name];
    const section = sectionAt(config, path);
    // A section of [remotes] overrides it for one project.
    const overrides = remotes.map((remote) => ["remotes", remote, ...path]);
    return [
      ...(section === undefined
        ? [{ path, value: { verify_jwt: false, entrypoint: entrypointOf(name) } }]
        : wrongIn({ verify_jwt: undefined, ...section }, { name, path })),
      ...overrides.flatMap((path) => wrongIn(sectionAt(config, path) ?? {}, { name, path })),
    ];
  });
}

/** The values of a section that are there and wrong. */
function wrongIn(section: Table, { name, path }: { name: string; path: readonly string[] }): Wanted[] {
  const wanted = {
    verify_jwt: false,
    entrypoint: entrypointOf(name),
    import_map: `./functions/${name}/deno.json`,
  };
  return Object.entries(wanted).filter(([key, value]) =>
    key in section && plain(section[key]) !== plain(value)
  )
    .map(([key, value]) => ({ path: [...path, key], value }));
}

/** A path with or without `./` is the same. */
function plain(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/^\.\//, "") : value;
}

function entrypointOf(name: string): string {
  return `./functions/${name}/index.ts`;
}

function sectionAt(config: Table, path: readonly string[]): Table | undefined {
  const found = path.reduce<unknown>((inner, key) => isTable(inner) ? inner[key] : undefined, config);
  return isTable(found) ? found : undefined;
}
