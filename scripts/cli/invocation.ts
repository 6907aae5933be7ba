/** How the reader starts tasks, so that printed commands run as they are. */

/** `deno task`, or `npx -y deno@2 task` for a reader whose Deno comes from npx. */
export function taskCommand(execPath: string = Deno.execPath()): string {
  return /[\\/]_npx[\\/]/.test(execPath) ? "npx -y deno@2 task" : "deno task";
}

/** A word of a command for a shell: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
