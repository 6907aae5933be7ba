import { type KnownSetup, type Owner, type Recognised, recogniseToken } from "./recognise-token.ts";
import { checkTimes } from "./token-times.ts";
import type { Told } from "./told.ts";

/** Whose a token for PowerSync is, and what that means. */
export interface Whose extends Recognised {
  /** Whose it is, first; then what is wrong with its times and its subject. */
  readonly told: readonly Told[];
}

const CALL_FUNCTION =
  "In fetchCredentials, send it to powersync-auth and give PowerSync the `token` that it returns.";
const KEEP_SECRET = "It has full access, so never put it in an app, and revoke it if it ever was in one.";
const WHOLE = "Copy the whole token again, from where it was issued.";
const FROM_FUNCTION = "Use the `token` that powersync-auth returns.";

/** What to send instead; nothing where it is the right kind of token. */
const ADVICE: Readonly<Record<Owner, string | undefined>> = {
  "functions": undefined,
  "unpublished-key":
    "Get a new token from the function. If its key is not published either, the deployed secrets and this JWKS belong to different projects.",
  "other-powersync":
    "Use a token from this project's powersync-auth, or check the project that issued it. No key needs to change.",
  "development-key":
    "Use a token from the deployed powersync-auth: a development key stays on its computer and is never published.",
  "shared-secret":
    "Use a token from powersync-auth: only a PowerSync Service that has this secret in its configuration accepts this one.",
  "powersync-dashboard":
    "Only the instance that issued it accepts it, and it says nothing about the functions. Use a token from powersync-auth.",
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
  const advice = "Let the issuer set the user's ID as `sub`: PowerSync refuses a token without it.";
  return [{
    id: "token-without-subject",
    status: "failed",
    seen: "The token has no `sub`, so it names no user.",
    advice,
  }];
}
