/** The ways in which people paste a value, and programs keep what they put around it. */

/** What is around a value, and the quotation mark that it adds. */
export const WRAPPERS: Readonly<
  Record<string, readonly [mark: string, (value: string, name: string) => string]>
> = {
  "single quotes": ["'", (value) => `'${value}'`],
  "double quotes": ['"', (value) => `"${value}"`],
  "backticks": ["`", (value) => `\`${value}\``],
  "smart quotes": ["“", (value) => `“${value}”`],
  "single smart quotes": ["‘", (value) => `‘${value}’`],
  "German quotes": ["“", (value) => `„${value}“`],
  "a JSON string": ['"', (value) => JSON.stringify(value)],
  "backslashes before quotation marks": ['"', (value) => JSON.stringify(value).slice(1, -1)],
  "white space": ["", (value) => ` ${value}\r\n`],
  "a byte order mark": ["", (value) => `\ufeff${value}`],
  "\\n as two characters": ["", (value) => `${value}\\n`],
  "\\r\\n as four characters": ["", (value) => `${value}\\r\\n`],
  "a whole line": ["", (value, name) => `${name}=${value}`],
  "a whole line with spaces": ["", (value, name) => `${name} = ${value}`],
  "a line of a shell": ["", (value, name) => `export ${name}=${value}`],
  "a line of cmd.exe": ["", (value, name) => `set ${name}=${value}`],
  "a line of YAML": ["", (value, name) => `${name}: ${value}`],
  "the command that sets it": ["", (value, name) => `supabase secrets set ${name}=${value}`],
  "a line of PowerShell": ["", (value, name) => `$env:${name} = ${value}`],
};

/** A value in each wrapper, and that in each other one. The same quotation marks twice may not be pairs. */
export function* wrapped(value: string, name: string): Generator<[how: string, text: string]> {
  for (const [inner, [innerMark, wrapInner]] of Object.entries(WRAPPERS)) {
    const once = wrapInner(value, name);
    yield [inner, once];
    for (const [outer, [mark, wrapOuter]] of Object.entries(WRAPPERS)) {
      if (mark === "" || mark !== innerMark) yield [`${inner}, then ${outer}`, wrapOuter(once, name)];
    }
  }
}
