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

/**
 * Every line of shell of a chapter of the README.
 *
 * @param chapter The chapter's heading.
 */
export async function readmeCommands(chapter: string): Promise<string> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const [, text = ""] = readme.split(`\n## ${chapter}\n`);
  const [body = ""] = text.split("\n## ");
  return [...body.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines).join("");
}
