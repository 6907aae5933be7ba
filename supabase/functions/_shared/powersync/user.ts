import type { JWTPayload } from "jose";

/** Who vouched for a user when it was the project's own Supabase Auth. */
export const SUPABASE = "supabase";

/** A signed-in user whose token was verified. */
export interface VerifiedUser {
  /** The user's id: a UUID for a Supabase user. */
  readonly id: string;
  /** The Postgres role: `authenticated`, or the project's own. */
  readonly role: string;
  /** Signed in without telling who they are: `signInAnonymously()` of Supabase or Firebase. */
  readonly isAnonymous: boolean;
  /** `supabase`, or the issuer of another trusted identity provider. */
  readonly provider: string;
  /**
   * All claims of the verified token. `user_metadata` in them can be edited by the user: never decide by it what
   * somebody may see; `app_metadata` cannot.
   */
  readonly claims: JWTPayload;
}
