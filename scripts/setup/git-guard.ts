import { basename, dirname } from "node:path";
import { CommandError } from "../cli/command.ts";
import { shown } from "../cli/shown.ts";
import { followLinks } from "./secret-file.ts";

/** With one of these, git answers about another repository, folder or index than the file's. */
const MISLEADING = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE"];

/**
 * Refuses a file that git would commit, or of which git cannot say.
 *
 * @param path The file, or a link to it; it need not exist.
 * @throws {CommandError} The file is tracked or not ignored, or git does not answer.
 */
export async function assertGitIgnores(path: string): Promise<void> {
  const misleading = MISLEADING.find((name) => Deno.env.has(name));
  if (misleading !== undefined) {
    throw new CommandError(`${misleading} is set, so git would answer about another repository: unset it.`);
  }
  const file = await followLinks(path);
  // A tracked file counts as not ignored.
  const { code, said } = await askGit([
    "-C",
    dirname(file),
    "check-ignore",
    "--quiet",
    "--",
    `./${basename(file)}`,
  ]);
  if (code === 0) return;
  if (code === 1) {
    throw new CommandError(
      `Git would commit ${path}: add it to .gitignore (and \`git rm --cached\` it), or choose another file.`,
    );
  }
  // "or any of the parent directories", "or any parent up to …": git looked and found none. A folder that is missing
  // is reported when the file is written.
  if (/^fatal: (not a git repository \(or any |cannot change to )/.test(said)) return;
  const [reason = ""] = said.split("\n");
  throw new CommandError(
    `Git cannot say whether it would commit ${path}: ${
      shown(reason, 300)
    }. Nothing was written. Run \`git status\` for details.`,
  );
}

/** Git's answer in English, however far above the repository begins. Without git, nothing here commits the file. */
async function askGit(args: string[]): Promise<{ code: number; said: string }> {
  try {
    const env = { LC_ALL: "C", GIT_CEILING_DIRECTORIES: "" };
    const git = new Deno.Command("git", { args, stdout: "null", stderr: "piped", env });
    const { code, stderr } = await git.output();
    return { code, said: new TextDecoder().decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { code: 0, said: "" };
    throw error;
  }
}
