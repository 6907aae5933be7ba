import { CommandError } from "../cli/command.ts";

/** Claims that the command sets itself, from flags of their own. */
const OWN_CLAIMS: Readonly<Record<string, string>> = {
  sub: "--user",
  aud: "--audience",
  exp: "--expires-in",
  iat: "no flag: it is the present time",
  nbf: "no flag: the token is valid at once",
  iss: "POWERSYNC_ISSUER",
  jti: "no flag: the functions set none",
};

/**
 * The claims of a development token: what claims.ts says by default of a signed-in user or of an anonymous caller,
 * and what `--claim` adds or replaces.
 *
 * @param user The user's id; `undefined` for an anonymous caller.
 * @param stated Each `name=value`; a value is JSON, or else text.
 * @throws {CommandError} A claim without name or value, broken JSON, a claim that has a flag of its own.
 */
export function developmentClaims(
  user: string | undefined,
  stated: readonly string[],
): Record<string, unknown> {
  const defaults = user === undefined
    ? { sub: "anonymous", role: "anon", is_anonymous: true }
    : { sub: user, role: "authenticated", is_anonymous: false };
  return Object.fromEntries([...Object.entries(defaults), ...stated.map(readClaim)]);
}

function readClaim(text: string): [name: string, value: unknown] {
  const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === "") throw new CommandError("A --claim is not name=value: for example --claim plan=pro.");
  const flag = Object.hasOwn(OWN_CLAIMS, name) ? OWN_CLAIMS[name] : undefined;
  if (flag !== undefined) {
    throw new CommandError(`The claim ${name} cannot be set with --claim; it comes from ${flag}.`);
  }
  try {
    return [name, JSON.parse(value)];
  } catch {
    // Text needs no quotes, but what looks like JSON must be JSON.
    if (!/^\s*[[{"]/.test(value)) return [name, value];
    throw new CommandError(
      `The value of --claim ${name} is broken JSON: quote it for the shell, as in '${name}={"a":1}'.`,
    );
  }
}
