/**
 * Prints the settings that make PowerSync accept the functions' tokens: `client_auth` for a self-hosted service.yaml,
 * and the fields of PowerSync Cloud. All of the output is YAML, so it can be written to a file.
 */
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { keysOfFile, keysOfJwks } from "./keys/static-keys.ts";
import { audiencesOf, statedAudiences } from "./setup/audience.ts";
import { type ClientAuth, clientAuthYaml, cloudFields, isShared, whyNotCloud } from "./setup/client-auth.ts";
import { findDeployment } from "./setup/deployment.ts";
import { assertAudiences, assertUsable } from "./setup/inspect.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { isLoopback, isPrivateHost, jwksUrlFor } from "./setup/project-url.ts";
import { openProject } from "./setup/project-folder.ts";
import { readSharedKey, SHARED_KEY_NAME } from "./setup/shared-key.ts";

const HELP = `Prints PowerSync's client authentication settings.

  deno task config                for the linked project and .env.production; without either, for the keys that
                                  deno task dev serves and supabase/functions/.env
  deno task config -- --cloud     for PowerSync's CLI: client_auth in powersync/service.yaml
  deno task config -- --static    with the keys inline, for a service that cannot reach the JWKS

  --dir PROJECT     another project's folder, with supabase/ in it; paths are relative to it
  --project REF     another project than the linked one, by ref or URL
  --jwks-url URL    the address of powersync-jwks (default: the project's, from SUPABASE_URL in the file, or from
                    the link; with supabase/functions/.env that of deno task dev)
  --static          the keys themselves instead of their address: from the file, or from --jwks-url;
                    with --project from .env.production or --env-file, or else as published
  --cloud           only the block for PowerSync Cloud
  --audience AUD    default: POWERSYNC_AUDIENCE or POWERSYNC_URL in the file, else powersync-dev; may be repeated
  --env-file PATH   another file, such as ${LOCAL_ENV_FILE}
  --help`;

const CLOUD_CLI = "PowerSync Cloud, with its CLI: in powersync/service.yaml";

/** The secrets that `--static` prints the public halves of. */
const KEY_NAMES = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY", SHARED_KEY_NAME];

/** Reads the flags and prints the settings that they ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    dir: { type: "string" },
    project: { type: "string" },
    "jwks-url": { type: "string" },
    static: { type: "boolean" },
    cloud: { type: "boolean" },
    audience: { type: "string", multiple: true },
    "env-file": { type: "string" },
  });
  if (flags.help) return console.log(HELP);
  const invocation = await openProject(flags.dir);
  const { envFile, variables: found, jwksUrl, isPublished, project } = await findDeployment(
    flags,
    invocation,
  );
  if (found === undefined && (jwksUrl === undefined || flags["env-file"] !== undefined)) {
    throw new CommandError(
      `There is no file ${envFile}. For a deployment, link the project or name it with --project. For this computer, ${
        invocation.task("dev")
      } creates ${invocation.path(LOCAL_ENV_FILE)}.`,
    );
  }
  const variables = found ?? {};
  await assertUsable(variables, {
    file: envFile,
    names: [
      ...(flags.audience === undefined ? ["POWERSYNC_URL", "POWERSYNC_AUDIENCE"] : []),
      ...(jwksUrl === undefined ? ["SUPABASE_URL"] : []),
      ...(flags.static && !isPublished ? KEY_NAMES : [SHARED_KEY_NAME]),
    ],
  });
  assertAudiences(flags.audience ?? []);
  const audiences = audiencesOf(variables, flags.audience ?? []);
  const jwksUri = jwksUrl ?? jwksUrlFor(variables);
  const keysOf = () =>
    jwksUrl !== undefined && isPublished
      ? keysOfJwks(jwksUrl)
      : keysOfFile(variables, { envFile, invocation });
  // The two together: pasted one over the other, they refuse each other's tokens.
  const shared = isPrivateHost(jwksUri) ? readSharedKey(variables[SHARED_KEY_NAME]?.trim() ?? "") : undefined;
  const settings = flags.static
    ? { audiences, keys: await keysOf() }
    : { audiences, jwksUri, keys: shared === undefined ? [] : [shared] };
  const text = settingsText(settings, { ...flags, jwksUri });
  console.error(`Secrets: ${found === undefined ? "no file" : envFile}. ${project}`);
  const isKnown = statedAudiences(variables, flags.audience ?? []).length > 0;
  if (!isKnown && jwksUrl !== undefined && !isLoopback(jwksUrl)) {
    console.error(
      `No audience is known, so it is ${audiences[0]}: add POWERSYNC_URL to the file, or --audience.`,
    );
  }
  console.log(text);
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
    ...(cloud ? [`# ${CLOUD_CLI}`, clientAuthYaml(settings, { isCloud: true })] : [
      "# Self-hosted PowerSync Service: in service.yaml",
      ...loopbackHint(settings),
      clientAuthYaml(settings),
    ]),
    "",
    ...(cloud || unreachable !== undefined
      ? []
      : [`# ${CLOUD_CLI}`, ...commented(clientAuthYaml(settings, { isCloud: true })), ""]),
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
    "# This address is this computer; a service in a container cannot reach it: give it the keys with --static.",
  ];
}

function sharedWarning({ keys = [] }: ClientAuth): string[] {
  if (!keys.some(isShared)) return [];
  return [
    "# This has a shared secret, for development only: whoever has it can sign a token for any user. Keep it out of git.",
  ];
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
