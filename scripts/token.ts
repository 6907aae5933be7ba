/**
 * Makes a PowerSync token for any user, for testing. Standard output holds nothing but the token, so it can be piped;
 * its content and use go to standard error.
 */
import { decodeJwt } from "jose";
import { readKeySecrets } from "../supabase/functions/_shared/powersync/settings.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import { describeDuration, describeTime, parseDuration } from "./cli/duration.ts";
import { readFlags } from "./cli/flags.ts";
import type { Invocation } from "./cli/invocation.ts";
import { safeJson, visible } from "./cli/shown.ts";
import { type DevelopmentToken, signWithFunctionsKey, signWithSharedKey } from "./keys/development-token.ts";
import { MAX_TOKEN_LIFETIME_SECONDS } from "./powersync/limits.ts";
import { audiencesOf } from "./setup/audience.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { assertAudiences, assertUsable } from "./setup/inspect.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { openProject } from "./setup/project-folder.ts";
import { withoutTrailingSlash } from "./setup/project-url.ts";

const DEFAULT_LIFETIME_SECONDS = 12 * 3600;

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

const HELP = `Prints a PowerSync token for testing.

  deno task token -- --user <id>            for a signed-in user
  deno task token -- --anonymous            for an anonymous caller

  --claim NAME=VALUE   another claim; VALUE is JSON or text; may be repeated
  --audience AUD       default: POWERSYNC_AUDIENCE or POWERSYNC_URL in the file, else powersync-dev; may be repeated
  --expires-in TIME    30m, 12h (default), …; at most 24h
  --dir PROJECT        another project's folder, with supabase/ in it; paths are relative to it
  --env-file PATH      the file with the key (default ${LOCAL_ENV_FILE})
  --shared             sign with POWERSYNC_SHARED_KEY (HS256) instead: see deno task keys -- --alg HS256
  --help`;

/** Reads the flags and prints the token that they ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    dir: { type: "string" },
    user: { type: "string" },
    anonymous: { type: "boolean" },
    claim: { type: "string", multiple: true },
    audience: { type: "string", multiple: true },
    "expires-in": { type: "string" },
    "env-file": { type: "string" },
    shared: { type: "boolean" },
  });
  if (flags.help) return console.log(HELP);
  const claims = developmentClaims(readUser(flags.user, flags.anonymous === true), flags.claim ?? []);
  const lifetimeSeconds = readLifetime(flags["expires-in"]);
  const invocation = await openProject(flags.dir);
  const envFile = invocation.path(flags["env-file"] ?? LOCAL_ENV_FILE);
  const variables = await readEnvFile(envFile);
  if (variables === undefined) {
    const command = flags.shared ? invocation.task("keys", "--alg", "HS256") : invocation.task("dev");
    const made = invocation.path(LOCAL_ENV_FILE);
    throw new CommandError(
      `There is no file ${envFile}: ${command} creates ${made} with a key, or name another with --env-file.`,
    );
  }
  assertAudiences(flags.audience ?? []);
  const names = [
    ...(flags.audience === undefined ? ["POWERSYNC_URL", "POWERSYNC_AUDIENCE"] : []),
    // Perhaps its name is misspelt.
    ...(!flags.shared && readKeySecrets(variables).signing.length === 0 ? ["POWERSYNC_PRIVATE_KEY"] : []),
  ];
  await assertUsable(variables, { file: envFile, names });
  const audiences = audiencesOf(variables, flags.audience ?? []);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const request = { variables, envFile, invocation, claims, audiences, lifetimeSeconds, nowSeconds };
  const made = flags.shared ? await signWithSharedKey(request) : await signWithFunctionsKey(request);
  const url = withoutTrailingSlash(variables.POWERSYNC_URL ?? "") || "<the instance URL>";
  console.error(explain(made, { url, nowSeconds, envFile, invocation }));
  console.log(made.token);
}

function readUser(user: string | undefined, anonymous: boolean): string | undefined {
  if (anonymous && user === undefined) return undefined;
  if (anonymous) throw new CommandError("--user and --anonymous cannot be used together: leave one out.");
  if (user === undefined) throw new CommandError("The token needs a user: give --user <id>, or --anonymous.");
  // deno-lint-ignore no-control-regex
  if (user.trim() !== "" && !/[\x00-\x1f\x7f]/.test(user)) return user;
  throw new CommandError("--user is empty or has control characters: give the id as in your tables.");
}

/**
 * The claims of a development token: the defaults of claims.ts for a signed-in user or an anonymous caller, and what
 * `--claim` adds or replaces.
 *
 * @param user The user's id; `undefined` for an anonymous caller.
 * @param stated Each `name=value`; a value is JSON, or else text.
 * @throws {CommandError} A claim without name or value, invalid JSON, a claim that another flag sets.
 */
function developmentClaims(
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

function readLifetime(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIFETIME_SECONDS;
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0 && seconds <= MAX_TOKEN_LIFETIME_SECONDS) return seconds;
  throw new CommandError(
    "--expires-in must be a time of up to 24 hours such as 30m or 12h: PowerSync refuses more.",
  );
}

function explain(
  { token, kid, alg }: DevelopmentToken,
  { url, nowSeconds, envFile, invocation }: {
    url: string;
    nowSeconds: number;
    envFile: string;
    invocation: Invocation;
  },
): string {
  const { exp = nowSeconds, ...claims } = decodeJwt(token);
  const config = invocation.task("config", "--static", ...invocation.envFile(envFile));
  return [
    `A token for testing, signed with the key ${kid} (${alg}) in ${envFile}; valid for ${
      describeDuration(exp - nowSeconds)
    }, until about ${describeTime(exp)}.`,
    `Claims: ${safeJson(claims)}`,
    "",
    "Use it in",
    `- the Diagnostics app, https://diagnostics-app.powersync.com: endpoint ${url}, and the token`,
    `- an app: fetchCredentials: async () => ({ endpoint: ${JSON.stringify(url)}, token: "<the token>" })`,
    "- a self-hosted PowerSync Service, once it knows the key; this prints its client_auth:",
    `  ${config}`,
    "",
  ].map(visible).join("\n");
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
