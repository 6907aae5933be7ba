/**
 * The one file to edit: what the PowerSync tokens of this project say.
 *
 * Both functions return the claims of a token. `sub` becomes `auth.user_id()` in Sync Streams and
 * `request.user_id()` in Sync Rules; any other claim `x` is `auth.parameter('x')` and `request.jwt() ->> 'x'`.
 * `iss`, `aud`, `iat`, `exp`, `nbf` and `jti` are set elsewhere. Both may be async and may import anything.
 * To answer 403 instead, throw `refusal("…")` from `./errors.ts`. docs/claims.md has complete examples.
 */
import type { VerifiedUser } from "./user.ts";

/** Claims of one token. */
export interface Claims {
  /** Non-empty, without control characters. */
  sub: string;
  /** Read as `token_parameters.…` by legacy Sync Rules. */
  parameters?: Record<string, unknown>;
  [claim: string]: unknown;
}

/**
 * Claims for a signed-in user.
 *
 * @param user The verified user. Do not authorize by `user.claims.user_metadata`: users can edit it.
 * @param _request The request, for a header or query parameter of your own.
 */
export function signedInClaims(user: VerifiedUser, _request: Request): Claims | Promise<Claims> {
  return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };
}

/**
 * Claims for a caller who has not signed in. Called for every request.
 *
 * @param _request The request. Anybody can send one: whatever it says is not verified.
 */
export function anonymousClaims(_request: Request): Claims | Promise<Claims> {
  return { sub: "anonymous", role: "anon", is_anonymous: true };
}
