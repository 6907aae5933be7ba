import { AuthStandIn } from "./auth_stand_in.ts";
import { environmentOf } from "./functions.ts";
import { PUBLISHABLE_KEY, signLegacyToken, USER_ID, userToken } from "./project.ts";

/** What a Supabase project gives to its functions and users. */
export interface SupabaseProject extends AsyncDisposable {
  /** What the platform puts into a function's environment. */
  readonly env: Record<string, string>;
  readonly publishableKey: string;
  readonly userId: string;
  /** The access token of a user of a project with signing keys. */
  readonly accessToken: string;
  /** The access token of the same user from before the project had signing keys; only the Auth server can check it. */
  readonly legacyAccessToken: string;
}

/** Starts the project's Auth server on loopback and signs a user in. */
export async function startSupabaseProject(): Promise<SupabaseProject> {
  const auth = new AuthStandIn();
  const env = Object.entries(environmentOf(auth)).filter(([name]) => name.startsWith("SUPABASE_"));
  return {
    env: Object.fromEntries(env),
    publishableKey: PUBLISHABLE_KEY,
    userId: USER_ID,
    accessToken: await userToken(),
    legacyAccessToken: await signLegacyToken(),
    [Symbol.asyncDispose]: () => auth.stop(),
  };
}
