import { CommandError } from "../cli/command.ts";
import { isHttpUrl } from "../setup/project-url.ts";
import { fetchJwks, keyIdsOf } from "../setup/remote-jwks.ts";

/** What the live JWKS shows. */
export interface LiveKeys {
  readonly url: string;
  readonly keyIds: readonly string[];
}

/**
 * Looks at the live JWKS before a key is made.
 *
 * @param url The address of powersync-jwks.
 * @param kid The new key's Key ID, when it was chosen.
 * @throws {CommandError} It is not a JWKS, or it shows that `kid` already: PowerSync would keep the key it knows.
 */
export async function lookAtLiveJwks(url: string, kid: string | undefined): Promise<LiveKeys> {
  if (!isHttpUrl(url)) {
    throw new CommandError("--jwks-url must be an http(s) URL: the address of powersync-jwks.");
  }
  const live = await fetchJwks(url);
  if (!live.ok) {
    throw new CommandError(`The JWKS at ${url} ${live.problem} Check the address, or leave --jwks-url out.`);
  }
  const keyIds = keyIdsOf(live.jwks);
  if (kid !== undefined && keyIds.includes(kid)) {
    throw new CommandError(`The kid ${kid} is already published: choose another, or leave --kid out.`);
  }
  return { url, keyIds };
}
