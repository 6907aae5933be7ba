/**
 * Finds out why PowerSync refuses a token: the root cause, the code that PowerSync's clients see, and the commands
 * that fix it. It only reads, unless it is to sign in.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import type { Invocation } from "./cli/invocation.ts";
import { safeJson, shown } from "./cli/shown.ts";
import { type Check, failed, probed } from "./doctor/check.ts";
import { examine } from "./doctor/examine.ts";
import type { FixFile } from "./doctor/fix-context.ts";
import { fixOf } from "./doctor/fixes.ts";
import { EXIT_CODES, makeReport, refusedReport, type Report, reportLines } from "./doctor/report.ts";
import { withRootCauses } from "./doctor/root-cause.ts";
import { findSecretsFile, type SecretsFile } from "./doctor/secrets.ts";
import { readTokenFlags, withTokenFlags } from "./doctor/tokens/token-flag.ts";
import { EnvFileError } from "./setup/env-faults.ts";
import type { EnvVariables } from "./setup/env-file.ts";
import { configuredPlatform, DEVELOPMENT_PUBLISHABLE_KEY } from "./setup/platform.ts";
import { isLocalEnvFile, PRODUCTION_ENV_FILE } from "./setup/local-only.ts";
import { isPlaceholder } from "./setup/placeholder.ts";
import { likelyUrl } from "./setup/plain-url.ts";
import { findProject, type Project } from "./setup/project.ts";
import { openProject } from "./setup/project-folder.ts";
import { isHttpUrl, isLoopback, jwksUrlOf, withoutTrailingSlash } from "./setup/project-url.ts";

const HELP = `Finds out why PowerSync refuses a token, and what fixes it.

  deno task doctor                            the secrets in .env.production (or in supabase/functions/.env),
                                              the linked project, and its PowerSync instance
  deno task doctor -- --token                 and a PowerSync token, which it asks for
  deno task doctor -- --user-token user.jwt   and the access token that your app sends to powersync-auth

  --dir PROJECT           another project's folder, with supabase/ in it; paths are relative to it
  --env-file PATH         another file with secrets
  --project REF           another project than the linked one, by reference or URL
  --powersync URL         another instance than POWERSYNC_URL in the file
  --publishable-key KEY   the project's API key for clients: gets an anonymous token
  --token [FILE]          a PowerSync token, in a file or, with -, from standard input
  --user-token [FILE]     the access token of a signed-in user, in the same way
  --sign-in-anonymously   signs in to get one; this creates a user in the project
  --jwks-url URL          the JWKS URI that PowerSync has, if it is not the project's
  --audience AUD          an audience that PowerSync is configured with; may be repeated
  --json                  print JSON
  --help

Exits with 0 when nothing fails, 1 when something does, 2 when something that you named could not be checked.`;

/** What may be printed in a command. */
const NAMED_FLAGS = ["env-file", "project", "powersync", "jwks-url", "audience"];

/** As long as PowerSync waits for a JWKS, in milliseconds. */
const SLOW_MS = 3_000;
/** As long as the doctor waits for any answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

const FILE = { id: "env-file", title: "Secrets file" };

/** 1 says that something fails. */
const CANNOT_RUN = 2;

/** Reads the flags, examines, and prints. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  if (!args.includes("--json")) {
    return await run(args, (report) => console.log(reportLines(report).join("\n")));
  }
  const print = (report: Report) => console.log(safeJson(report, 2));
  try {
    return await run(args, print);
  } catch (error) {
    if (error instanceof CommandError) {
      print(refusedReport(error.message));
      return CANNOT_RUN;
    }
    print(refusedReport("The command itself failed: see standard error."));
    throw error;
  }
}

async function run(args: readonly string[], print: (report: Report) => void): Promise<number> {
  const flags = readFlags(withTokenFlags(args), {
    dir: { type: "string" },
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
  assertUrl("powersync", flags.powersync);
  assertUrl("jwks-url", flags["jwks-url"]);
  const invocation = await openProject(flags.dir);
  const project = await findProject(flags.project, invocation);
  const { file, path, fault } = await readSecrets(flags["env-file"], invocation);
  const { token, "user-token": userToken } = await readTokenFlags(flags, {
    pathOf: (file) => invocation.path(file),
  });
  const variables = file?.variables ?? {};
  const powersync = flags.powersync === undefined ? undefined : withoutTrailingSlash(flags.powersync);
  const { checks, projectKind, endpoint } = await examine({
    file,
    project: project?.url,
    jwksUrl: flags["jwks-url"],
    publishableKey: flags["publishable-key"] ?? publishableKeyFor(project?.url, variables),
    isKeyGuessed: flags["publishable-key"] === undefined,
    userToken,
    signInAnonymously: flags["sign-in-anonymously"],
    powersync,
    asksInstanceOfFile: flags.project === undefined && project !== undefined && file?.local === false,
    token,
    audiences: flags.audience ?? [],
    now: () => Date.now() / 1000,
    slowMs: SLOW_MS,
    timeoutMs: TIMEOUT_MS,
  });
  const context = {
    invocation,
    again: invocation.again("doctor", flags, { named: NAMED_FLAGS, asked: ["token", "user-token"] }),
    project: projectKind,
    projectName: project?.ref ?? project?.url,
    ref: project?.ref,
    jwksUrl: project === undefined ? flags["jwks-url"] : jwksUrlOf(project.url),
    powersync: checks.some(({ id, status }) => id === "powersync-given" && status === "failed")
      ? undefined
      : powersync,
    endpoint,
    audiences: flags.audience ?? [],
    isOtherJwksUrl: project !== undefined && flags["jwks-url"] !== undefined &&
      flags["jwks-url"] !== jwksUrlOf(project.url),
  };
  const ownFile = fixFileOf(path, { invocation, variables, checks });
  // The local file is not a deployment's.
  const isForDeployment = ownFile.isLocal && project !== undefined && projectKind !== "local";
  const deployedFile = isForDeployment ? fixFileOf(undefined, { invocation }) : ownFile;
  const missing = fault === undefined && checks.length === 0
    ? [probed(FILE, "file-missing", { seen: "There is no secrets file here, and no project is linked." })]
    : [];
  const fixed = withRootCauses([...missing, ...(fault === undefined ? [] : [fault]), ...checks]).map(
    (check) => {
      const fix = fixOf(check, { ...context, file: check.change === undefined ? deployedFile : ownFile });
      return fix === undefined ? check : { ...check, fix };
    },
  );
  const secrets = [...secretsOf(variables), token, userToken].filter((secret) => secret !== undefined);
  const report = makeReport(fixed, { sources: sourcesOf(path, { project, isForDeployment }), secrets });
  print(report);
  return EXIT_CODES[report.outcome];
}

function assertUrl(flag: string, value: string | undefined): void {
  if (value === undefined || isHttpUrl(value)) return;
  if (isPlaceholder(value)) {
    throw new CommandError(`--${flag} is a placeholder: replace it with your own value.`);
  }
  const meant = likelyUrl(value);
  const example = meant === undefined ? "." : `: ${meant}`;
  throw new CommandError(`--${flag} must be an http(s) URL${example}`);
}

/** The secrets; a file that cannot be read is a fault, and a file that is named and missing keeps the doctor from running. */
async function readSecrets(
  named: string | undefined,
  invocation: Invocation,
): Promise<{ file?: SecretsFile | undefined; path?: string | undefined; fault?: Check }> {
  try {
    const file = await findSecretsFile(named, invocation);
    return { file, path: file?.path };
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    const { message, path, fault: { id, repairable } } = error;
    // Without a change, edit-secrets repairs the file's format.
    const change = repairable ? {} : { byHand: true } as const;
    return { path, fault: failed(FILE, id, { seen: message, hint: "", change }) };
  }
}

function fixFileOf(
  path: string | undefined,
  { invocation, variables = {}, checks = [] }: {
    invocation: Invocation;
    variables?: EnvVariables;
    checks?: readonly Check[];
  },
): FixFile {
  return {
    path: path ?? invocation.path(PRODUCTION_ENV_FILE),
    isLocal: path !== undefined && isLocalEnvFile(path),
    names: path === undefined ? undefined : Object.keys(variables),
    url: variables.POWERSYNC_URL === undefined ? undefined : withoutTrailingSlash(variables.POWERSYNC_URL),
    canSign: checks.some(({ id, status }) => id === "key-secrets" && status === "passed"),
  };
}

function sourcesOf(
  file: string | undefined,
  { project, isForDeployment }: { project: Project | undefined; isForDeployment: boolean },
): string[] {
  return [
    file === undefined
      ? "There is no secrets file here."
      : `Secrets: ${file}${isForDeployment ? ", for this computer: not compared with the project" : ""}.`,
    project === undefined
      ? "No project is linked: link one, or pass --project."
      : `Project: ${shown(project.ref ?? project.url, 120)} (${project.from}).`,
  ];
}

/** The file's, when it is for this project; the development Auth's for `deno task dev`. */
function publishableKeyFor(project: string | undefined, variables: EnvVariables): string | undefined {
  if (project === undefined) return undefined;
  const { supabaseUrl, publishableKey } = configuredPlatform(variables, { shell: {}, port: 0 }) ?? {};
  if (supabaseUrl === project) return publishableKey;
  return isLoopback(project) ? DEVELOPMENT_PUBLISHABLE_KEY : undefined;
}

/** Public ones too: a private key may have been set in their place. A URL in the place of a key is to be seen. */
function secretsOf(variables: EnvVariables): (string | undefined)[] {
  return Object.entries(variables).flatMap(([name, value = ""]) =>
    /_KEY|SECRET/.test(name) && !isHttpUrl(value) ? [value] : []
  );
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args), CANNOT_RUN));
