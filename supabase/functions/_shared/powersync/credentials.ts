import { PowerSyncAuthError } from "./errors.ts";
import { loadKeyRing, signingKeyAt } from "./keys.ts";
import { type LogContext, logError } from "./log.ts";
import { once } from "./once.ts";
import { type Environment, readKeySecrets, readTokenSettings } from "./settings.ts";
import { issueToken } from "./token.ts";

/** The answer of both auth functions. */
export interface Credentials {
  /** The signed token. */
  readonly token: string;
  /** The PowerSync instance, as the original example called it. */
  readonly powersync_url: string;
  /** The same, as PowerSync's SDKs call it. */
  readonly endpoint: string;
  /** The token's subject. */
  readonly user_id: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

/** A source of credentials. */
export interface CredentialsOptions {
  readonly environment: () => Environment;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logContext: () => LogContext;
}

/** At least this part of a shared token's lifetime is left when it is handed out. */
const SHARED_LIFETIME_LEFT = 0.95;

/**
 * Makes the function that turns claims into credentials. Settings and keys are read on its first call and kept.
 *
 * @returns A function of a thunk that yields what `claims.ts` returns. It throws every error of the settings, the keys
 * and the claims; what `claims.ts` throws by accident becomes `CLAIMS_FAILED`.
 */
export function credentialsIssuer(
  { environment, now, logContext }: CredentialsOptions,
): (claims: () => unknown) => Promise<Credentials> {
  const load = once(async () => {
    const settings = readTokenSettings(environment());
    const ring = await loadKeyRing(readKeySecrets(environment()));
    signingKeyAt(ring, now() / 1000);
    for (const { error } of ring.problems) logError(error, logContext());
    return { settings, ring };
  });
  return async (claims) => {
    const { settings: { url, ...settings }, ring } = await load();
    const checkedClaims = await callClaims(claims);
    const seconds = now() / 1000;
    const issued = await issueToken(checkedClaims, {
      ...settings,
      key: signingKeyAt(ring, seconds),
      now: seconds,
    });
    return {
      token: issued.token,
      powersync_url: url,
      endpoint: url,
      user_id: issued.subject,
      expires_at: new Date(issued.expiresAt * 1000).toISOString(),
    };
  };
}

/**
 * Hands the same credentials to everyone for a moment, which is right only for claims that do not depend on the
 * caller. Signing is the cost of such an answer. At least 95 % of the lifetime is left to whoever gets one.
 *
 * @param issue Makes new credentials; concurrent calls share one.
 * @param now Milliseconds since 1970.
 * @returns The credentials as JSON.
 */
export function shareBriefly(issue: () => Promise<Credentials>, now: () => number): () => Promise<string> {
  let shared: { json: string; until: number } | undefined;
  let renewing: Promise<string> | undefined;
  const renew = async () => {
    const issuedAt = Math.floor(now() / 1000) * 1000;
    const credentials = await issue();
    const expiresAt = Date.parse(credentials.expires_at);
    const until = expiresAt - (expiresAt - issuedAt) * SHARED_LIFETIME_LEFT;
    shared = { json: JSON.stringify(credentials), until };
    return shared.json;
  };
  return async () => {
    if (shared !== undefined && now() < shared.until) return shared.json;
    renewing ??= renew().finally(() => renewing = undefined);
    return await renewing;
  };
}

async function callClaims(claims: () => unknown): Promise<unknown> {
  try {
    return await claims();
  } catch (cause) {
    if (cause instanceof PowerSyncAuthError) throw cause;
    throw new PowerSyncAuthError("CLAIMS_FAILED", {
      message: "The project's claims.ts threw an error.",
      hint:
        "Catch and log it in supabase/functions/_shared/powersync/claims.ts; what it says is not shown here.",
      cause,
    });
  }
}
