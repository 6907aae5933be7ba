import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { audiencesOf } from "../setup/audience.ts";
import { clientAuthYaml } from "../setup/client-auth.ts";
import { updateEnvFile } from "../setup/env-file.ts";
import { assertUsable } from "../setup/inspect.ts";
import { LOCAL_ENV_FILE } from "../setup/local-only.ts";
import { jwksUrlFor } from "../setup/project-url.ts";
import { makeSharedKey, SHARED_KEY_NAME } from "../setup/shared-key.ts";
import { encodeSecret } from "./key-pair.ts";
import { readOwnFile } from "./make-key.ts";

/** What a shared secret needs. */
export interface SharedKeyRequest {
  readonly kid: string | undefined;
  /** `supabase/functions/.env` when missing; the path from the reader's folder. */
  readonly envFile: string | undefined;
  readonly force: boolean;
  readonly json: boolean;
  readonly invocation: Invocation;
}

/**
 * Makes a shared secret for self-hosted development and writes it to the file.
 *
 * @returns The text to print: the configuration that makes a PowerSync Service accept its tokens.
 * @throws {CommandError} The file holds one already or an audience that cannot be used, or git would commit it.
 */
export async function storeSharedKey(
  { kid, invocation, envFile: path = invocation.path(LOCAL_ENV_FILE), force, json }: SharedKeyRequest,
): Promise<string> {
  const file = await readOwnFile(path);
  const { variables } = file;
  if ((variables[SHARED_KEY_NAME] ?? "").trim() !== "" && !force) {
    throw new CommandError(`${path} already has ${SHARED_KEY_NAME}: replace it with --force.`);
  }
  await assertUsable(variables, { file: path, names: ["POWERSYNC_URL", "POWERSYNC_AUDIENCE"] });
  const key = makeSharedKey(kid);
  await updateEnvFile(file, { set: { [SHARED_KEY_NAME]: encodeSecret(key) } });
  // With the address of the functions' keys: pasted over a block that has it, the key alone would refuse their tokens.
  const yaml = clientAuthYaml({
    audiences: audiencesOf(variables, []),
    jwksUri: jwksUrlFor(variables),
    keys: [key],
  });
  if (json) return JSON.stringify({ kid: key.kid, alg: key.alg, envFile: path, clientAuth: yaml }, null, 2);
  const named = path === invocation.path(LOCAL_ENV_FILE) ? [] : invocation.envFile(path);
  return [
    `# Written to ${path} as ${SHARED_KEY_NAME}. For development only: whoever has it can sign a token for any user.`,
    "# The block for the service.yaml of a self-hosted PowerSync Service:",
    yaml,
    "# Then, a token signed with it:",
    `# ${invocation.task("token", "--shared", "--anonymous", ...named)}`,
  ].join("\n");
}
