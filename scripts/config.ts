/**
 * Prints the settings that make PowerSync accept the functions' tokens: `client_auth` for a self-hosted service.yaml,
 * and the fields of PowerSync Cloud. All of the output is YAML, so it can be written to a file.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { keysOfFile, keysOfJwks } from "./keys/static-keys.ts";
import { audiencesOf, DEVELOPMENT_AUDIENCE } from "./setup/audience.ts";
import { type ClientAuth, clientAuthYaml, cloudFields } from "./setup/client-auth.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { assertAudiences, assertUsable } from "./setup/inspect.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { isHttpUrl, isLoopback, jwksUrlOf, projectUrl } from "./setup/project-url.ts";
import { SHARED_KEY_NAME } from "./setup/shared-key.ts";

const HELP = `Prints PowerSync's client authentication settings.

  deno task config                          for the keys that deno task dev serves
  deno task config -- --env-file .env.production --project <project ref>
  deno task config -- --static              with the keys inline, for a service that cannot reach the JWKS

  --project REF     the deployment's project, by ref or URL
  --jwks-url URL    the address of powersync-jwks (default: from SUPABASE_URL in the file, or deno task dev)
  --static          the keys themselves instead of their address: from the file, or from --jwks-url
  --audience AUD    default: POWERSYNC_AUDIENCE or POWERSYNC_URL in the file, else powersync-dev; may be repeated
  --env-file PATH   default ${LOCAL_ENV_FILE}
  --help`;

/** Where `deno task dev` serves. */
const LOCAL_SUPABASE_URL = "http://127.0.0.1:54321";

/** The secrets that `--static` prints the public halves of. */
const KEY_NAMES = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY", SHARED_KEY_NAME];

/** Reads the flags and prints the settings that they ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    project: { type: "string" },
    "jwks-url": { type: "string" },
    static: { type: "boolean" },
    audience: { type: "string", multiple: true },
    "env-file": { type: "string" },
  });
  if (flags.help) return console.log(HELP);
  const envFile = flags["env-file"] ?? LOCAL_ENV_FILE;
  const jwksUrl = readJwksUrl(flags["jwks-url"], flags.project);
  const found = await readEnvFile(envFile);
  const variables = found ?? {};
  if (found === undefined && (jwksUrl === undefined || flags["env-file"] !== undefined)) {
    throw new CommandError(`There is no file ${envFile}: \`deno task dev\` makes it, or give --project.`);
  }
  await assertUsable(variables, {
    file: envFile,
    names: [
      ...(flags.audience === undefined ? ["POWERSYNC_URL", "POWERSYNC_AUDIENCE"] : []),
      ...(jwksUrl === undefined ? ["SUPABASE_URL"] : []),
      ...(flags.static && jwksUrl === undefined ? KEY_NAMES : []),
    ],
  });
  assertAudiences(flags.audience ?? []);
  const audiences = audiencesOf(variables, flags.audience ?? []);
  if (audiences[0] === DEVELOPMENT_AUDIENCE && jwksUrl !== undefined && !isLoopback(jwksUrl)) {
    console.error(
      `No audience is known, so it is ${DEVELOPMENT_AUDIENCE}: add POWERSYNC_URL to the file, or --audience.`,
    );
  }
  const jwksUri = jwksUrl ?? jwksUrlOf(variables.SUPABASE_URL?.trim() || LOCAL_SUPABASE_URL);
  if (flags.static) {
    const keys = jwksUrl === undefined ? await keysOfFile(variables, envFile) : await keysOfJwks(jwksUrl);
    return console.log(settingsText({ audiences, keys }, jwksUri));
  }
  console.log(settingsText({ audiences, jwksUri }, jwksUri));
}

function readJwksUrl(url: string | undefined, project: string | undefined): string | undefined {
  if (url !== undefined && project !== undefined) {
    throw new CommandError("--project and --jwks-url both name the JWKS: leave one out.");
  }
  if (project !== undefined) {
    const supabaseUrl = projectUrl(project);
    if (supabaseUrl !== undefined) return jwksUrlOf(supabaseUrl);
    throw new CommandError(
      "--project must be a project's ref or URL: copy the ref from the dashboard's URL.",
    );
  }
  if (url === undefined || isHttpUrl(url)) return url;
  throw new CommandError("--jwks-url must be an http(s) URL: the address of powersync-jwks.");
}

function settingsText(settings: ClientAuth, jwksUri: string): string {
  return [
    "# Self-hosted PowerSync Service: in service.yaml",
    ...loopbackHint(settings.jwksUri),
    clientAuthYaml(settings),
    "",
    "# PowerSync Cloud: dashboard, your instance, Client Auth",
    ...cloudLines({ ...settings, jwksUri }).map((line) => `#   ${line}`),
  ].join("\n");
}

function loopbackHint(jwksUri: string | undefined): string[] {
  if (jwksUri === undefined || !isLoopback(jwksUri)) return [];
  return [
    "# This address is this computer; a service in a container does not reach it: give it the keys with --static.",
  ];
}

function cloudLines(settings: ClientAuth): string[] {
  if (settings.jwksUri === undefined || !isLoopback(settings.jwksUri)) return cloudFields(settings);
  return ["Cloud cannot reach this computer: name the deployment with --project <project ref>."];
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
