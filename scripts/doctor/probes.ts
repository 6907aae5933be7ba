import type { PowerSyncCode } from "../powersync/codes.ts";

/** What a probe of a running system found. */
export interface Probe {
  /** What it means, as sentences that follow what was seen. */
  readonly means: string;
  /** The code that PowerSync's clients see; none when PowerSync does not notice. */
  readonly code?: PowerSyncCode;
  /** It works, and should be changed. */
  readonly isWarning?: true;
}

/** Every fault that the doctor can name beside the functions' codes, PowerSync's codes and its rules. */
export const PROBES = {
  // No answer.
  "no-dns": { means: "The name is misspelled, or the DNS of this network does not know it." },
  "no-connection": { means: "The server is down, or the address or port is wrong." },
  "no-tls": { means: "Neither PowerSync nor an app can connect to this server." },
  "no-trust": {
    means: "A proxy in your network may inspect TLS: your system trusts its certificate, and Deno does not.",
  },
  "no-answer-in-time": { means: "The server accepts connections but does not answer." },
  "no-whole-answer": { means: "Something on the way cuts responses off." },
  "no-http": { means: "This port does not speak plain HTTP: the address may need https, or another port." },
  "answer-too-large": { means: "Neither these functions nor a PowerSync Service sends that much." },
  "redirect-loop": { means: "Something in front of the function redirects every request." },
  "no-permission": { means: "The doctor was not started as a task." },

  // Something in front of the functions answers.
  "gateway-check": {
    means:
      "The gateway checks a JWT before it calls the function (`verify_jwt`). PowerSync and signed-out callers send none, and it refuses some users' tokens.",
  },
  "gateway-api-key": {
    means: "The gateway in front of the functions requires an API key, and PowerSync sends none.",
  },
  "gateway-key-invalid": {
    means: "The gateway in front of the functions does not know the API key that was sent.",
  },
  "gateway-no-route": { means: "The gateway has no functions at this address." },
  "not-deployed": { means: "The function is not deployed there." },
  "boot-error": {
    means: "The function does not start: a file or an import is missing, or claims.ts has a syntax error.",
  },
  "function-limit": { means: "The function exceeded its memory or CPU limit." },
  "function-timeout": { means: "The function started but did not answer in time." },
  "function-crashed": { means: "The function crashed with an unhandled error." },
  "project-paused": { means: "The Supabase project is paused." },
  "project-restricted": {
    means: "Supabase restricts the project: its quota is exceeded, or an invoice is overdue.",
  },
  "project-down": { means: "Cloudflare, in front of the project, cannot reach it: it is starting, or down." },
  "upstream-down": {
    means:
      "A gateway or proxy answers instead of the function, which is down or cannot be reached from there.",
  },
  "not-supabase": { means: "A PowerSync Service answers here, not a Supabase project." },
  "rate-limited": {
    means: "Something in front of the server limits the request rate, and refused this request.",
  },
  "front-refuses": {
    means:
      "Something in front of the function refuses the request, such as a firewall, a password or a login.",
  },
  "front-page": {
    means:
      "A web page answers instead of the function: the address is wrong, or something is in front of it.",
  },
  "front-error": {
    means:
      "These functions never answer like this: one crashed, other code is deployed, or something in front answers.",
  },
  "front-redirect": { means: "The address redirects, and browsers refuse a redirected preflight." },

  // The JWKS.
  "jwks-slow": { means: "PowerSync waits at most 3 s.", code: "PSYNC_S2204" },
  "jwks-not-json": { means: "The answer is not JSON.", code: "PSYNC_S2204" },
  "jwks-redirect": {
    means: "PowerSync follows redirects, but each fetch takes longer, and the target may move.",
    isWarning: true,
  },
  "jwks-http-public": { means: "Without TLS, anyone on the network path can replace the keys." },
  "jwks-host-ipv6": {
    means:
      "PowerSync looks for an IPv4 address. A client sees PSYNC_S2204; PSYNC_S2202 is only in the service's log.",
    code: "PSYNC_S2204",
  },
  "jwks-host-private": {
    means:
      "Only a PowerSync Service in the same network can reach it, and only if its `block_local_jwks` allows it. A client sees PSYNC_S2204; PSYNC_S2203 is only in the service's log.",
    code: "PSYNC_S2204",
  },
  "jwks-dev-key": {
    means: "This is a development key: its private half is on a developer's disk.",
  },
  "jwks-of-auth": {
    means: "This is Supabase Auth's own JWKS: it verifies Supabase's tokens, not those of the functions.",
    code: "PSYNC_S2101",
  },
  "jwks-of-another": {
    means: "These keys belong to another project: PowerSync cannot verify this project's tokens with them.",
    code: "PSYNC_S2101",
  },
  "keys-not-deployed": {
    means:
      "The file was not uploaded, is outdated or belongs to another project, or running functions still use the old secrets (up to ten minutes).",
    code: "PSYNC_S2101",
  },
  "jwks-behind": {
    means:
      "The auth function signs with the file's key, so the secrets are uploaded. powersync-jwks still uses old ones (up to ten minutes), or belongs to another deployment.",
    code: "PSYNC_S2101",
  },
  "signing-key-unpublished": {
    means: "A running function still uses old secrets, or the functions belong to different deployments.",
    code: "PSYNC_S2101",
  },

  // The auth functions.
  "answer-malformed": {
    means: "These functions do not answer like this: `token` or `powersync_url` is missing.",
  },
  "settings-not-deployed": {
    means:
      "With the settings known here the token is valid, so the deployed settings differ, or running functions still use old ones (up to ten minutes).",
  },
  "audience-other": {
    means: "The deployed POWERSYNC_AUDIENCE or POWERSYNC_URL differs, or was not uploaded.",
    code: "PSYNC_S2105",
  },
  "endpoint-slash": { means: "PowerSync's JavaScript SDK throws for an endpoint with a trailing slash." },
  "endpoint-other": {
    means: "Both URLs must be the same, or apps connect to the wrong instance.",
  },
  "cors-preflight": { means: "A browser refuses to call the function and shows only `Failed to fetch`." },
  "cors-preflight-blocked": {
    means: "Something in front of the function answers, and a browser shows only `Failed to fetch`.",
  },
  "cors-twice": {
    means:
      "A browser accepts one CORS origin: the function sends one, so something in front of it adds another.",
  },
  "cors-headers": { means: "A browser refuses to show the answer to the app." },
  "sign-in-refused": {
    means: "Anonymous sign-ins are turned off, or the API key belongs to another project.",
  },

  // The instance.
  "instance-not-a-service": { means: "What answers is not a PowerSync Service." },
  "instance-no-route": { means: "A PowerSync Service answers, but has nothing at this path." },
  "instance-redirect": { means: "PowerSync's clients do not follow redirects." },
  "instance-front": {
    means:
      "Something in front of the instance refuses the request, such as a firewall, a password or a limit.",
  },
  "instance-down": {
    means: "The instance, or something in front of it, cannot serve requests at the moment.",
  },
  "instance-no-header": {
    means: "The token was in the Authorization header, so something in front of the instance removes it.",
    code: "PSYNC_S2106",
  },
  "instance-lifetime": {
    means: "PowerSync's own maximum is a day, so this instance is configured with a shorter one.",
    code: "PSYNC_S2104",
  },
  "instance-other-jwks": {
    means:
      "The token is valid with the JWKS seen from here. So the instance has another JWKS URI, has an older copy (up to 60 minutes), or cannot fetch it.",
  },
  "instance-audience": {
    means:
      "The token's audience is right for this setup. So the instance's list of audiences lacks it, or has it with a trailing slash.",
    code: "PSYNC_S2105",
  },
  "instance-clock": {
    means: "The token is valid by the functions' clock, so the instance's clock is ahead.",
    code: "PSYNC_S2103",
  },
  "instance-silent": { means: "The token is not the reason: the instance accepted it." },
  "instance-no-sync-config": {
    means: "The instance accepts the token, but has no sync streams or rules to serve.",
  },
  "instance-error": { means: "The error is not about the token." },

  // Clocks.
  "clock-here": {
    means: "Tokens made on this computer (task `token`) have wrong times; the functions' are right.",
    isWarning: true,
  },
  "clock-unknown": { means: "Either this computer's clock or the server's is wrong.", isWarning: true },
  "clock-functions": { means: "The functions' tokens have wrong times.", code: "PSYNC_S2103" },
  "clock-instance": { means: "The instance treats tokens as expired too early.", code: "PSYNC_S2103" },

  // What is given.
  "file-missing": { means: "There is nothing to check." },
} as const satisfies Record<string, Probe>;

/** A stable name. */
export type ProbeId = keyof typeof PROBES;
