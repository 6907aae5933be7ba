import { CommandError } from "../cli/command.ts";
import { Invocation } from "../cli/invocation.ts";
import { readEnvFile } from "../setup/env-file.ts";
import { isLocalEnvFile, LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import type { SecretsFile } from "./secrets.ts";

/**
 * The file with secrets: the one that is named, else the production file, else the one for this computer.
 *
 * @returns `undefined` when there is none.
 * @throws {CommandError} There is no such file, or it cannot be read.
 */
export async function findSecretsFile(
  named: string | undefined,
  invocation = new Invocation(),
): Promise<SecretsFile | undefined> {
  for (const file of named === undefined ? [PRODUCTION_ENV_FILE, LOCAL_ENV_FILE] : [named]) {
    const path = invocation.path(file);
    const variables = await readEnvFile(path);
    if (variables !== undefined) return { path, variables, local: isLocalEnvFile(path) };
  }
  if (named !== undefined) throw new CommandError(`There is no file ${invocation.path(named)}.`);
  return undefined;
}
