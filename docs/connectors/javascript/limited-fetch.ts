/** For each request to Supabase Auth. */
const TIMEOUT_MS = 15_000;

/**
 * The `fetch` for supabase-js, which has no time limit of its own: a session renewal that hangs would hold up
 * everything after it, including sign-out. Files may take longer, so only requests to Supabase Auth are limited.
 */
export const limitedFetch: typeof fetch = (input, init) => {
  if (!`${input}`.includes("/auth/v1/")) return fetch(input, init);
  const limit = new AbortController();
  // Never cleared, because the body must arrive in time too.
  setTimeout(() => limit.abort(), TIMEOUT_MS);
  return fetch(input, { ...init, signal: limit.signal });
};
