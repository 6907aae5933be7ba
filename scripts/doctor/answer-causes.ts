/** Why nothing answers, or something other than a function or an instance. */
import {
  COPY_INSTANCE,
  deploy,
  deployInPlace,
  jwksUri,
  logNote,
  READ_CONTAINER_LOG,
  READ_LOG,
  RECREATE_CONTAINER,
  run,
} from "./fix-commands.ts";
import type { Cause, FixContext } from "./fix-context.ts";

const START_CONTAINER = "docker compose up -d functions";

/** With a `Location` (RFC 9110, section 15.4). */
export const REDIRECTS = [301, 302, 303, 307, 308];

export const ANSWER_CAUSES = {
  // No answer.
  "no-dns": {
    means: "The name is misspelled, or the DNS of this network does not know it.",
    fix: ({ project, id }) =>
      id === "powersync"
        ? "Copy the instance's URL from PowerSync's dashboard, and check this computer's network, proxy or VPN."
        : project === "hosted"
        ? "Compare the project ref with the one in the dashboard's URL, and check this computer's network, proxy or VPN."
        : "Check the address, and this computer's network, proxy or VPN.",
  },
  "no-connection": {
    means: "The server is down, or the address or port is wrong.",
    fix: ({ project, invocation, id }) =>
      id !== "powersync" && project === "local"
        ? run("It serves the functions on this computer; leave it running.", invocation.task("dev"))
        : "Check the address and port, and that the server is up: see its dashboard or `docker compose ps`.",
  },
  "no-tls": {
    means: "Neither PowerSync nor an app can connect to this server.",
    fix:
      "Use the host that the server's certificate is for, or renew the certificate. A server without TLS needs an http address.",
  },
  "no-trust": {
    means: "A proxy in your network may inspect TLS: your system trusts its certificate, and Deno does not.",
    fix: ({ again }) =>
      run(
        "If your own server has a self-signed certificate, PowerSync and apps cannot connect either.",
        `DENO_TLS_CA_STORE=system ${again}`,
      ),
  },
  "no-answer-in-time": {
    means: "The server accepts connections but does not answer.",
    fix: (context) =>
      context.id === "powersync" ? "See the instance's health in PowerSync's dashboard." : logNote(context),
  },
  "no-whole-answer": {
    means: "Something on the way cuts responses off.",
    fix: "Run the doctor from another network. If that does not help, read the server's log.",
  },
  "no-http": {
    when: [{ status: [400], says: /plain HTTP request was sent to HTTPS/i }],
    means: "This port does not speak plain HTTP: the address may need https, or another port.",
    fix: "Use https in the address, or the right port.",
  },
  "answer-too-large": {
    means: "Neither these functions nor a PowerSync Service sends that much.",
    fix: (context) => context.id === "powersync" ? COPY_INSTANCE : deployInPlace(context),
  },
  "redirect-loop": {
    means: "Something in front of the function redirects every request.",
    fix: "Let the proxy that answers pass on /functions/v1/ without a redirect.",
  },
  "no-permission": {
    means: "The doctor was not started as a task.",
    fix: ({ again }) => run("The task has the permissions it needs.", again),
  },
  // Something in front of the functions answers, the most telling first. Status codes and words: Supabase
  // documentation, "Edge Functions status codes" and "HTTP status codes"; supabase/docker, volumes/functions/main;
  // Cloudflare documentation, "5xx errors".
  "project-paused": {
    when: [{ status: [540] }, { says: /project (is|has been) paused/i }],
    means: "The Supabase project is paused.",
    fix: ({ ref }) => `Restore it in the dashboard: ${dashboard(ref)}`,
  },
  "project-restricted": {
    when: [{ status: [402] }],
    means: "Supabase restricts the project: its quota is exceeded, or an invoice is overdue.",
    fix:
      "Check the organization's usage and billing in the dashboard: https://supabase.com/dashboard/org/_/billing",
  },
  "function-timeout": {
    when: [{ says: /IDLE_TIMEOUT|did not respond in time/ }, { status: [504], isPage: false }],
    means: "The function started but did not answer in time.",
    fix: (context) => ifClaims(context, "claims.ts may wait for something that does not answer. "),
  },
  "not-deployed": {
    when: [{ says: /(appropriate|determine) entrypoint|function was not found/i }],
    means: "The function is not deployed there.",
    fix: deploy,
  },
  "boot-error": {
    when: [{ says: /BOOT_ERROR|InvalidWorkerCreation|boot error|failed to (boot|start)/i }],
    means: "The function does not start: a file or an import is missing, or claims.ts has a syntax error.",
    fix: (context) =>
      context.project === "self-hosted"
        ? run(
          "The log names the file and the line. Copy the whole supabase/functions folder.",
          READ_CONTAINER_LOG,
          RECREATE_CONTAINER,
        )
        : deploy(context, READ_LOG),
  },
  "function-limit": {
    when: [{ status: [546] }, { says: /WORKER_(RESOURCE_)?LIMIT|WorkerRequestCancelled/ }],
    means: "The function exceeded its memory or CPU limit.",
    fix: (context) => ifClaims(context, "claims.ts may do too much for one request. "),
  },
  "function-crashed": {
    when: [{ says: /WORKER_ERROR|EDGE_FUNCTION_ERROR|InvalidWorkerResponse/ }],
    means: "The function crashed with an unhandled error.",
    fix: (context) => deploy(context, logNote(context)),
  },
  "project-down": {
    when: [{ status: [520, 521, 522, 523, 524, 525, 526, 530] }],
    means: "Cloudflare, in front of the project, cannot reach it: it is starting, or down.",
    fix: ({ ref }) =>
      `Wait a few minutes; see ${dashboard(ref)} and https://status.supabase.com, then run the doctor again.`,
  },
  "rate-limited": {
    when: [{ status: [429] }],
    means: "Something in front of the server limits the request rate, and refused this request.",
    fix: "Wait a minute, and run the doctor again.",
  },
  "gateway-key-invalid": {
    when: [{ status: [401], says: /invalid api ?key/i }],
    means: "The gateway in front of the functions does not know the API key that was sent.",
    fix: ({ ref }) => `Copy the publishable key from ${dashboard(ref)}/settings/api-keys`,
  },
  "gateway-api-key": {
    when: [
      { status: [401], says: /api ?key|invalid authentication credentials|"message": ?"Unauthorized"/i },
      { status: [403], says: /cannot consume this service/ },
    ],
    means: "The gateway in front of the functions requires an API key, and PowerSync sends none.",
    fix:
      "Allow calls to /functions/v1/ without a key: the functions check their callers themselves. In Supabase's docker folder, remove `key-auth` from the functions route in volumes/api/kong.yml and restart kong.",
  },
  "gateway-no-route": {
    when: [{ says: /no Route matched|missing function name|^ ?404 page not found/i }],
    means: "The gateway has no functions at this address.",
    fix: (context) =>
      `Check the project's URL: its functions are at /functions/v1/, and the JWKS is at ${jwksUri(context)}.`,
  },
  "not-supabase": {
    when: [{ says: /PSYNC_S\d{4}/ }],
    means: "A PowerSync Service answers here, not a Supabase project.",
    fix: "Pass the Supabase project with --project, and the instance with --powersync.",
  },
  "gateway-check": {
    when: [{ status: [401], isPage: false, says: /auth(orization)? header|\bjwt\b|_JWT|UNAUTHORIZED_/i }],
    means:
      "The gateway checks a JWT before it calls the function (`verify_jwt`). PowerSync and signed-out callers send none, and it refuses some users' tokens.",
    fix: (context) =>
      context.project === "self-hosted"
        ? run(
          "Run them in the folder of Supabase's docker-compose.yml. The functions check their callers themselves.",
          `sed -i 's/^FUNCTIONS_VERIFY_JWT=.*/FUNCTIONS_VERIFY_JWT=false/' .env`,
          RECREATE_CONTAINER,
        )
        : deploy(context, "The functions check their callers themselves.", "--no-verify-jwt"),
  },
  "front-page": {
    when: [{ status: [200, 404, 405], isPage: true }],
    means:
      "A web page answers instead of the function: the address is wrong, or something is in front of it.",
    fix: (context) =>
      `Check the project's URL, and let /functions/v1/ past the web server or login that answers. The JWKS belongs at ${
        jwksUri(context)
      }.`,
  },
  "front-refuses": {
    when: [{ status: [401, 403, 407, 451] }],
    means:
      "Something in front of the function refuses the request, such as a firewall, a password or a login.",
    fix: "In the firewall, proxy or access policy that answers, allow /functions/v1/ without a password.",
  },
  "front-redirect": {
    when: [{ status: REDIRECTS }],
    means: "The address redirects, and browsers refuse a redirected preflight.",
    fix: "Use the address that it redirects to, here and in apps.",
  },
  "upstream-down": {
    when: [{ status: [502, 503, 504] }],
    means:
      "A gateway or proxy answers instead of the function, which is down or cannot be reached from there.",
    fix: ({ project }) =>
      project === "self-hosted"
        ? run("If it stops again, the log says why.", START_CONTAINER, READ_CONTAINER_LOG)
        : "Check that the functions run behind the server that answers, and see https://status.supabase.com.",
  },
  "front-error": {
    means:
      "These functions never answer like this: one crashed, other code is deployed, or something in front answers.",
    fix: logNote,
  },
} as const satisfies Record<string, Cause>;

/** claims.ts has no part in the JWKS. */
function ifClaims(context: FixContext, text: string): string {
  return context.id === "jwks" ? logNote(context) : `${text}${logNote(context)}`;
}

function dashboard(ref = "_"): string {
  return `https://supabase.com/dashboard/project/${ref}`;
}
