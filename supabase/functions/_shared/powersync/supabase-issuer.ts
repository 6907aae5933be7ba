import { authServer } from "./auth-server.ts";
import { PowerSyncAuthError } from "./errors.ts";
import { keySet } from "./key-set.ts";
import type { Log } from "./log.ts";
import { type Environment, readApiKeys, readSetting, withoutSlash } from "./settings.ts";
import type { UpstreamOptions } from "./upstream.ts";
import { SUPABASE } from "./user.ts";
import type { Issuer } from "./verify.ts";

export type IssuerOptions = UpstreamOptions & { readonly log: Log };

/** Supabase Auth can be asked about a token while its keys are fetched. */
const PATIENCE_MS = 500;

/** Roles of the project's own keys, which no user has. */
const ROLES_OF_API_KEYS = ["anon", "service_role", "supabase_admin"];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The project's own Supabase Auth.
 *
 * @throws {PowerSyncAuthError} `SUPABASE_URL_MISSING`, `SUPABASE_URL_INVALID`, `POWERSYNC_SESSION_CHECK_INVALID`,
 * `POWERSYNC_OAUTH_CLIENTS_INVALID`
 */
export function supabaseIssuer(environment: Environment, { now, log, limits }: IssuerOptions): Issuer {
  const supabaseUrl = readSetting(environment, "SUPABASE_URL");
  // The only `iss` to accept; `undefined` is any whose path ends in `/auth/v1`, and none.
  const onlyIssuer = withoutSlash(readSetting(environment, "POWERSYNC_USER_ISSUER"));
  const ownIssuer = onlyIssuer ?? `${supabaseUrl}/auth/v1`;
  return {
    algorithms: ["ES256", "RS256", "EdDSA"],
    hasKeyIds: true,
    clockToleranceSeconds: 0,
    keys: keySet({
      locate: () => `${supabaseUrl}/auth/v1/.well-known/jwks.json`,
      // The one malformed setting that is not fatal: it is the platform's, and the keys can be fetched.
      inline: unlessUnusable(() => readSetting(environment, "SUPABASE_JWKS"), log),
      // Some gateways want an API key here as well. What is wrong with ours is reported where one is needed.
      headers: () => unlessUnusable(() => ({ apikey: readApiKeys(environment)[0] })),
      patienceMs: PATIENCE_MS,
      now,
      limits,
    }),
    userOf: userReader(environment, onlyIssuer),
    // SUPABASE_JWKS has keys of third-party issuers too, whose tokens may say anything.
    needsOwnKey: ({ iss }) => withoutSlash(iss) !== ownIssuer,
    server: {
      ask: authServer({ supabaseUrl, apiKeys: () => readApiKeys(environment), now, limits }),
      aboutEvery: readSetting(environment, "POWERSYNC_SESSION_CHECK") === "server",
      // The project's legacy secret.
      ownAlgorithms: ["HS256"],
    },
    unavailable: (cause) =>
      new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", { cause, why: { reason: "keys" } }),
  };
}

function unlessUnusable<Value>(read: () => Value, log?: Log): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    log?.(error);
    return undefined;
  }
}

/** Makes the function that reads a user from claims. */
function userReader(environment: Environment, onlyIssuer: string | undefined): Issuer["userOf"] {
  const audience = readSetting(environment, "POWERSYNC_USER_AUDIENCE");
  const oauthClients: readonly unknown[] = readSetting(environment, "POWERSYNC_OAUTH_CLIENTS") ?? [];
  return (claims) => {
    const { role, sub, aud, iss, is_anonymous, client_id } = claims;
    if (typeof role !== "string" || role === "") return "role";
    // An API key in the form of a JWT has no user.
    if (ROLES_OF_API_KEYS.includes(role)) return sub === undefined ? "api-key" : "role";
    if (typeof sub !== "string" || !UUID.test(sub)) return "subject";
    if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) return "audience";
    if (onlyIssuer === undefined ? !isAuthIssuer(iss) : withoutSlash(iss) !== onlyIssuer) return "issuer";
    // A third-party app's token differs from the user's own session in this claim alone.
    if (client_id !== undefined && !oauthClients.includes(client_id)) return "oauth-client";
    return {
      id: sub,
      role,
      isAnonymous: is_anonymous !== undefined && is_anonymous !== false,
      provider: SUPABASE,
      clientId: typeof client_id === "string" ? client_id : undefined,
      claims,
    };
  };
}

/**
 * Without GOTRUE_JWT_ISSUER, Supabase Auth states no issuer. Its host differs from SUPABASE_URL's locally and behind a
 * custom domain; its path never does.
 */
function isAuthIssuer(iss: unknown): boolean {
  if (typeof iss !== "string") return iss === undefined;
  return /\/auth\/v1\/?$/.test(URL.parse(iss)?.pathname ?? "");
}
