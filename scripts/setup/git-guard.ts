import { dirname, resolve } from "node:path";
import { CommandError } from "../cli/command.ts";

/**
 * Refuses a file that git would commit.
 *
 * @param path The file; it need not exist.
 * @throws {CommandError} The file is tracked, or not ignored.
 */
export async function assertGitIgnores(path: string): Promise<void> {
  const file = resolve(path);
  const args = ["-C", dirname(file), "check-ignore", "--quiet", "--", file];
  const status = await gitStatus(args);
  // 0: ignored. 128: not a repository. A tracked file counts as not ignored.
  if (status !== 1) return;
  throw new CommandError(
    `Git would commit ${path}: add it to .gitignore (and \`git rm --cached\` it), or choose another file.`,
  );
}

/** The exit code, or `undefined` when git is not installed. */
async function gitStatus(args: string[]): Promise<number | undefined> {
  try {
    return (await new Deno.Command("git", { args, stdout: "null", stderr: "null" }).output()).code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
