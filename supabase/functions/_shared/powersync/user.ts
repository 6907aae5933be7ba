import type { JWTPayload } from "jose";

/** Who vouches for a user of the project's own Supabase Auth. */
export const SUPABASE = "supabase";

/** A signed-in user whose token was verified. */
export interface VerifiedUser {
  /** The user's ID: a UUID for a Supabase user. */
  readonly id: string;
  /** The Postgres role: `authenticated`, or the project's own. */
  readonly role: string;
  /** Signed in without telling who they are: `signInAnonymously()` of Supabase or Firebase. */
  readonly isAnonymous: boolean;
  /** `supabase`, or the issuer of another trusted identity provider. */
  readonly provider: string;
  /**
   * The third-party app that acts for the user, where the token comes from the project's OAuth 2.1 server: its client
   * ID, one of `POWERSYNC_OAUTH_CLIENTS`. `undefined` is the user's own session.
   */
  readonly clientId: string | undefined;
  /**
   * All claims of the verified token. Do not authorize by `user_metadata`: users can edit it. They cannot edit
   * `app_metadata`.
   */
  readonly claims: JWTPayload;
}
