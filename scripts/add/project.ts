/** The project that gets the functions: its folder, and what stands in it. */
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { CommandError } from "../cli/command.ts";
import { openProject } from "../setup/project-folder.ts";
import { fileError } from "../setup/secret-file.ts";
import { CONFIG_FILE } from "./config-toml.ts";

/**
 * Finds the project's folder.
 *
 * @param dir The folder that holds `supabase/`.
 * @param root This repository.
 * @returns Its path without links.
 * @throws {CommandError} There is no project, or it is this repository.
 */
export async function findProject(dir: string, root: string): Promise<string> {
  const invocation = await openProject(dir);
  const project = await Deno.realPath(dir);
  if (project === await Deno.realPath(root)) {
    throw new CommandError(
      `${dir} is this repository, which has the functions: name your own project's folder.`,
    );
  }
  const config = invocation.path(CONFIG_FILE);
  if (await exists(config)) return project;
  throw new CommandError(`There is no ${config}. First run: ${invocation.supabase("init")}`);
}

/**
 * The texts of a project's files, with a byte order mark where one has it.
 *
 * @returns By path; without those that do not exist.
 * @throws {CommandError} A file cannot be read, or is reached by a link that leads out of the project.
 */
export async function readFiles(project: string, paths: Iterable<string>): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const path of paths) {
    const target = await targetOf(project, path);
    try {
      const bytes = await Deno.readFile(target);
      texts.set(path, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      if (error instanceof TypeError) throw new CommandError(`${path} is not UTF-8: save it as UTF-8.`);
      throw fileError(error, `${path} cannot be read`, "it");
    }
  }
  return texts;
}

/**
 * Where a file of the project really is.
 *
 * @param project Its folder, without links.
 * @param path From there; need not exist.
 * @throws {CommandError} A link leads out of the project, or nowhere.
 */
export async function targetOf(project: string, path: string): Promise<string> {
  const whole = join(project, path);
  if (!await exists(whole)) {
    const folder = dirname(path);
    return folder === "." ? whole : join(await targetOf(project, folder), basename(path));
  }
  const real = await Deno.realPath(whole).catch(() => undefined);
  if (real === undefined) throw new CommandError(`${path} is a link that leads nowhere: remove it first.`);
  const inside = relative(project, real);
  if (inside.split(sep)[0] !== ".." && !isAbsolute(inside)) return real;
  throw new CommandError(
    `${path} is a link to ${real}, which is not in the project. Nothing was changed: replace the link by files of the ` +
      "project, or name the project that it leads to.",
  );
}

/** Also a link that leads nowhere exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw fileError(error, `${path} cannot be read`, "it");
  }
}
