import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The functions that the bundle brings. */
export const FUNCTIONS = ["powersync-auth", "powersync-auth-anonymous", "powersync-jwks"] as const;

/**
 * Copies what a clone of this repository would have, as it stands in the working tree, and nothing that git ignores.
 *
 * @param folder Where to; it is made.
 */
export async function copyBundle(folder: string): Promise<void> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  for (const path of new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "")) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.copyFile(join(ROOT, path), join(folder, path));
  }
}

/** The text of one chapter of the README, by its heading. */
export async function readmeChapter(heading: string): Promise<string> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const [, text] = readme.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`The README has no chapter "${heading}".`);
  return text.split("\n## ")[0] ?? "";
}

/** Every line of shell in one chapter of the README, by its heading. */
export async function readmeCommands(heading: string): Promise<string> {
  const chapter = await readmeChapter(heading);
  return [...chapter.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines).join("");
}
