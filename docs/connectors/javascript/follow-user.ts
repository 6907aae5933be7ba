import type { SupabaseClient } from "@supabase/supabase-js";

export interface Follow {
  /** Called when a user signs in, or another one does: `() => database.connect(connector)`, which disconnects first. */
  readonly connect: () => Promise<void>;
  /** Called when the user signs out, or their session ends: `() => database.disconnect()`. */
  readonly disconnect: () => Promise<void>;
}

/**
 * Keeps PowerSync connected as the user of supabase-js' session. A renewed session changes nothing. Call it once, at the
 * start of the app.
 *
 * @returns A function that stops following.
 */
export function followUser(supabase: SupabaseClient, { connect, disconnect }: Follow): () => void {
  let followed: string | null = null;
  // supabase-js waits for this listener, and connecting waits for supabase-js, so nothing here is awaited.
  const { data: { subscription } } = supabase.auth.onAuthStateChange((event, session) => {
    const user = session && `${session.user.id} ${session.user.is_anonymous}`;
    // For example SIGNED_IN, which a web page gets each time its tab gets focus.
    if (user === followed) return;
    if (session && followed?.startsWith(session.user.id) && event !== "TOKEN_REFRESHED") {
      // An anonymous user became permanent, but the access token does not say so. TOKEN_REFRESHED follows; if it does not,
      // the next event tries again.
      setTimeout(() => supabase.auth.refreshSession().catch(console.error));
      return;
    }
    followed = user;
    (user === null ? disconnect() : connect()).catch(console.error);
  });
  return () => subscription.unsubscribe();
}
