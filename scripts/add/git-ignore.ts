/** The lines of .gitignore for what must not be committed: secrets, and lock files that nothing reads. */
import { LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { withLines } from "./append.ts";

/** The lines to add, each with the patterns that people write instead. */
const IGNORED: Readonly<Record<string, readonly string[]>> = {
  [PRODUCTION_ENV_FILE]: [".env.*", ".env*"],
  [LOCAL_ENV_FILE]: [".env", ".env*"],
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
