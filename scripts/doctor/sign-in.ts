import { type Check, failed, passed } from "./check.ts";

const SIGN_IN = { id: "sign-in", title: "Anonymous sign-in" };

/**
 * Signs in anonymously at a project, which makes a user there.
 *
 * @param supabaseUrl The project.
 * @param publishableKey Its API key for clients.
 */
export async function signInAnonymously(
  supabaseUrl: string,
  publishableKey: string,
): Promise<{ check: Check; accessToken?: string }> {
  const { createClient } = await import("@supabase/supabase-js");
  const supabase = createClient(supabaseUrl, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  const { data, error } = await supabase.auth.signInAnonymously();
  if (error !== null || data.session === null) {
    const seen = `The Auth server refuses${error?.status === undefined ? "" : ` with HTTP ${error.status}`}.`;
    return { check: failed(SIGN_IN, "sign-in-failed", { seen }) };
  }
  const seen = `It created the user ${data.user?.id}, which stays in the project until you delete it.`;
  return { check: passed(SIGN_IN, seen), accessToken: data.session.access_token };
}
