/** Fixes for when nothing answers, or something other than a function. */
import {
  COPY_INSTANCE,
  deploy,
  jwksUri,
  logNote,
  type MakeFix,
  note,
  READ_CONTAINER_LOG,
  READ_LOG,
  RECREATE_CONTAINER,
  say,
} from "./fix-commands.ts";
import type { Fix, FixContext } from "./fix-context.ts";

const START_CONTAINER = "docker compose up -d functions";

export const ANSWER_FIXES: Readonly<Partial<Record<string, MakeFix>>> = {
  "no-dns": ({ project }, { id }) =>
    note(
      id === "powersync"
        ? "Copy the instance's URL from PowerSync's dashboard, and check this computer's network, proxy or VPN."
        : project === "hosted"
        ? "Compare the project ref with the one in the dashboard's URL, and check this computer's network, proxy or VPN."
        : "Check the address, and this computer's network, proxy or VPN.",
    ),
  "no-connection": ({ project, invocation }, { id }) =>
    id !== "powersync" && project === "local"
      ? {
        commands: [invocation.task("dev")],
        note: "It serves the functions on this computer; leave it running.",
      }
      : note(
        "Check the address and port, and that the server is up: see its dashboard or `docker compose ps`.",
      ),
  "no-tls": say(
    "Use the host that the server's certificate is for, or renew the certificate. A server without TLS needs an http address.",
  ),
  "no-trust": ({ again }) => ({
    commands: [`DENO_TLS_CA_STORE=system ${again}`],
    note: "If your own server has a self-signed certificate, PowerSync and apps cannot connect either.",
  }),
  "no-permission": ({ again }) => ({
    commands: [again],
    note: "The task has the permissions it needs.",
  }),
  "no-answer-in-time": (context, { id }) =>
    note(id === "powersync" ? "See the instance's health in PowerSync's dashboard." : logNote(context)),
  "no-http": say("Use https in the address, or the right port."),
  "answer-too-large": (context, { id }) => id === "powersync" ? note(COPY_INSTANCE) : ourAnswer(context),
  "redirect-loop": say("Let the proxy that answers pass on /functions/v1/ without a redirect."),
  "no-whole-answer": say(
    "Run the doctor from another network. If that does not help, read the server's log.",
  ),

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
      : deploy(context, "The functions check their callers themselves.", "--no-verify-jwt"),
  "gateway-api-key": say(
    "Allow calls to /functions/v1/ without a key: the functions check their callers themselves. In Supabase's docker folder, remove `key-auth` from the functions route in volumes/api/kong.yml and restart kong.",
  ),
  "gateway-key-invalid": ({ ref }) =>
    note(`Copy the publishable key from ${dashboard(ref)}/settings/api-keys`),
  "gateway-no-route": (context) =>
    note(
      `Check the project's URL: its functions are at /functions/v1/, and the JWKS is at ${jwksUri(context)}.`,
    ),
  "not-supabase": say("Pass the Supabase project with --project, and the instance with --powersync."),
  "upstream-down": ({ project }) =>
    project === "self-hosted"
      ? { commands: [START_CONTAINER, READ_CONTAINER_LOG], note: "If it stops again, the log says why." }
      : note(
        "Check that the functions run behind the server that answers, and see https://status.supabase.com.",
      ),
  "not-deployed": (context) => deploy(context, ""),
  "boot-error": (context) =>
    context.project === "self-hosted"
      ? {
        commands: [READ_CONTAINER_LOG, RECREATE_CONTAINER],
        note: "The log names the file and the line. Copy the whole supabase/functions folder.",
      }
      : deploy(context, READ_LOG),
  "function-limit": (context, { id }) =>
    note(`${id === "jwks" ? "" : "claims.ts may do too much for one request. "}${logNote(context)}`),
  "function-timeout": (context, { id }) =>
    note(
      `${id === "jwks" ? "" : "claims.ts may wait for something that does not answer. "}${logNote(context)}`,
    ),
  "function-crashed": (context) => deploy(context, logNote(context)),
  "project-paused": ({ ref }) => note(`Restore it in the dashboard: ${dashboard(ref)}`),
  "project-restricted": say(
    "Check the organization's usage and billing in the dashboard: https://supabase.com/dashboard/org/_/billing",
  ),
  "project-down": ({ ref }) =>
    note(
      `Wait a few minutes; see ${dashboard(ref)} and https://status.supabase.com, then run the doctor again.`,
    ),
  "rate-limited": say("Wait a minute, and run the doctor again."),
  "front-refuses": say(
    "In the firewall, proxy or access policy that answers, allow /functions/v1/ without a password.",
  ),
  "front-page": (context) =>
    note(
      `Check the project's URL, and let /functions/v1/ past the web server or login that answers. The JWKS belongs at ${
        jwksUri(context)
      }.`,
    ),
  "front-error": (context) => note(logNote(context)),
  "front-redirect": say("Use the address that it redirects to, here and in apps."),
};

/** Something else answers at the functions' address. */
export function ourAnswer(context: FixContext): Fix {
  return deploy(context, "Something else answers there. This deploys the functions in its place.");
}

function dashboard(ref = "_"): string {
  return `https://supabase.com/dashboard/project/${ref}`;
}
