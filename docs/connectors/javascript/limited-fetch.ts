/** Supabase Auth answers within this time, or not at all. */
const TIMEOUT_MS = 15_000;

/**
 * The `fetch` for supabase-js, which has no time limit of its own: a renewal of the session that hangs would hold up
 * everything after it, sign-out too. Files may take longer, so only requests to Supabase Auth are limited.
 */
export const limitedFetch: typeof fetch = (input, init) => {
  if (!`${input}`.includes("/auth/v1/")) return fetch(input, init);
  const limit = new AbortController();
  // Never cleared, because the body has to arrive in time too.
  setTimeout(() => limit.abort(), TIMEOUT_MS);
  return fetch(input, { ...init, signal: limit.signal });
};
