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
  "no-dns": { means: "The name is misspelt, or the network here does not resolve it." },
  "no-connection": { means: "The server is down, or the address or port is wrong." },
  "no-tls": { means: "Neither PowerSync nor an app can connect to it." },
  "no-trust": {
    means: "A proxy of your network may inspect TLS; its certificate is known to the system only.",
  },
  "no-answer-in-time": { means: "The server accepts connections and does not answer." },
  "no-whole-answer": { means: "Something on the way cuts answers off." },
  "no-http": { means: "This port does not speak plain HTTP: the address may need https, or another port." },
  "answer-too-large": { means: "Neither a function nor a PowerSync Service answers with so much." },
  "redirect-loop": { means: "Something in front of the function redirects every request." },
  "no-permission": { means: "" },

  // Something in front of the functions answers.
  "gateway-check": {
    means:
      "The gateway checks a JWT before it calls the function (`verify_jwt`): PowerSync and signed-out callers send none, and it does not take every user's.",
  },
  "gateway-api-key": {
    means: "The gateway in front of the functions wants an API key, and PowerSync sends none.",
  },
  "gateway-key-invalid": {
    means: "The gateway in front of the functions does not know the API key that was sent.",
  },
  "gateway-no-route": { means: "The gateway knows no functions at this address." },
  "not-deployed": { means: "The function is not deployed there." },
  "boot-error": {
    means: "The function does not start: a file or an import is missing, or claims.ts has a syntax error.",
  },
  "function-limit": { means: "The function exceeded its memory or processor time." },
  "function-timeout": { means: "The function started and did not answer in time." },
  "function-crashed": { means: "The function threw an error outside of its own error handling." },
  "project-paused": { means: "The Supabase project is paused." },
  "project-restricted": {
    means: "Supabase restricts the project: its quota is exceeded, or a bill of the organization is overdue.",
  },
  "project-down": { means: "Cloudflare, in front of the project, cannot reach it: it is starting, or down." },
  "upstream-down": {
    means:
      "A gateway or proxy answers in the place of the function: it is down, or cannot be reached from there.",
  },
  "not-supabase": { means: "A PowerSync Service answers here, and not a Supabase project." },
  "rate-limited": {
    means: "Something in front of the server limits requests, and did not pass this one on.",
  },
  "front-refuses": {
    means: "Something in front of the function refuses, such as a firewall, a password or a login.",
  },
  "front-page": {
    means:
      "A web page is not the function's answer: this is not its address, or something is in front of it.",
  },
  "front-error": {
    means:
      "These functions never answer so: one crashed, another was deployed, or something in front answers.",
  },
  "front-redirect": { means: "The address redirects; a browser's preflight may not." },

  // The JWKS.
  "jwks-slow": { means: "PowerSync waits 3 s at the most.", code: "PSYNC_S2204" },
  "jwks-not-json": { means: "The answer is not JSON.", code: "PSYNC_S2204" },
  "jwks-redirect": {
    means: "PowerSync follows, but each fetch takes longer, and the target may move.",
    isWarning: true,
  },
  "jwks-http-public": { means: "Without TLS anyone on the way can replace the keys." },
  "jwks-host-ipv6": {
    means:
      "PowerSync looks for an IPv4 address. A client sees PSYNC_S2204; PSYNC_S2202 stands in the service's log only.",
    code: "PSYNC_S2204",
  },
  "jwks-host-private": {
    means:
      "Only a PowerSync Service in the same network reaches it, and only if it may (`block_local_jwks`). A client sees PSYNC_S2204; PSYNC_S2203 stands in the service's log only.",
    code: "PSYNC_S2204",
  },
  "jwks-dev-key": {
    means: "That is a key of local development, whose private half is on a developer's disk.",
  },
  "jwks-of-auth": {
    means: "That is Supabase Auth's own: it verifies Supabase's tokens, not those of the functions.",
    code: "PSYNC_S2101",
  },
  "jwks-of-another": {
    means: "They are the keys of another project: PowerSync cannot verify this project's tokens with them.",
    code: "PSYNC_S2101",
  },
  "keys-not-deployed": {
    means:
      "The file was not uploaded to this project, is older or another project's, or isolates still have the old secrets (up to ten minutes).",
    code: "PSYNC_S2101",
  },
  "jwks-behind": {
    means:
      "The function signs with the file's key, so the secrets are uploaded; powersync-jwks still has old ones (up to ten minutes), or is of another deployment.",
    code: "PSYNC_S2101",
  },
  "signing-key-unpublished": {
    means: "An isolate still has old secrets, or the functions are of different deployments.",
    code: "PSYNC_S2101",
  },

  // The auth functions.
  "answer-malformed": {
    means: "That is not the answer of this bundle: `token` and `powersync_url` are missing.",
  },
  "settings-not-deployed": {
    means:
      "With the settings that are known here the token is good, so the deployed ones are others (or isolates still have old ones, up to ten minutes).",
  },
  "audience-other": {
    means: "The deployed POWERSYNC_AUDIENCE or POWERSYNC_URL is another one, or was not uploaded.",
    code: "PSYNC_S2105",
  },
  "endpoint-slash": { means: "PowerSync's JavaScript SDK throws for an endpoint with a trailing slash." },
  "endpoint-other": { means: "They must be the same, or apps connect to an instance that you did not mean." },
  "cors-preflight": { means: "A browser refuses to call the function and shows only `Failed to fetch`." },
  "cors-preflight-blocked": {
    means: "Something in front of the function answers, and a browser shows only `Failed to fetch`.",
  },
  "cors-twice": {
    means: "A browser accepts one value: the function sends one, so something in front of it adds another.",
  },
  "cors-headers": { means: "A browser refuses to show the answer to the app." },
  "sign-in-refused": {
    means: "Anonymous sign-ins are switched off, or the API key belongs to another project.",
  },

  // The instance.
  "instance-not-a-service": { means: "What answers is not a PowerSync Service." },
  "instance-no-route": { means: "A PowerSync Service answers, and has nothing at this path." },
  "instance-redirect": { means: "PowerSync's clients follow no redirect." },
  "instance-front": {
    means: "Something in front of the instance refuses, such as a firewall, a password or a limit.",
  },
  "instance-down": { means: "The instance, or something in front of it, cannot serve at the moment." },
  "instance-no-header": {
    means: "The token was in the Authorization header, so something in front of the instance takes it away.",
    code: "PSYNC_S2106",
  },
  "instance-lifetime": {
    means: "PowerSync's own maximum is a day, so this instance is configured with a shorter one.",
    code: "PSYNC_S2104",
  },
  "instance-other-jwks": {
    means:
      "The token is valid with the JWKS seen from here. So the instance has another JWKS URI, an older state of it (up to 60 minutes), or cannot fetch it.",
  },
  "instance-audience": {
    means:
      "The token's audience is the one that this set-up uses. So the instance's own list of audiences lacks it, or has it with a trailing slash.",
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
    means:
      "Tokens that are made on this computer (`deno task token`) have wrong times; the functions' are right.",
    isWarning: true,
  },
  "clock-unknown": { means: "One of the two clocks is wrong.", isWarning: true },
  "clock-functions": { means: "The functions' tokens have wrong times.", code: "PSYNC_S2103" },
  "clock-instance": { means: "The instance takes tokens for expired too early.", code: "PSYNC_S2103" },

  // What is given.
  "file-missing": { means: "There is nothing to check." },
} as const satisfies Record<string, Probe>;

/** A stable name. */
export type ProbeId = keyof typeof PROBES;
