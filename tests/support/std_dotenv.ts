/**
 * `parse` and `stringify` of `@std/dotenv` over `node:util`: what `@std/dotenv` is bound to where JSR cannot be
 * reached (`scripts/test.ts`).
 */
import { parseEnv } from "node:util";

export function parse(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(text))) if (value !== undefined) values[name] = value;
  return values;
}

export function stringify(values: Record<string, string>): string {
  return Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`).join("\n");
}

function quoted(value: string): string {
  if (/^[\w./:@+=,-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
