/** The lines of .gitignore for what must not be committed: secrets, and lock files that nothing reads. */
import { withLines } from "./append.ts";

/** The lines to add, each with the patterns that people write instead. */
const IGNORED: Readonly<Record<string, readonly string[]>> = {
  ".env.production": [".env.*", ".env*"],
  "supabase/functions/.env": [".env", ".env*"],
  "supabase/functions/powersync-*/deno.lock": ["supabase/functions/*/deno.lock", "deno.lock"],
};

/**
 * The text of .gitignore with the lines that it lacks.
 *
 * @returns `added`: those lines.
 */
export function withIgnored(text: string): { text: string; added: readonly string[] } {
  const lines = text.split("\n").map((line) => line.trim().replace(/^(!?)(\*\*)?\//, "$1"));
  const added = Object.keys(IGNORED).filter((wanted) => {
    const covering = [wanted, ...IGNORED[wanted] ?? []];
    // The last line that matches decides; one with `!` takes an earlier one back.
    return !covering.includes(lines.findLast((line) => covering.includes(line.replace(/^!/, ""))) ?? "!");
  });
  return { text: added.length === 0 ? text : withLines(text, added), added };
}
