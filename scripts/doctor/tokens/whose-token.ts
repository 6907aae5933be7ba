import { type KnownSetup, type Owner, type Recognised, recogniseToken } from "./recognise-token.ts";
import { checkTimes } from "./token-times.ts";
import type { Told } from "./told.ts";

/** Whose a token for PowerSync is, and what that means. */
export interface Whose extends Recognised {
  /** Whose it is, first; then what is wrong with its times and its subject. */
  readonly told: readonly Told[];
}

const CALL_FUNCTION =
  "In fetchCredentials, send it to powersync-auth and give PowerSync the `token` that it answers.";
const KEEP_SECRET = "It may do everything, so never put it in an app: revoke it if it ever was in one.";
const WHOLE = "Copy the whole token again, straight from where it is made.";
const FROM_FUNCTION = "Give the `token` that powersync-auth answers.";

/** What to send instead; nothing where it is the right kind of token. */
const ADVICE: Readonly<Record<Owner, string | undefined>> = {
  "functions": undefined,
  "unpublished-key":
    "Get a new token from the function. If its key is not published either, the deployed secrets and this JWKS are not of one project.",
  "other-powersync":
    "Give a token of this project's powersync-auth, or look at the project that made it; no key has to change.",
  "development-key":
    "Give a token of the deployed powersync-auth: a development key stays on its computer and is never published.",
  "shared-secret":
    "Give a token of powersync-auth: only a PowerSync service with this secret in its own configuration accepts a shared one.",
  "powersync-dashboard":
    "Only the instance that made it accepts it, and it says nothing about the functions: give a token of powersync-auth.",
  "supabase-user": CALL_FUNCTION,
  "supabase-other-project": `Sign in at this project. ${CALL_FUNCTION}`,
  "supabase-oauth-client": CALL_FUNCTION,
  "supabase-id-token": `Take the session's access token. ${CALL_FUNCTION}`,
  "publishable-key":
    "It belongs in the `apikey` header of a call to powersync-auth. PowerSync gets the answer's `token`.",
  "secret-key": `${KEEP_SECRET} ${FROM_FUNCTION}`,
  "provider": CALL_FUNCTION,
  "unknown-issuer": FROM_FUNCTION,
  "encrypted": `Only its issuer can read it. ${FROM_FUNCTION}`,
  "cut": WHOLE,
  "opaque": FROM_FUNCTION,
  "not-a-token": FROM_FUNCTION,
};

/**
 * Says whose a token for PowerSync is, before anything is said about keys: a token that is not ours never means that
 * keys must change.
 *
 * @param token The token, as `unpackToken` returns it.
 * @param known What it is compared with.
 * @param nowSeconds Seconds since 1970.
 */
export function whoseToken(token: string, known: KnownSetup, nowSeconds: number): Whose {
  const recognised = recogniseToken(token, known);
  const { owner, what, decoded } = recognised;
  const advice = ADVICE[owner];
  const told: Told = advice === undefined
    ? { id: "token-of-functions", status: "passed", seen: `This is ${what}.` }
    : { id: `token-is-${owner}`, status: "failed", seen: `This is ${what}.`, advice };
  if (decoded === undefined) return { ...recognised, told: [told] };
  return { ...recognised, told: [told, ...checkTimes(decoded, nowSeconds), ...checkSubject(decoded.claims)] };
}

function checkSubject({ sub }: { readonly sub?: unknown }): Told[] {
  if (sub !== undefined) return [];
  const advice = "Let what makes the token set the user's ID as `sub`; PowerSync refuses one without.";
  return [{
    id: "token-without-subject",
    status: "failed",
    seen: "The token has no `sub`, so no user.",
    advice,
  }];
}
