/** Which commands and which sentence heal a cause. */
import { shellWord } from "../cli/invocation.ts";
import { meaningOf } from "../powersync/codes.ts";
import type { Check } from "./check.ts";
import {
  changeSecrets,
  deploy,
  deployKey,
  deploySetting,
  type Fix,
  type FixContext,
  ISOLATES,
  jwksUri,
  logNote,
  note,
  READ_CONTAINER_LOG,
  READ_LOG,
  RECREATE_CONTAINER,
  tellPowerSync,
  upload,
} from "./fix-commands.ts";

const COPY_INSTANCE = "Copy the instance's URL from PowerSync's dashboard: without a path.";
const RESTART_CONTAINER = "If it is not running, start it: docker compose up -d functions";

type MakeFix = (context: FixContext, check: Check) => Fix;

/** The fix of a warning or failure. */
export function fixOf(check: Check, context: FixContext): Fix | undefined {
  const { cause, change, hint = "" } = check;
  if (cause === undefined) return undefined;
  if (change !== undefined) return changeSecrets(change, context, hint);
  const make = (isElsewhere(check, context) ? tellPowerSync : FIXES[cause]) ??
    FAMILIES.find(([family]) => family.test(cause))?.[1];
  const { commands, note } = make?.(context, check) ?? { commands: [], note: meaningOf(cause)?.fix ?? "" };
  return { commands, note: note === "" ? hint : note };
}

/** The JWKS URI that was named is not the project's, and what is there is not its JWKS. */
function isElsewhere({ id, cause }: Check, { isOtherJwksUrl }: FixContext): boolean {
  return isOtherJwksUrl && id === "jwks" && cause !== undefined &&
    /^(jwks-(shape|not-json|not-empty|of-auth)|not-deployed|gateway-no-route|front-(page|refuses|error)|no-)/
      .test(cause);
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
  "no-http": say("Write the address with https, or with the port of the server that is meant."),
  "answer-too-large": (context, { id }) => id === "powersync" ? note(COPY_INSTANCE) : ourAnswer(context),
  "redirect-loop": say("Let /functions/v1/ through without a redirect in the proxy that answers."),
  "no-whole-answer": say("Run the doctor from another network. If it stays, read the server's log."),

  "gateway-check": (context) =>
    context.project === "self-hosted"
      ? {
        commands: [
          `sed -i 's/^FUNCTIONS_VERIFY_JWT=.*/FUNCTIONS_VERIFY_JWT=false/' .env`,
          RECREATE_CONTAINER,
        ],
        note:
          "Run them in the folder of Supabase's docker-compose.yml. The functions check their callers themselves.",
      }
      : deploy(context, "The functions check their callers themselves.", " --no-verify-jwt"),
  "gateway-api-key": say(
    "In Supabase's docker folder, remove `key-auth` from the functions route in volumes/api/kong.yml and restart kong: the functions check their callers themselves.",
  ),
  "gateway-no-route": (context) =>
    note(
      `Check the project's URL: its functions are at /functions/v1/, and the JWKS is at ${jwksUri(context)}.`,
    ),
  "not-supabase": say("Give the Supabase project to --project, and the instance to --powersync."),
  "upstream-down": ({ project }) =>
    project === "self-hosted"
      ? { commands: ["docker compose ps functions", READ_CONTAINER_LOG], note: RESTART_CONTAINER }
      : note(
        "See whether the functions run behind the server that answers, and https://status.supabase.com.",
      ),
  "not-deployed": (context) => deploy(context, ""),
  "boot-error": (context) =>
    context.project === "self-hosted"
      ? {
        commands: [READ_CONTAINER_LOG, RECREATE_CONTAINER],
        note: "The log names the file and the line. Copy supabase/functions whole.",
      }
      : deploy(context, READ_LOG),
  "function-limit": (context, { id }) =>
    note(`${id === "jwks" ? "" : "claims.ts does too much for one request. "}${logNote(context)}`),
  "function-timeout": (context, { id }) =>
    note(
      `${id === "jwks" ? "" : "claims.ts may wait for something that does not answer. "}${logNote(context)}`,
    ),
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
  "front-page": (context) =>
    note(
      `Check the project's URL, and let /functions/v1/ past the web server or login that answers. The JWKS belongs at ${
        jwksUri(context)
      }.`,
    ),
  "front-error": (context) => note(logNote(context)),
  "front-redirect": say("Give the address that it redirects to, here and in apps."),

  "jwks-shape": ourAnswer,
  "jwks-not-json": ourAnswer,
  "jwks-of-auth": ourAnswer,
  "jwks-of-another": tellPowerSync,
  "jwks-slow": say(
    "Run the doctor again: only a cold start may be slow. If it stays, see the function's log.",
  ),
  "jwks-redirect": say("Enter the target itself as PowerSync's JWKS URI."),
  "jwks-http-public": say("Use the https address."),
  "jwks-host-ipv6": say("Serve the JWKS on a host with an IPv4 address."),
  "jwks-host-private": (context) => ({
    commands: [`${context.task} config -- --static --env-file ${shellWord(context.file.path)}`],
    note:
      "It prints the keys for service.yaml, so the service need not fetch them. PowerSync Cloud needs a public address.",
  }),
  "jwks-dev-key": deployKey,
  "jwks-not-empty": deployKey,
  "jwks-member": ourFunctions,
  "jwks-key-imports": ourFunctions,
  "jwks-key-algorithm": ourFunctions,
  "jwks-rsa-bits": ourFunctions,
  "jwks-kid-present": ourFunctions,
  "jwks-kid-unique": ourFunctions,
  "jwks-key-used": ourFunctions,
  "jwks-no-private-member": ({ task, file }) => ({
    commands: [`${task} keys -- --rotate --leaked --env-file ${shellWord(file.path)}`],
    note: "Everybody can see the private key: treat it as leaked. The command prints what follows.",
  }),
  "keys-not-deployed": (context) => upload(context, ISOLATES),
  "signing-key-unpublished": (context) =>
    deploy(context, `${ISOLATES} If it stays, deploy all three together.`),

  "answer-malformed": (context) => deploy(context, ""),
  "endpoint-slash": deployUrl,
  "endpoint-other": deployUrl,
  "cors-preflight": (context) => deploy(context, "", " --no-verify-jwt"),
  "cors-preflight-blocked": say(
    "Let OPTIONS requests to /functions/v1/ through to the functions in what answers.",
  ),
  "cors-twice": say("Let the proxy or gateway in front of the functions set no CORS headers of its own."),
  "cors-headers": (context) => deploy(context, ""),
  "sign-in-refused": say(
    "Allow anonymous sign-ins in the dashboard (Authentication, Sign In), or give --user-token with a user's access token.",
  ),

  "instance-not-a-service": say(COPY_INSTANCE),
  "instance-no-route": say(COPY_INSTANCE),
  "instance-redirect": say("Set POWERSYNC_URL to the address that it redirects to."),
  "instance-front": say(
    "Let clients through to the instance in the firewall, proxy or access policy that answers.",
  ),
  "instance-down": say("See the instance's health in PowerSync's dashboard; self-hosted: docker compose ps"),
  "instance-no-header": say("Let the proxy in front of the instance pass the Authorization header on."),
  "instance-lifetime": (context) => changeSecrets({ set: { POWERSYNC_TOKEN_TTL: "300" } }, context, ISOLATES),
  "instance-other-jwks": tellPowerSync,
  "instance-audience": tellPowerSync,
  "instance-clock": say("Self-hosted: synchronize the clock of PowerSync's host (NTP)."),
  "instance-silent": say(
    "See the instance's health and log in PowerSync's dashboard; a proxy in front of it must not buffer the stream.",
  ),
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
  lifetime: (context) => changeSecrets({ set: { POWERSYNC_TOKEN_TTL: "300" } }, context, ISOLATES),
  "iss-not-supabase": (context) => changeSecrets({ remove: ["POWERSYNC_ISSUER"] }, context, ISOLATES),
};

/** Causes of one family, by their names. */
const FAMILIES: readonly (readonly [RegExp, MakeFix])[] = [
  [/^(CLAIMS_|TOKEN_TOO_LARGE)/, (context, { hint = "" }) => deploy(context, hint)],
  [/^(INTERNAL_ERROR|METHOD_NOT_ALLOWED)$/, (context) => deploy(context, logNote(context))],
  [/^(KEY_|POWERSYNC_PRIVATE_KEY_)/, deployKey],
  [/^POWERSYNC_\w+_(MISSING|INVALID)$/, (context, { cause = "" }) => deploySetting(cause, context)],
  [/^(url|local-url)/, deployUrl],
];

function deployUrl(context: FixContext): Fix {
  return deploySetting("POWERSYNC_URL_INVALID", context);
}

/** Something else answers at the functions' address. */
function ourAnswer(context: FixContext): Fix {
  return deploy(context, "Something else answers there: the functions of this bundle replace it.");
}

/** These functions publish no such key, so others answer there. */
function ourFunctions(context: FixContext): Fix {
  return deploy(
    context,
    "The functions of this bundle leave such a key out: deploy them, or remove what else answers there.",
  );
}

function dashboard(ref = "_"): string {
  return `https://supabase.com/dashboard/project/${ref}`;
}
