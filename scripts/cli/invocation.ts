/** How the reader starts tasks, so that printed commands run as they are. */

/** `deno task`, or `npx -y deno@2 task` for a reader whose Deno comes from npx. */
export function taskCommand(execPath: string = Deno.execPath()): string {
  return /[\\/]_npx[\\/]/.test(execPath) ? "npx -y deno@2 task" : "deno task";
}

/** A word of a command for a shell: quoted only where it must be. zsh expands `=` at the beginning. */
export function shellWord(text: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command with its flags as they were given, to be pasted.
 *
 * @param command The command.
 * @param flags Their values.
 * @param names `named`: flags that are repeated; `asked`: flags whose value is secret, so they stand without one.
 */
export function commandAgain(
  command: string,
  flags: Readonly<Record<string, unknown>>,
  { named, asked }: { named: readonly string[]; asked: readonly string[] },
): string {
  const words = [
    ...named.flatMap((name) =>
      [flags[name] ?? []].flat().map((value) => `--${name} ${shellWord(String(value))}`)
    ),
    ...asked.flatMap((name) => flags[name] === undefined ? [] : [`--${name}`]),
  ];
  return [command, ...(words.length === 0 ? [] : ["--", ...words])].join(" ");
}
