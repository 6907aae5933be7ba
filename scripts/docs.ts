/** Writes the parts of the documents that list what the code knows, so that no list is kept by hand. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { Invocation } from "./cli/invocation.ts";
import { errorParts } from "./docs/errors.ts";
import { fillParts, type Parts } from "./docs/parts.ts";
import { exampleParts, settingsParts } from "./docs/settings.ts";
import { troubleshootingParts } from "./docs/troubleshooting.ts";

const HELP = `Writes the generated parts of the documents. All else on their pages is kept.

  deno task docs              write them
  deno task docs -- --check   write nothing; exit with 1 and name the pages that are not current
  --help`;

/** The pages with generated parts, from the repository's folder. */
export const PAGES: Readonly<Record<string, () => Parts>> = {
  "docs/settings.md": settingsParts,
  "supabase/functions/.env.example": exampleParts,
  "docs/errors.md": errorParts,
  "docs/troubleshooting.md": troubleshootingParts,
};

/** Writes or checks the pages in a folder. */
export async function main(
  args: readonly string[],
  root = fileURLToPath(new URL("../", import.meta.url)),
): Promise<void> {
  const { check, help } = readFlags(args, { check: { type: "boolean" } });
  if (help) {
    console.log(HELP);
    return;
  }
  const changed: string[] = [];
  for (const [path, parts] of Object.entries(PAGES)) {
    const before = await Deno.readTextFile(join(root, path));
    const after = fillParts(before, { parts: parts(), path });
    if (after === before) continue;
    changed.push(path);
    if (!check) await Deno.writeTextFile(join(root, path), after);
  }
  const list = changed.join(", ");
  if (changed.length === 0) console.log("The generated parts are current.");
  else if (!check) console.log(`Written: ${list}.`);
  else throw new CommandError(`Not current: ${list}. Run ${new Invocation().task("docs")}`);
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
