import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocksOf } from "./documents.ts";
import { putOwnClaims } from "./own_claims.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The functions that the bundle brings. */
export const FUNCTIONS = ["powersync-auth", "powersync-auth-anonymous", "powersync-jwks"] as const;

/**
 * Copies what a clone of this repository would have, as it stands in the working tree, and nothing that git ignores;
 * with the tests' own claims.
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
  await putOwnClaims(folder);
}

/** Every line of shell in a document. */
export function commandsOf(page: string): string {
  return blocksOf(page).flatMap(({ language, text }) => language === "sh" ? [text] : []).join("");
}
