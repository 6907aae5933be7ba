import { fetchUpstream } from "../../supabase/functions/_shared/powersync/upstream.ts";
import { type Check, passed, probed } from "./check.ts";
import { named } from "./tokens/decoded-token.ts";

const SIGN_IN = { id: "sign-in", title: "Anonymous sign-in" };

/**
 * Signs in anonymously at a project, which makes a user there.
 *
 * @param supabaseUrl The project.
 * @param options `publishableKey`: its API key for clients; `timeoutMs`: how long the Auth server may take.
 */
export async function signInAnonymously(
  supabaseUrl: string,
  { publishableKey, timeoutMs }: { publishableKey: string; timeoutMs: number },
): Promise<{ check: Check; accessToken?: string }> {
  const { createClient } = await import("@supabase/supabase-js");
  const supabase = createClient(supabaseUrl, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) => fetchUpstream(input, { ...init, redirect: "manual" }, { timeoutMs }),
    },
  });
  const { data, error } = await supabase.auth.signInAnonymously();
  if (error !== null || data.session === null) {
    // supabase-js states no status, or 0, when there was no answer.
    const check = error?.status
      ? probed(SIGN_IN, "sign-in-refused", `Supabase Auth refuses with HTTP ${error.status}.`)
      : probed(SIGN_IN, "no-connection", "Supabase Auth does not answer.");
    return { check };
  }
  const seen = `It created the user ${named(data.user?.id)}, which stays in the project until you delete it.`;
  return { check: passed(SIGN_IN, seen), accessToken: data.session.access_token };
}
