import { type Check, failed, passed } from "../check.ts";
import { type KnownSetup, type Owner, type Recognised, recogniseToken } from "./recognise-token.ts";
import { checkTimes } from "./token-times.ts";

/** A token for PowerSync. */
export const TOKEN = { id: "token", title: "Token" } as const;
/** A token for powersync-auth. */
export const USER_TOKEN = { id: "user-token", title: "Token of a signed-in user" } as const;

/** A token that was given, by where it goes. */
export type TokenSubject = typeof TOKEN | typeof USER_TOKEN;

const CALL_FUNCTION =
  "In fetchCredentials, send it to powersync-auth and give PowerSync the `token` that it returns.";
const KEEP_SECRET = "It has full access, so never put it in an app, and revoke it if it ever was in one.";
const FROM_FUNCTION = "Use the `token` that powersync-auth returns.";
const SIGN_IN = "Sign in, and send the session's access token.";

/** What to send to PowerSync instead; nothing where it is the right kind of token. */
const TO_POWERSYNC: Readonly<Record<Owner, string | undefined>> = {
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
  "cut": "Copy the whole token again, from where it was issued.",
  "opaque": FROM_FUNCTION,
  "not-a-token": FROM_FUNCTION,
};

const POWERSYNC_TOKEN =
  /^(functions|unpublished-key|other-powersync|development-key|shared-secret|powersync-dashboard)$/;

/** What to send to powersync-auth instead, except of a token for PowerSync. */
const TO_FUNCTION: Readonly<Partial<Record<Owner, string>>> = {
  "supabase-other-project":
    "Sign in at this project, with its URL and publishable key, and send that session's access token.",
  "supabase-id-token": "Send the access token: an ID token is for the client that asked for it.",
  "publishable-key": `It goes in the \`apikey\` header. ${SIGN_IN}`,
  "secret-key": `${KEEP_SECRET} ${SIGN_IN}`,
  "encrypted":
    "Let the provider issue a signed access token (for Auth0: name the API as `audience` when signing in).",
  "cut": "Copy the whole access token again, straight from the session.",
  "opaque": `${SIGN_IN} A refresh token or an opaque token cannot be checked by powersync-auth.`,
  "not-a-token": SIGN_IN,
};

/** Says whose a token is: a failure with what to send instead, where it is not what goes there. */
export function checkOwner(subject: TokenSubject, { owner, what }: Recognised): Check {
  const seen = `This is ${what}.`;
  const hint = subject === TOKEN
    ? TO_POWERSYNC[owner]
    : POWERSYNC_TOKEN.test(owner)
    ? "powersync-auth makes a PowerSync token from a user's access token: give that one."
    : TO_FUNCTION[owner];
  return hint === undefined
    ? passed(subject, seen)
    : failed(subject, `${subject.id}-is-${owner}`, { seen, hint });
}

/**
 * Says whose a token for PowerSync is, before anything is said about keys: a token that is not ours never means that
 * keys must change. `others`: what is wrong with its times and its subject.
 *
 * @param nowSeconds Seconds since 1970.
 */
export function whoseToken(token: string, known: KnownSetup, nowSeconds: number) {
  const recognised = recogniseToken(token, known);
  const { decoded } = recognised;
  const others = decoded === undefined ? [] : [
    ...checkTimes(TOKEN, decoded, { nowSeconds }),
    ...(decoded.claims.sub === undefined ? [WITHOUT_SUBJECT] : []),
  ];
  return { ...recognised, whose: checkOwner(TOKEN, recognised), others };
}

const WITHOUT_SUBJECT = failed(TOKEN, "token-without-subject", {
  seen: "The token has no `sub`, so it names no user.",
  hint: "Let the issuer set the user's ID as `sub`: PowerSync refuses a token without it.",
});
