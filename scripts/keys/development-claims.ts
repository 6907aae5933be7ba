import { CommandError } from "../cli/command.ts";

/** Claims that the command sets itself, and the flag of each. */
const OWN_CLAIMS: Readonly<Record<string, string>> = {
  sub: "--user",
  aud: "--audience",
  exp: "--expires-in",
  iat: "no flag: it is the current time",
  nbf: "no flag: the token is valid at once",
  iss: "POWERSYNC_ISSUER",
  jti: "no flag: the functions set none",
};

/**
 * The claims of a development token: the defaults of claims.ts for a signed-in user or an anonymous caller, and what
 * `--claim` adds or replaces.
 *
 * @param user The user's id; `undefined` for an anonymous caller.
 * @param stated Each `name=value`; a value is JSON, or else text.
 * @throws {CommandError} A claim without name or value, invalid JSON, a claim that another flag sets.
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
  if (name === "") throw new CommandError("--claim must be name=value, for example --claim plan=pro.");
  const flag = Object.hasOwn(OWN_CLAIMS, name) ? OWN_CLAIMS[name] : undefined;
  if (flag !== undefined) {
    throw new CommandError(`The claim ${name} cannot be set with --claim: it comes from ${flag}.`);
  }
  try {
    return [name, JSON.parse(value)];
  } catch {
    // Text needs no quotes, but a value that looks like JSON must be JSON.
    if (!/^\s*[[{"]/.test(value)) return [name, value];
    throw new CommandError(
      `The value of --claim ${name} is not valid JSON: quote it for the shell, as in '${name}={"a":1}'.`,
    );
  }
}
