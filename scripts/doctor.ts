/**
 * Finds out why a set-up does not work: the cause, the PowerSync code it leads to, and the command that fixes it.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { examine } from "./doctor/examine.ts";
import { isHealthy, printable, reportLines } from "./doctor/report.ts";
import { type EnvVariables, readEnvFile } from "./setup/env-file.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { configuredPlatform, DEVELOPMENT_PUBLISHABLE_KEY } from "./setup/platform.ts";
import { isHttpUrl, isLoopback, projectUrl } from "./setup/project-url.ts";

const HELP = `Finds out why PowerSync refuses a token, and what fixes it.

  deno task doctor                                  the secrets in supabase/functions/.env
  deno task doctor -- --project <ref or URL>        a deployment, from outside
  deno task doctor -- --powersync <URL> …           and the PowerSync instance itself
  deno task doctor -- --token -                     one token, read from standard input

  --env-file PATH         another file with secrets
  --publishable-key KEY   the project's API key for clients: gets an anonymous token
  --user-token TOKEN      the access token of a signed-in user
  --sign-in-anonymously   signs in to get one; this creates a user in the project
  --token TOKEN           explains this token; - reads it from standard input
  --jwks-url URL          another JWKS than the project's
  --audience AUD          what PowerSync is configured with; may be repeated
  --json                  for machines
  --help

Exits with 0 when nothing fails, 1 when something does, 2 when it could not run.`;

/** As long as PowerSync waits for a JWKS, in milliseconds. */
const SLOW_MS = 3_000;
/** As long as the doctor waits for any answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** 1 says that something fails. */
const CANNOT_RUN = 2;

/** Reads the flags, examines, and prints. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const flags = readFlags(args, {
    "env-file": { type: "string" },
    project: { type: "string" },
    powersync: { type: "string" },
    token: { type: "string" },
    "jwks-url": { type: "string" },
    audience: { type: "string", multiple: true },
    "user-token": { type: "string" },
    "publishable-key": { type: "string" },
    "sign-in-anonymously": { type: "boolean" },
    json: { type: "boolean" },
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const project = flags.project === undefined ? undefined : projectUrl(flags.project);
  if (flags.project !== undefined && project === undefined) {
    throw new CommandError("--project must be a project's ref or URL.");
  }
  for (const name of ["powersync", "jwks-url"] as const) {
    if (flags[name] !== undefined && !isHttpUrl(flags[name])) {
      throw new CommandError(`--${name} must be an http(s) URL.`);
    }
  }
  const path = flags["env-file"] ?? LOCAL_ENV_FILE;
  const variables = await readEnvFile(path);
  if (variables === undefined && flags["env-file"] !== undefined) {
    throw new CommandError(`There is no file ${path}.`);
  }
  const given = flags.token === "-" ? await new Response(Deno.stdin.readable).text() : flags.token;
  const token = given?.trim();
  const checks = await examine({
    file: variables === undefined ? undefined : { path, variables, local: path === LOCAL_ENV_FILE },
    project,
    jwksUrl: flags["jwks-url"],
    publishableKey: flags["publishable-key"] ?? publishableKeyFor(project, variables ?? {}),
    userToken: flags["user-token"],
    signInAnonymously: flags["sign-in-anonymously"],
    powersync: flags.powersync,
    token,
    audiences: flags.audience ?? [],
    now: () => Date.now() / 1000,
    slowMs: SLOW_MS,
    timeoutMs: TIMEOUT_MS,
  });
  const secrets = [...secretsOf(variables ?? {}), token, flags["user-token"]].filter((secret) =>
    secret !== undefined
  );
  const shown = printable(checks, { secrets, projectRef: refOf(flags.project) });
  if (flags.json) console.log(JSON.stringify({ healthy: isHealthy(checks), checks: shown }, null, 2));
  else reportLines(shown).forEach((line) => console.log(line));
  return isHealthy(checks) ? 0 : 1;
}

/** The file's, when it is for this project; the development Auth's for `deno task dev`. */
function publishableKeyFor(project: string | undefined, variables: EnvVariables): string | undefined {
  if (project === undefined) return undefined;
  const { supabaseUrl, publishableKey } = configuredPlatform(variables, { shell: {}, port: 0 }) ?? {};
  if (supabaseUrl === project) return publishableKey;
  return isLoopback(project) ? DEVELOPMENT_PUBLISHABLE_KEY : undefined;
}

/** Public ones too: a private key may have been set in their place. */
function secretsOf(variables: EnvVariables): (string | undefined)[] {
  return Object.entries(variables).flatMap(([name, value]) => /_KEY|SECRET/.test(name) ? [value] : []);
}

function refOf(project: string | undefined): string | undefined {
  return /^[a-z0-9]+$/.exec(project ?? "")?.[0] ??
    /^https:\/\/([a-z0-9]+)\.supabase\.co/.exec(project ?? "")?.[1];
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args), CANNOT_RUN));
