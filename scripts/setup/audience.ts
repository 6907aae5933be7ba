/** Names and values of an `.env` file. */
type Variables = Readonly<Record<string, string | undefined>>;

/** What a self-hosted PowerSync Service's examples are configured with. */
export const DEVELOPMENT_AUDIENCE = "powersync-dev";

/**
 * The audiences of tokens: as given, or as the functions take them from POWERSYNC_AUDIENCE and POWERSYNC_URL, or the one
 * of development. Tokens and configuration made with the same file fit because both ask here.
 *
 * @param variables The `.env` file's.
 * @param given `--audience`, as often as it was given.
 */
export function audiencesOf(variables: Variables, given: readonly string[]): [string, ...string[]] {
  const stated = given.length > 0 ? given : (variables.POWERSYNC_AUDIENCE ?? "").split(",");
  const [first, ...others] = stated.map((audience) => audience.trim()).filter((audience) => audience !== "");
  if (first !== undefined) return [first, ...others];
  return [variables.POWERSYNC_URL?.trim().replace(/\/+$/, "") || DEVELOPMENT_AUDIENCE];
}
