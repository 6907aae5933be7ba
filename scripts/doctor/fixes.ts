/** The commands and the sentence that fix a cause. */
import { meaningOf } from "../powersync/codes.ts";
import { PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { ANSWER_FIXES, ourAnswer } from "./answer-fixes.ts";
import type { Check } from "./check.ts";
import {
  changeSecrets,
  COPY_INSTANCE,
  deploy,
  deployAudience,
  deployKey,
  deploySetting,
  logNote,
  type MakeFix,
  note,
  say,
  supabase,
  tellPowerSync,
  upload,
  whenRead,
} from "./fix-commands.ts";
import type { Fix, FixContext } from "./fix-context.ts";

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

const FIXES: Readonly<Partial<Record<string, MakeFix>>> = {
  "file-missing": ({ invocation }) => ({
    commands: [invocation.task("keys", "--env-file", PRODUCTION_ENV_FILE)],
    note: `This creates the secrets for a deployment. To try everything on this computer: ${
      invocation.task("dev")
    }`,
  }),
  ...ANSWER_FIXES,

  "jwks-shape": ourAnswer,
  "jwks-not-json": ourAnswer,
  "jwks-of-auth": ourAnswer,
  "jwks-of-another": tellPowerSync,
  "jwks-slow": say(
    "Run the doctor again: only a cold start should be slow. If it stays slow, see the function's log.",
  ),
  "jwks-redirect": say("Enter the redirect's target as PowerSync's JWKS URI."),
  "jwks-http-public": say("Use the https address."),
  "jwks-host-ipv6": say("Serve the JWKS on a host with an IPv4 address."),
  "jwks-host-private": (context) => ({
    commands: [
      context.invocation.task("config", "--static", ...context.invocation.envFile(context.file.path)),
    ],
    note:
      "The command prints the keys for service.yaml, so the service need not fetch them. PowerSync Cloud needs a public address.",
  }),
  "jwks-dev-key": deployKey,
  // These functions answer with an error when they have no key, so another set of functions answers.
  "jwks-not-empty": (context) => {
    const { commands, note } = deployKey(context);
    return { commands: [...commands, ...deploy(context, "").commands], note };
  },
  "jwks-member": ourFunctions,
  "jwks-key-imports": ourFunctions,
  "jwks-key-algorithm": ourFunctions,
  "jwks-rsa-bits": ourFunctions,
  "jwks-kid-present": ourFunctions,
  "jwks-kid-unique": ourFunctions,
  "jwks-key-used": ourFunctions,
  "jwks-no-private-member": (context) => ({
    commands: [
      context.invocation.task(
        "keys",
        "--rotate",
        "--leaked",
        ...context.invocation.envFile(context.file.path),
      ),
      ...upload(context, "").commands,
      ...deploy(context, "").commands,
    ],
    note:
      "Anyone can see the private key: treat it as leaked. The first command also prints which secrets to unset and when to restart PowerSync. These functions never publish a private key, so something else answers.",
  }),
  "keys-not-deployed": (context) => upload(context, whenRead(context)),
  "jwks-behind": deployTogether,
  "signing-key-unpublished": deployTogether,

  "answer-malformed": (context) => deploy(context, ""),
  "settings-not-deployed": (context) =>
    context.file.names === undefined
      ? note(
        `Compare the deployed settings with docs/settings.md. Their names: ${
          supabase(context, "secrets", "list")
        }`,
      )
      : upload(context, whenRead(context)),
  "audience-other": (context) => deployAudience(context, { isRefused: false }),
  "endpoint-slash": deployUrl,
  "endpoint-other": deployUrl,
  "cors-preflight": (context) => deploy(context, "", "--no-verify-jwt"),
  "cors-preflight-blocked": say(
    "Let the proxy or gateway that answers pass OPTIONS requests to /functions/v1/ on to the functions.",
  ),
  "cors-twice": say("Remove the CORS headers that the proxy or gateway in front of the functions adds."),
  "cors-headers": (context) => deploy(context, ""),
  "sign-in-refused": say(
    "Allow anonymous sign-ins in the dashboard (Authentication, Sign In), or pass --user-token with a user's access token.",
  ),

  "instance-not-a-service": say(COPY_INSTANCE),
  "instance-no-route": say(COPY_INSTANCE),
  "instance-redirect": say("Set POWERSYNC_URL to the address that it redirects to."),
  "instance-front": say(
    "Let clients reach the instance: change the firewall, proxy or access policy that answers.",
  ),
  "instance-down": say("See the instance's health in PowerSync's dashboard; self-hosted: docker compose ps"),
  "instance-no-header": say("Let the proxy in front of the instance pass on the Authorization header."),
  "instance-lifetime": (context) =>
    changeSecrets({ set: { POWERSYNC_TOKEN_TTL: "300" } }, context, whenRead(context)),
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

  "clock-here": say("Turn on time synchronization on this computer."),
  "clock-unknown": say(
    "Compare both with https://time.is, and turn on time synchronization (NTP) where it is wrong.",
  ),
  "clock-functions": say("Self-hosted: synchronize the clock of the functions' host (NTP)."),
  "clock-instance": say("Self-hosted: synchronize the clock of PowerSync's host (NTP)."),

  CLAIMS_REFUSED: say(
    "claims.ts refuses this caller: that is your own rule, in supabase/functions/_shared/powersync/claims.ts.",
  ),
  "aud-accepted": (context, { id, hint = "" }) =>
    id === "function-token" ? deployAudience(context, { isRefused: false }) : note(hint),
  PSYNC_S2105: (context) => deployAudience(context, { isRefused: true }),
  lifetime: (context, { id, hint = "" }) =>
    id === "token" ? note(hint) : deploy(context, "These functions sign for a day at most."),
  "iss-not-supabase": (context) =>
    changeSecrets({ remove: ["POWERSYNC_ISSUER"] }, context, whenRead(context)),
};

/** Causes of one family, by their names. */
const FAMILIES: readonly (readonly [RegExp, MakeFix])[] = [
  [/^(CLAIMS_|TOKEN_TOO_LARGE)/, (context, { hint = "" }) => deploy(context, hint)],
  [/^(INTERNAL_ERROR|METHOD_NOT_ALLOWED)$/, (context) => deploy(context, logNote(context))],
  [/^(KEY_|POWERSYNC_PRIVATE_KEY_)/, deployKey],
  [/^POWERSYNC_\w+_(MISSING|INVALID)$/, (context, { cause = "" }) => deploySetting(cause, context)],
  [
    /^(url|local-url)/,
    (context, { id, hint = "" }) =>
      id === "powersync-given"
        ? note(`${hint} Pass the instance's own URL with --powersync.`)
        : deployUrl(context),
  ],
];

function deployTogether(context: FixContext): Fix {
  return deploy(context, `Deploy all three together. ${whenRead(context)}`);
}

function deployUrl(context: FixContext): Fix {
  return deploySetting("POWERSYNC_URL_INVALID", context);
}

/** These functions publish no such key, so others answer there. */
function ourFunctions(context: FixContext): Fix {
  return deploy(
    context,
    "These functions never publish such a key: deploy them, or remove whatever else answers there.",
  );
}
