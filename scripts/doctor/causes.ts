/** Every fault that the doctor can name beside the functions' codes, PowerSync's codes and its rules. */
import { PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { ANSWER_CAUSES } from "./answer-causes.ts";
import {
  changeSecrets,
  COPY_INSTANCE,
  deploy,
  deployAudience,
  deployInPlace,
  deployKey,
  deployTogether,
  deployUrl,
  run,
  supabase,
  tellPowerSync,
  upload,
} from "./fix-commands.ts";
import type { Cause } from "./fix-context.ts";

export const CAUSES = {
  ...ANSWER_CAUSES,

  // The JWKS.
  "jwks-slow": {
    means: "PowerSync waits at most 3 s.",
    code: "PSYNC_S2204",
    fix: "Run the doctor again: only a cold start should be slow. If it stays slow, see the function's log.",
  },
  "jwks-not-json": { means: "The answer is not JSON.", code: "PSYNC_S2204", fix: deployInPlace },
  "jwks-redirect": {
    means: "PowerSync follows redirects, but each fetch takes longer, and the target may move.",
    isWarning: true,
    fix: "Enter the redirect's target as PowerSync's JWKS URI.",
  },
  "jwks-http-public": {
    means: "Without TLS, anyone on the network path can replace the keys.",
    fix: "Use the https address.",
  },
  "jwks-host-ipv6": {
    means:
      "PowerSync looks for an IPv4 address. A client sees PSYNC_S2204; PSYNC_S2202 is only in the service's log.",
    code: "PSYNC_S2204",
    fix: "Serve the JWKS on a host with an IPv4 address.",
  },
  "jwks-host-private": {
    means:
      "Only a PowerSync Service in the same network can reach it, and only if its `block_local_jwks` allows it. A client sees PSYNC_S2204; PSYNC_S2203 is only in the service's log.",
    code: "PSYNC_S2204",
    fix: ({ invocation, file }) =>
      run(
        "The command prints the keys for service.yaml, so the service need not fetch them. PowerSync Cloud needs a public address.",
        invocation.task("config", "--static", ...invocation.envFile(file.path)),
      ),
  },
  "jwks-dev-key": {
    means: "This is a development key: its private half is on a developer's disk.",
    fix: deployKey,
  },
  "jwks-of-auth": {
    means: "This is Supabase Auth's own JWKS: it verifies Supabase's tokens, not those of the functions.",
    code: "PSYNC_S2101",
    fix: deployInPlace,
  },
  "jwks-of-another": {
    means: "These keys belong to another project: PowerSync cannot verify this project's tokens with them.",
    code: "PSYNC_S2101",
    fix: tellPowerSync,
  },
  "keys-not-deployed": {
    means:
      "The file was not uploaded, is outdated or belongs to another project, or running functions still use the old secrets (up to ten minutes).",
    code: "PSYNC_S2101",
    fix: upload,
  },
  "jwks-behind": {
    means:
      "The auth function signs with the file's key, so the secrets are uploaded. powersync-jwks still uses old ones (up to ten minutes), or belongs to another deployment.",
    code: "PSYNC_S2101",
    fix: deployTogether,
  },
  "signing-key-unpublished": {
    means: "A running function still uses old secrets, or the functions belong to different deployments.",
    code: "PSYNC_S2101",
    fix: deployTogether,
  },
  // The auth functions.
  "answer-malformed": {
    means: "These functions do not answer like this: `token` or `powersync_url` is missing.",
    fix: deploy,
  },
  "settings-not-deployed": {
    means:
      "With the settings known here the token is valid, so the deployed settings differ, or running functions still use old ones (up to ten minutes).",
    fix: (context) =>
      context.file.names === undefined
        ? `Compare the deployed settings with docs/settings.md. Their names: ${
          supabase(context, "secrets", "list")
        }`
        : upload(context),
  },
  "audience-other": {
    means: "The deployed POWERSYNC_AUDIENCE or POWERSYNC_URL differs, or was not uploaded.",
    code: "PSYNC_S2105",
    fix: deployAudience,
  },
  "endpoint-slash": {
    means: "PowerSync's JavaScript SDK throws for an endpoint with a trailing slash.",
    fix: deployUrl,
  },
  "endpoint-other": {
    means: "Both URLs must be the same, or apps connect to the wrong instance.",
    fix: deployUrl,
  },
  "cors-preflight": {
    means: "A browser refuses to call the function and shows only `Failed to fetch`.",
    fix: (context) => deploy(context, "", "--no-verify-jwt"),
  },
  "cors-preflight-blocked": {
    means: "Something in front of the function answers, and a browser shows only `Failed to fetch`.",
    fix: "Let the proxy or gateway that answers pass OPTIONS requests to /functions/v1/ on to the functions.",
  },
  "cors-twice": {
    means:
      "A browser accepts one CORS origin: the function sends one, so something in front of it adds another.",
    fix: "Remove the CORS headers that the proxy or gateway in front of the functions adds.",
  },
  "cors-headers": { means: "A browser refuses to show the answer to the app.", fix: deploy },
  "sign-in-refused": {
    means: "Anonymous sign-ins are turned off, or the API key belongs to another project.",
    fix:
      "Allow anonymous sign-ins in the dashboard (Authentication, Sign In), or pass --user-token with a user's access token.",
  },
  // The instance.
  "instance-not-a-service": { means: "What answers is not a PowerSync Service.", fix: COPY_INSTANCE },
  "instance-no-route": {
    means: "A PowerSync Service answers, but has nothing at this path.",
    fix: COPY_INSTANCE,
  },
  "instance-redirect": {
    means: "PowerSync's clients do not follow redirects.",
    fix: "Set POWERSYNC_URL to the address that it redirects to.",
  },
  "instance-front": {
    means:
      "Something in front of the instance refuses the request, such as a firewall, a password or a limit.",
    fix: "Let clients reach the instance: change the firewall, proxy or access policy that answers.",
  },
  "instance-down": {
    means: "The instance, or something in front of it, cannot serve requests at the moment.",
    fix: "See the instance's health in PowerSync's dashboard; self-hosted: docker compose ps",
  },
  "instance-no-header": {
    means: "The token was in the Authorization header, so something in front of the instance removes it.",
    code: "PSYNC_S2106",
    fix: "Let the proxy in front of the instance pass on the Authorization header.",
  },
  "instance-lifetime": {
    means: "PowerSync's own maximum is a day, so this instance is configured with a shorter one.",
    code: "PSYNC_S2104",
    fix: (context) => changeSecrets(context, { set: { POWERSYNC_TOKEN_TTL: "300" } }),
  },
  "instance-other-jwks": {
    means:
      "The token is valid with the JWKS seen from here. So the instance has another JWKS URI, has an older copy (up to 60 minutes), or cannot fetch it.",
    fix: tellPowerSync,
  },
  "instance-audience": {
    means:
      "The token's audience is right for this setup. So the instance's list of audiences lacks it, or has it with a trailing slash.",
    code: "PSYNC_S2105",
    fix: tellPowerSync,
  },
  "instance-clock": {
    means: "The token is valid by the functions' clock, so the instance's clock is ahead.",
    code: "PSYNC_S2103",
    fix: "Self-hosted: synchronize the clock of PowerSync's host (NTP).",
  },
  "instance-silent": {
    means: "The token is not the reason: the instance accepted it.",
    fix:
      "See the instance's health and log in PowerSync's dashboard; a proxy in front of it must not buffer the stream.",
  },
  "instance-no-sync-config": {
    means: "The instance accepts the token, but has no sync streams or rules to serve.",
    fix: "Deploy sync streams or rules in PowerSync's dashboard, or in service.yaml.",
  },
  "instance-error": {
    means: "The error is not about the token.",
    fix: "See the instance's log in PowerSync's dashboard.",
  },
  // Clocks.
  "clock-here": {
    means: "Tokens made on this computer (task `token`) have wrong times; the functions' are right.",
    isWarning: true,
    fix: "Turn on time synchronization on this computer.",
  },
  "clock-unknown": {
    means: "Either this computer's clock or the server's is wrong.",
    isWarning: true,
    fix: "Compare both with https://time.is, and turn on time synchronization (NTP) where it is wrong.",
  },
  "clock-functions": {
    means: "The functions' tokens have wrong times.",
    code: "PSYNC_S2103",
    fix: "Self-hosted: synchronize the clock of the functions' host (NTP).",
  },
  "clock-instance": {
    means: "The instance treats tokens as expired too early.",
    code: "PSYNC_S2103",
    fix: "Self-hosted: synchronize the clock of PowerSync's host (NTP).",
  },
  // What is given.
  "file-missing": {
    means: "There is nothing to check.",
    fix: ({ invocation }) =>
      run(
        `This creates the secrets for a deployment. To try everything on this computer: ${
          invocation.task("dev")
        }`,
        invocation.task("keys", "--env-file", PRODUCTION_ENV_FILE),
      ),
  },
} as const satisfies Record<string, Cause>;

export type KnownCause = keyof typeof CAUSES;
