/** The commands and the sentence that fix a finding. */
import { meaningOf } from "../powersync/codes.ts";
import { CAUSES } from "./causes.ts";
import type { Check } from "./check.ts";
import {
  changeSecrets,
  deploy,
  deployAudience,
  deployInPlace,
  deployKey,
  deploySetting,
  deployUrl,
  logNote,
  run,
  tellPowerSync,
  upload,
  withoutAudience,
} from "./fix-commands.ts";
import type { Cause, Fix, HowToFix, SetUp } from "./fix-context.ts";

export function fixOf(check: Check, setUp: SetUp): Fix | undefined {
  const { id, cause, change, hint = "" } = check;
  if (cause === undefined) return undefined;
  const context = { ...setUp, id, cause, hint };
  if (change !== undefined) return changeSecrets(context, change, hint);
  const how = isElsewhere(check, setUp) ? tellPowerSync : howToFix(cause);
  const fix = typeof how === "string" ? how : how(context);
  const { commands, note } = typeof fix === "string" ? run(fix) : fix;
  return { commands, note: note === "" ? hint : note };
}

/** The JWKS URI that was named is not the project's, and what is there is not its JWKS. */
function isElsewhere({ id, cause }: Check, { isOtherJwksUrl }: SetUp): boolean {
  return isOtherJwksUrl && id === "jwks" && cause !== undefined &&
    /^(jwks-(shape|not-json|not-empty|of-auth)|not-deployed|gateway-no-route|front-(page|refuses|error)|no-)/
      .test(cause);
}

function howToFix(cause: string): HowToFix {
  const known: Readonly<Record<string, Cause | undefined>> = CAUSES;
  return known[cause]?.fix ?? FIXES[cause] ?? FAMILIES.find(([family]) => family.test(cause))?.[1] ??
    meaningOf(cause)?.fix ?? "";
}

/** Of rules and codes that have their words elsewhere. */
const FIXES: Readonly<Record<string, HowToFix | undefined>> = {
  "jwks-shape": deployInPlace,
  // These functions answer with an error when they have no key, so another set of functions answers.
  "jwks-not-empty": (context) => {
    const { commands, note } = deployKey(context);
    return run(note, ...commands, ...deploy(context).commands);
  },
  "jwks-no-private-member": (context) =>
    run(
      "Anyone can see the private key: treat it as leaked. The first command also prints which secrets to unset and when to restart PowerSync. These functions never publish a private key, so something else answers.",
      context.invocation.task(
        "keys",
        "--rotate",
        "--leaked",
        ...context.invocation.envFile(context.file.path),
      ),
      ...upload(context).commands,
      ...deploy(context).commands,
    ),
  CLAIMS_REFUSED:
    "claims.ts refuses this caller: that is your own rule, in supabase/functions/_shared/powersync/claims.ts.",
  "aud-accepted": (context) => context.id === "function-token" ? deployAudience(context) : context.hint,
  PSYNC_S2105: withoutAudience,
  lifetime: (context) =>
    context.id === "token" ? context.hint : deploy(context, "These functions sign for a day at most."),
  "iss-not-supabase": (context) => changeSecrets(context, { remove: ["POWERSYNC_ISSUER"] }),
};

/** Causes of one family, by their names. */
const FAMILIES: readonly (readonly [RegExp, HowToFix])[] = [
  // These functions publish no such key, so others answer there.
  [
    /^jwks-(member|key-imports|key-algorithm|rsa-bits|kid-present|kid-unique|key-used)$/,
    (context) =>
      deploy(
        context,
        "These functions never publish such a key: deploy them, or remove whatever else answers there.",
      ),
  ],
  [/^(CLAIMS_|TOKEN_TOO_LARGE)/, (context) => deploy(context, context.hint)],
  [/^(INTERNAL_ERROR|METHOD_NOT_ALLOWED)$/, (context) => deploy(context, logNote(context))],
  [/^(KEY_|POWERSYNC_PRIVATE_KEY_)/, deployKey],
  [
    /^POWERSYNC_\w+_(MISSING|INVALID)$/,
    (context) => deploySetting(context, context.cause.replace(/_(MISSING|INVALID)$/, "")),
  ],
  [
    /^(url|local-url)/,
    (context) =>
      context.id === "powersync-given"
        ? `${context.hint} Pass the instance's own URL with --powersync.`
        : deployUrl(context),
  ],
];
