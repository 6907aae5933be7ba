import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** The text of a document: README.md or a page of docs/. */
export function readPage(path: string): Promise<string> {
  return Deno.readTextFile(join(ROOT, path));
}

/** Every line of shell in a document. */
export async function commandsOf(path: string): Promise<string> {
  const page = await readPage(path);
  return [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines).join("");
}
