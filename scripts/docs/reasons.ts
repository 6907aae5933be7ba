import type { Reason } from "../../supabase/functions/_shared/powersync/verify.ts";

/** Reasons in the log that are not about a user's token alone. */
type OtherReason = "auth-answer" | "keys" | "only-legacy-key-known";

/** What each reason in the log means and what to do, the most frequent first. */
export const REASONS: Readonly<Record<Reason | OtherReason, readonly [means: string, fix: string]>> = {
  issuer: [
    "`iss` is not the project's issuer.",
    "Compare `iss=…` with `POWERSYNC_USER_ISSUER`, character by character. Without that setting, the path must end in `/auth/v1`; self-hosted, set `GOTRUE_JWT_ISSUER`.",
  ],
  audience: [
    "`aud` has no accepted audience.",
    "Compare `aud=…` with `POWERSYNC_USER_AUDIENCE` (`GOTRUE_JWT_AUD`), or with `audience` of the provider's entry. A missing `aud` needs `audience_claim`.",
  ],
  role: [
    "The token has no role, or the role of an API key. This is also the usual reason if its `iss` is in no entry of `POWERSYNC_IDENTITY_PROVIDERS`.",
    "Compare `iss=…` with each entry's `issuer`; a trailing slash counts there. For a Supabase token, keep `role` in the custom access token hook.",
  ],
  subject: [
    "The claim that names the user is missing, not text, too long (1,024 characters) or, for Supabase, not a UUID. Or Supabase Auth says that the token belongs to another user.",
    "Check `subject_claim`, or the custom access token hook.",
  ],
  "email-not-verified": [
    "`subject_claim` is `email`, and `email_verified` is not true.",
    "Let the user verify the address, or use another claim.",
  ],
  type: [
    "It is another kind of token: a logout token, Keycloak's ID, refresh or offline token, or another `typ` in the header.",
    "Send the access token; for ID tokens of Keycloak, [`allow`](identity-providers.md#which-tokens-are-refused).",
  ],
  "bound-to-key": [
    "The token is bound to a key (DPoP), and the functions do not check proofs of that key.",
    "Turn DPoP off for this client, or [`allow`](identity-providers.md#which-tokens-are-refused) it.",
  ],
  algorithm: [
    "`alg` is not accepted, is not that of the key with this `kid`, or a Supabase token has no `kid`.",
    "Check the entry's `algorithms`. HS256 works for Supabase's legacy secret only. Otherwise somebody is inventing tokens.",
  ],
  "key-unknown": [
    "The provider publishes no such key.",
    "Compare the token's `kid` with those at `jwks_uri`. After a rotation this ends within 30 seconds.",
  ],
  signature: [
    "The token was not signed with the key that its issuer publishes.",
    "The token was changed, or comes from another project.",
  ],
  malformed: [
    "The token is not a well-formed JWT.",
    "Send the token unchanged: no quotes, no white space, no padding.",
  ],
  "too-long": [
    "More than 16,384 characters, or Supabase Auth answered 413 or 431.",
    "Keep metadata and hook claims small.",
  ],
  times: [
    "`exp` is missing, or a time is not a number.",
    "Let the issuer set `exp`.",
  ],
  "not-yet-valid": [
    "`nbf` is in the future.",
    "Correct the clock that set it.",
  ],
  expired: [
    "`exp` has passed.",
    "Refresh the session before calling.",
  ],
  "api-key": [
    "The bearer is an API key.",
    "Sign in first.",
  ],
  "oauth-client": [
    "The token was issued to a third-party app.",
    "Add the app to `POWERSYNC_OAUTH_CLIENTS`, if it may sync.",
  ],
  "auth-refused": [
    "Supabase Auth refuses the token: it belongs to another project, was signed with a revoked key or another secret, or was changed.",
    "Compare `SUPABASE_URL` with the project of the app.",
  ],
  "auth-session-ended": [
    "Sign-out or a password change ended the session.",
    "Sign in again.",
  ],
  "auth-user-deleted": [
    "The user was deleted.",
    "Nothing.",
  ],
  "auth-user-banned": [
    "The user is banned.",
    "Lift the ban in Supabase Auth.",
  ],
  "auth-answer": [
    "Supabase Auth, or what is in front of it, failed: `status=…` and `code=…` are its own.",
    "A 404 without a code comes from a gateway: check `SUPABASE_URL`. Otherwise see Auth's log.",
  ],
  keys: [
    "A provider's keys cannot be fetched or used: `issuer=…` and `cause=…` say which and why. For Supabase: a published key cannot be used, or Auth refuses a token of its own key because its cache is old.",
    "Check `issuer` and `jwks_uri` of the entry. For Supabase, wait ten minutes.",
  ],
  "only-legacy-key-known": [
    "The caller sent a publishable key, and the environment has only the legacy `anon` key.",
    "Set `SUPABASE_PUBLISHABLE_KEY`.",
  ],
};
