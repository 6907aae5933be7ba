import { withoutTrailingSlash } from "./project-url.ts";

/** Names and values of an `.env` file. */
type Variables = Readonly<Record<string, string | undefined>>;

/** The audience in the examples of the self-hosted PowerSync Service. */
export const DEVELOPMENT_AUDIENCE = "powersync-dev";

/**
 * The audiences of tokens: as given, or as the functions read them from POWERSYNC_AUDIENCE and POWERSYNC_URL, or the one
 * of development. The token and config commands both use it, so their results fit together.
 *
 * @param variables The `.env` file's.
 * @param given The values of `--audience`.
 */
export function audiencesOf(variables: Variables, given: readonly string[]): [string, ...string[]] {
  const stated = given.length > 0 ? given : (variables.POWERSYNC_AUDIENCE ?? "").split(",");
  const [first, ...others] = stated.map((audience) => audience.trim()).filter((audience) => audience !== "");
  if (first !== undefined) return [first, ...others];
  return [withoutTrailingSlash(variables.POWERSYNC_URL ?? "") || DEVELOPMENT_AUDIENCE];
}
