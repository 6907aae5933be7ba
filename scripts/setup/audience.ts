import { withoutTrailingSlash } from "./project-url.ts";

/** Names and values of an `.env` file. */
type Variables = Readonly<Record<string, string | undefined>>;

/** The audience in the examples of the self-hosted PowerSync Service. */
const DEVELOPMENT_AUDIENCE = "powersync-dev";

/**
 * The audiences of tokens: as given, or as the functions read them from POWERSYNC_AUDIENCE and POWERSYNC_URL, or the one
 * of development. The token and config commands both use it, so their results fit together.
 *
 * @param variables The `.env` file's.
 * @param given The values of `--audience`.
 */
export function audiencesOf(variables: Variables, given: readonly string[]): [string, ...string[]] {
  const [first = DEVELOPMENT_AUDIENCE, ...others] = statedAudiences(variables, given);
  return [first, ...others];
}

/** The audiences that somebody stated; none where only the one of development is left. */
export function statedAudiences(variables: Variables, given: readonly string[]): string[] {
  const listed = given.length > 0 ? given : (variables.POWERSYNC_AUDIENCE ?? "").split(",");
  const stated = listed.map((audience) => audience.trim()).filter((audience) => audience !== "");
  const url = withoutTrailingSlash(variables.POWERSYNC_URL ?? "");
  return stated.length > 0 || url === "" ? stated : [url];
}
