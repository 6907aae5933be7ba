/**
 * Prints the settings that make PowerSync accept the functions' tokens: `client_auth` for a self-hosted service.yaml,
 * and the fields of PowerSync Cloud. All of the output is YAML, so it can be written to a file.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { keysOfFile, keysOfJwks } from "./keys/static-keys.ts";
import { audiencesOf, statedAudiences } from "./setup/audience.ts";
import {
  type ClientAuth,
  clientAuthYaml,
  cloudAuthYaml,
  cloudFields,
  isShared,
  whyNotCloud,
} from "./setup/client-auth.ts";
import { readEnvFile } from "./setup/env-file.ts";
import { assertAudiences, assertUsable } from "./setup/inspect.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import {
  isHttpUrl,
  isLoopback,
  isPrivateHost,
  jwksUrlFor,
  jwksUrlOf,
  projectUrl,
} from "./setup/project-url.ts";
import { readSharedKey, SHARED_KEY_NAME } from "./setup/shared-key.ts";

const HELP = `Prints PowerSync's client authentication settings.

  deno task config                          for the keys that deno task dev serves
  deno task config -- --env-file .env.production --project <project ref>
  deno task config -- --static              with the keys inline, for a service that cannot reach the JWKS
  deno task config -- --cloud --env-file .env.production --project <project ref>
                                            for PowerSync's CLI: client_auth in powersync/service.yaml

  --project REF     the deployment's project, by ref or URL
  --jwks-url URL    the address of powersync-jwks (default: from SUPABASE_URL in the file, or deno task dev)
  --static          the keys themselves instead of their address: from the file, or from --jwks-url;
                    with --project from --env-file, or else as published
  --cloud           only the block for PowerSync Cloud
  --audience AUD    default: POWERSYNC_AUDIENCE or POWERSYNC_URL in the file, else powersync-dev; may be repeated
  --env-file PATH   default ${LOCAL_ENV_FILE}
  --help`;

const CLOUD_CLI = "PowerSync Cloud, with its CLI: in powersync/service.yaml";

/** The secrets that `--static` prints the public halves of. */
const KEY_NAMES = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY", SHARED_KEY_NAME];

/** Reads the flags and prints the settings that they ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    project: { type: "string" },
    "jwks-url": { type: "string" },
    static: { type: "boolean" },
    cloud: { type: "boolean" },
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
  // --project names the deployment of a file that has the keys.
  const isFromNetwork = jwksUrl !== undefined &&
    (flags["jwks-url"] !== undefined || flags["env-file"] === undefined);
  await assertUsable(variables, {
    file: envFile,
    names: [
      ...(flags.audience === undefined ? ["POWERSYNC_URL", "POWERSYNC_AUDIENCE"] : []),
      ...(jwksUrl === undefined ? ["SUPABASE_URL"] : []),
      ...(flags.static && !isFromNetwork ? KEY_NAMES : [SHARED_KEY_NAME]),
    ],
  });
  assertAudiences(flags.audience ?? []);
  const audiences = audiencesOf(variables, flags.audience ?? []);
  const isKnown = statedAudiences(variables, flags.audience ?? []).length > 0;
  if (!isKnown && jwksUrl !== undefined && !isLoopback(jwksUrl)) {
    console.error(
      `No audience is known, so it is ${audiences[0]}: add POWERSYNC_URL to the file, or --audience.`,
    );
  }
  const jwksUri = jwksUrl ?? jwksUrlFor(variables);
  if (flags.static) {
    const keys = isFromNetwork ? await keysOfJwks(jwksUrl) : await keysOfFile(variables, envFile);
    return console.log(settingsText({ audiences, keys }, { ...flags, jwksUri }));
  }
  // The two together: pasted one over the other, they refuse each other's tokens.
  const shared = readSharedKey(variables[SHARED_KEY_NAME]?.trim() ?? "");
  const keys = shared === undefined || !isPrivateHost(jwksUri) ? [] : [shared];
  console.log(settingsText({ audiences, jwksUri, keys }, { ...flags, jwksUri }));
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

/** The dashboard takes an address only, also where the block has the keys inline. */
function settingsText(
  settings: ClientAuth,
  { cloud = false, jwksUri }: { cloud?: boolean | undefined; jwksUri: string },
): string {
  const unreachable = whyNotCloud(settings);
  if (cloud && unreachable !== undefined) throw new CommandError(unreachable);
  const dashboard = { ...settings, jwksUri };
  const notInDashboard = whyNotCloud(dashboard);
  return [
    ...sharedWarning(settings),
    ...(cloud ? [`# ${CLOUD_CLI}`, cloudAuthYaml(settings)] : [
      "# Self-hosted PowerSync Service: in service.yaml",
      ...loopbackHint(settings),
      clientAuthYaml(settings),
    ]),
    "",
    ...(cloud || unreachable !== undefined
      ? []
      : [`# ${CLOUD_CLI}`, ...commented(cloudAuthYaml(settings)), ""]),
    "# PowerSync Cloud, in the dashboard: your instance, Client Auth",
    ...commented(notInDashboard ?? cloudFields(dashboard).join("\n")),
  ].join("\n");
}

function commented(text: string): string[] {
  return text.split("\n").map((line) => `#   ${line}`);
}

function loopbackHint({ jwksUri }: ClientAuth): string[] {
  if (jwksUri === undefined || !isLoopback(jwksUri)) return [];
  return [
    "# This address is this computer; a service in a container does not reach it: give it the keys with --static.",
  ];
}

function sharedWarning({ keys = [] }: ClientAuth): string[] {
  if (!keys.some(isShared)) return [];
  return [
    "# This has a shared secret, for development only: whoever has it can sign a token for any user. Keep it out of git.",
  ];
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
