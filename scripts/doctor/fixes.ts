/** Turns a cause and what is known of the set-up into commands that can be pasted, and one sentence. */
import { shellWord } from "../cli/invocation.ts";
import { meaningOf } from "../powersync/codes.ts";
import type { Check } from "./check.ts";

/** What heals a fault. */
export interface Fix {
  /** In this order, each complete. */
  readonly commands: readonly string[];
  /** What the commands cannot say; what to do where there is no command. */
  readonly note: string;
}

/** A change of the secrets: the file is changed first, or its next upload brings the fault back. */
export interface EnvChange {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** From one name to another. */
  readonly rename?: readonly [from: string, to: string];
  /** A new key in the place of those in the file. */
  readonly newKey?: true;
}

/** The set-up that the commands are for. */
export interface FixContext {
  /** How the reader starts tasks: `deno task`. */
  readonly task: string;
  /** This command again, without secrets. */
  readonly again: string;
  /** The secrets file to change. */
  readonly file: string;
  /** The file is for this computer: it is not uploaded. */
  readonly isLocalFile: boolean;
  readonly project: ProjectKind;
  /** The project's reference or URL, where it is known. */
  readonly projectName: string | undefined;
  readonly ref: string | undefined;
  readonly jwksUrl: string | undefined;
  /** The instance, as its URL should be set. */
  readonly powersync: string | undefined;
}

/** Where the functions run, which decides how they are deployed. */
export type ProjectKind = "hosted" | "self-hosted" | "local";

/** The functions, by name: a project may have others that need the gateway's check. */
const FUNCTIONS = "powersync-jwks powersync-auth powersync-auth-anonymous";
const RECREATE = "docker compose up -d --force-recreate --no-deps functions";
const ISOLATES = "Isolates may keep the old values for ten minutes.";
const READ_LOG = "Its log names the file and the line: in the dashboard, Edge Functions, the function, Logs.";
const READ_CONTAINER_LOG = "docker compose logs --tail 50 functions";

type MakeFix = (context: FixContext, check: Check) => Fix;

/** The fix of a warning or failure. */
export function fixOf(check: Check, context: FixContext): Fix | undefined {
  const { cause, change, hint = "" } = check;
  if (cause === undefined) return undefined;
  if (change !== undefined) return changeSecrets(change, context, hint);
  const make = FIXES[cause] ?? FAMILIES.find(([family]) => family.test(cause))?.[1];
  const { commands, note } = make?.(context, check) ?? { commands: [], note: meaningOf(cause)?.fix ?? "" };
  return { commands, note: note === "" ? hint : note };
}

const say = (note: string): MakeFix => () => ({ commands: [], note });

const FIXES: Readonly<Partial<Record<string, MakeFix>>> = {
  "file-missing": ({ task }) => ({
    commands: [`${task} keys -- --env-file .env.production`],
    note: `This makes the secrets of a deployment. To try everything on this computer: ${task} dev`,
  }),
  "no-dns": ({ project }, { id }) =>
    note(
      id === "powersync"
        ? "Copy the instance's URL from PowerSync's dashboard, and look at the network, proxy or VPN here."
        : project === "hosted"
        ? "Compare the reference with the one in the dashboard's address, and look at the network, proxy or VPN here."
        : "Check the address, and the network, proxy or VPN here.",
    ),
  "no-connection": ({ project, task }, { id }) =>
    id !== "powersync" && project === "local"
      ? { commands: [`${task} dev`], note: "It serves the functions on this computer; leave it running." }
      : note(
        "Check the address and port, and that the server is up: see its dashboard or `docker compose ps`.",
      ),
  "no-tls": say("Use the scheme and host that the server's certificate is for."),
  "no-trust": ({ again }) => ({
    commands: [`DENO_TLS_CA_STORE=system ${again}`],
    note: "With a self-signed certificate on a server of your own, PowerSync and apps cannot connect either.",
  }),
  "no-permission": ({ task }) => ({
    commands: [`${task} doctor`],
    note: "The task has the permissions it needs.",
  }),
  "no-answer-in-time": (context, { id }) =>
    note(id === "powersync" ? "See the instance's health in PowerSync's dashboard." : logNote(context)),
  "no-whole-answer": say("Run the doctor from another network. If it stays, read the server's log."),

  "gateway-check": (context) =>
    context.project === "self-hosted"
      ? {
        commands: [`sed -i 's/^FUNCTIONS_VERIFY_JWT=.*/FUNCTIONS_VERIFY_JWT=false/' .env`, RECREATE],
        note:
          "Run them in the folder of Supabase's docker-compose.yml. The functions check their callers themselves.",
      }
      : deploy(context, "The functions check their callers themselves.", " --no-verify-jwt"),
  "gateway-api-key": say(
    "In Supabase's docker folder, remove `key-auth` from the functions route in volumes/api/kong.yml and restart kong: the functions check their callers themselves.",
  ),
  "gateway-no-route": say("Check the project's URL: functions are at <URL>/functions/v1/."),
  "not-deployed": (context) => deploy(context, ""),
  "boot-error": (context) =>
    context.project === "self-hosted"
      ? {
        commands: [READ_CONTAINER_LOG, RECREATE],
        note: "The log names the file and the line. Copy supabase/functions whole.",
      }
      : deploy(context, READ_LOG),
  "function-limit": (context) => note(`claims.ts does too much for one request. ${logNote(context)}`),
  "function-timeout": (context) =>
    note(`claims.ts may wait for something that does not answer. ${logNote(context)}`),
  "function-crashed": (context) => deploy(context, logNote(context)),
  "project-paused": ({ ref }) => note(`Restore it in the dashboard: ${dashboard(ref)}`),
  "project-restricted": say(
    "See usage and billing of the organization in the dashboard: https://supabase.com/dashboard/org/_/billing",
  ),
  "project-down": ({ ref }) =>
    note(
      `Wait some minutes; see ${dashboard(ref)} and https://status.supabase.com, then run the doctor again.`,
    ),
  "rate-limited": say("Wait a minute, and run the doctor again."),
  "front-refuses": say(
    "Let /functions/v1/ through, without a password, in the firewall, proxy or access policy that answers.",
  ),
  "front-page": (context) => note(`The JWKS is at ${jwksUri(context)}.`),
  "front-error": (context) => note(logNote(context)),
  "front-redirect": say("Give the address that it redirects to, here and in apps."),

  "jwks-shape": tellPowerSync,
  "jwks-not-json": tellPowerSync,
  "jwks-of-auth": tellPowerSync,
  "jwks-of-another": tellPowerSync,
  "jwks-slow": say(
    "Run the doctor again: only a cold start may be slow. If it stays, see the function's log.",
  ),
  "jwks-redirect": say("Enter the target itself as PowerSync's JWKS URI."),
  "jwks-http-public": say("Use the https address."),
  "jwks-host-ipv6": say("Serve the JWKS on a host with an IPv4 address."),
  "jwks-host-private": (context) => ({
    commands: [`${context.task} config -- --static --env-file ${shellWord(context.file)}`],
    note:
      "It prints the keys for service.yaml, so the service need not fetch them. PowerSync Cloud needs a public address.",
  }),
  "jwks-dev-key": newKey,
  "jwks-not-empty": newKey,
  "jwks-member": ourFunctions,
  "jwks-key-imports": ourFunctions,
  "jwks-key-algorithm": ourFunctions,
  "jwks-rsa-bits": ourFunctions,
  "jwks-kid-present": ourFunctions,
  "jwks-kid-unique": ourFunctions,
  "jwks-key-used": ourFunctions,
  "jwks-no-private-member": ({ task, file }) => ({
    commands: [`${task} keys -- --rotate --leaked --env-file ${shellWord(file)}`],
    note: "Everybody can see the private key: treat it as leaked. The command prints what follows.",
  }),
  "keys-not-deployed": (context) => upload(context, ISOLATES),
  "signing-key-unpublished": (context) =>
    deploy(context, `${ISOLATES} If it stays, deploy all three together.`),

  "answer-malformed": (context) => deploy(context, ""),
  "endpoint-slash": setUrl,
  "endpoint-other": setUrl,
  "cors-preflight": (context) => deploy(context, "", " --no-verify-jwt"),
  "cors-headers": (context) => deploy(context, ""),
  "sign-in-refused": say(
    "Allow anonymous sign-ins in the dashboard (Authentication, Sign In), or give --user-token with a user's access token.",
  ),

  "instance-not-a-service": say("Copy the instance's URL from PowerSync's dashboard: without a path."),
  "instance-other-jwks": tellPowerSync,
  "instance-audience": tellPowerSync,
  "instance-ends-stream": say("Self-hosted: synchronize the clock of PowerSync's host (NTP)."),
  "instance-silent": say("See the instance's health and log in PowerSync's dashboard."),
  "instance-no-sync-config": say(
    "Deploy sync streams or rules in PowerSync's dashboard, or in service.yaml.",
  ),
  "instance-error": say("See the instance's log in PowerSync's dashboard."),

  "clock-here": say("Switch on time synchronization on this computer."),
  "clock-unknown": say(
    "Compare both with https://time.is, and switch on time synchronization (NTP) where it is wrong.",
  ),
  "clock-functions": say("Self-hosted: synchronize the clock of the functions' host (NTP)."),
  "clock-instance": say("Self-hosted: synchronize the clock of PowerSync's host (NTP)."),

  CLAIMS_REFUSED: say(
    "claims.ts refuses this caller: that is your own rule, in supabase/functions/_shared/powersync/claims.ts.",
  ),
  POWERSYNC_PRIVATE_KEY_MISSING: newKey,
  lifetime: (context) => changeSecrets({ set: { POWERSYNC_TOKEN_TTL: "300" } }, context, ""),
  "iss-not-supabase": (context) => changeSecrets({ remove: ["POWERSYNC_ISSUER"] }, context, ""),
};

/** Causes of one family, by their names. */
const FAMILIES: readonly (readonly [RegExp, MakeFix])[] = [
  [/^(CLAIMS_|TOKEN_TOO_LARGE)/, (context, { hint = "" }) => deploy(context, hint)],
  [/^(API_KEY_|USER_TOKEN_|OAUTH_CLIENT_)/, (_, { hint = "" }) => note(hint)],
  [/_UNAVAILABLE$|_LIMIT_REACHED$/, (_, { hint = "" }) => note(hint)],
  [
    /^KEY_|_(MISSING|INVALID)$|_MISCONFIGURED$/,
    (context, { hint = "" }) => upload(context, `${hint} ${ISOLATES}`.trim()),
  ],
  [/^(INTERNAL_ERROR|METHOD_NOT_ALLOWED)$/, (context) => deploy(context, logNote(context))],
];

function note(text: string): Fix {
  return { commands: [], note: text };
}

/** Changes the file and then the deployment. */
function changeSecrets(
  { set = {}, remove = [], rename, newKey }: EnvChange,
  context: FixContext,
  hint: string,
): Fix {
  const words = [
    ...Object.entries(set).map(([name, value]) => `${name}=${value}`),
    ...remove.flatMap((name) => ["--remove", name]),
    ...(rename === undefined ? [] : ["--rename", rename.join("=")]),
  ];
  const edit = `${context.task} edit-secrets -- --env-file ${shellWord(context.file)} ${
    words.map(shellWord).join(" ")
  }`;
  const gone = [...remove, ...(rename === undefined ? [] : [rename[0]])];
  const { commands, note } = upload(context, hint);
  const change = newKey
    ? `${context.task} keys -- --force --env-file ${shellWord(context.file)}`
    : edit.trim();
  return { commands: [change, ...commands, ...unset(gone, context)], note };
}

function unset(names: readonly string[], { project, isLocalFile, ref }: FixContext): string[] {
  return names.length === 0 || isLocalFile || project !== "hosted"
    ? []
    : [`supabase secrets unset ${names.join(" ")}${refFlag(ref)} --yes`];
}

function upload({ file, isLocalFile, project, ref }: FixContext, text: string): Fix {
  if (isLocalFile || project === "local") return note(text);
  if (project === "self-hosted") {
    const how =
      `Give the service \`functions\` in Supabase's docker-compose.yml the variables of ${file} (\`env_file\`) before.`;
    return { commands: [RECREATE], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [`supabase secrets set --env-file ${shellWord(file)}${refFlag(ref)} --yes`],
    note: text,
  };
}

function deploy({ project, ref, task }: FixContext, text: string, flags = ""): Fix {
  if (project === "local") return { commands: [`${task} dev`], note: text };
  if (project === "self-hosted") {
    const how =
      "Copy the folders of supabase/functions into volumes/functions of Supabase's docker folder before.";
    return { commands: ["docker compose restart functions --no-deps"], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [`supabase functions deploy ${FUNCTIONS} --use-api${flags}${refFlag(ref)} --yes`],
    note: text,
  };
}

function newKey(context: FixContext): Fix {
  return changeSecrets({ newKey: true }, context, context.isLocalFile ? "" : ISOLATES);
}

/** These functions publish no such key, so others answer there. */
function ourFunctions(context: FixContext): Fix {
  return deploy(
    context,
    "The functions of this bundle leave such a key out: deploy them, or remove what else answers there.",
  );
}

function setUrl(context: FixContext): Fix {
  if (context.powersync === undefined) return upload(context, ISOLATES);
  return changeSecrets({ set: { POWERSYNC_URL: context.powersync } }, context, ISOLATES);
}

function tellPowerSync(context: FixContext): Fix {
  const { task, file, projectName, isLocalFile } = context;
  const of = projectName === undefined ? "" : ` --project ${shellWord(projectName)}`;
  return {
    commands: [`${task} config --${isLocalFile ? "" : ` --env-file ${shellWord(file)}`}${of}`],
    note: `It prints what PowerSync's Client Auth must hold. The JWKS URI is ${
      jwksUri(context)
    }. Save it there.`,
  };
}

function jwksUri({ jwksUrl }: FixContext): string {
  return jwksUrl ?? "https://<project ref>.supabase.co/functions/v1/powersync-jwks";
}

function logNote({ project }: FixContext): string {
  return project === "self-hosted" ? `Read the log: ${READ_CONTAINER_LOG}` : READ_LOG;
}

function dashboard(ref = "_"): string {
  return `https://supabase.com/dashboard/project/${ref}`;
}

function refFlag(ref: string | undefined): string {
  return ref === undefined ? "" : ` --project-ref ${ref}`;
}
