import { parseArgs, type ParseArgsConfig } from "node:util";
import { CommandError } from "./command.ts";

type FlagOptions = NonNullable<ParseArgsConfig["options"]>;
type Flags<T extends FlagOptions> = ReturnType<
  typeof parseArgs<
    { options: T & { help: { type: "boolean"; short: "h" } }; strict: true; allowPositionals: true }
  >
>["values"];

/**
 * Reads a command's flags. Every command also has `--help`.
 *
 * @param args The arguments, as `Deno.args`.
 * @param options The flags, as for `parseArgs` of `node:util`.
 * @throws {CommandError} An unknown flag, a missing value, an unexpected argument.
 */
export function readFlags<const T extends FlagOptions>(args: readonly string[], options: T): Flags<T> {
  const { flags, values } = readArguments(args, options);
  if (values.length === 0) return flags;
  throw new CommandError("Unexpected argument: see --help.");
}

/**
 * Reads a command's flags, and the arguments that belong to none.
 *
 * @throws {CommandError} An unknown flag, a missing or empty value.
 */
export function readArguments<const T extends FlagOptions>(
  args: readonly string[],
  options: T,
): { flags: Flags<T>; values: readonly string[] } {
  // `deno task keys -- --rotate` passes the `--` on.
  const given = args[0] === "--" ? args.slice(1) : [...args];
  const known = { ...options, help: { type: "boolean", short: "h" } } as const;
  const { values, positionals } = parse(() =>
    parseArgs({ args: given, options: known, strict: true, allowPositionals: true })
  );
  for (const [name, value] of Object.entries(values)) {
    if (![value].flat().some((text) => typeof text === "string" && text.trim() === "")) continue;
    throw new CommandError(`--${name} is empty: the shell's variable may not be set.`);
  }
  return { flags: values, values: positionals };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's other sentences explain how to pass the flag as an argument, which no command accepts.
    const [reason = ""] = error.message.replace(
      /^Option '(?:-\w, )?(--[\w-]+).* (?:missing|ambiguous)/s,
      "$1 needs a value\n",
    )
      .split(/\.\s|\n/);
    throw new CommandError(`${reason.replace(/\.$/, "")}: see --help.`);
  }
}
