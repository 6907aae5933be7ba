import type { JWTPayload } from "jose";
import { authServer } from "./auth-server.ts";
import { keySet } from "./key-set.ts";
import { type Environment, readApiKeys, readSetting } from "./settings.ts";
import type { UpstreamLimits } from "./upstream.ts";
import { SUPABASE, type VerifiedUser } from "./user.ts";
import type { Issuer, Reason } from "./verify.ts";

/** What an issuer depends on. */
export interface IssuerOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits?: UpstreamLimits | undefined;
}

/** Which Supabase users are accepted. */
interface UserRules {
  /** The only `iss` to accept; `undefined` is any whose path ends in `/auth/v1`. */
  readonly issuer: string | undefined;
  /** OAuth clients that may act for a user. */
  readonly oauthClients: readonly string[];
}

/** Roles of the project's own keys, which no user has. */
const ROLES_OF_API_KEYS = ["anon", "service_role", "supabase_admin"];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The project's own Supabase Auth.
 *
 * @throws {PowerSyncAuthError} `SUPABASE_URL_MISSING`, `SUPABASE_URL_INVALID`, `SUPABASE_JWKS_INVALID`,
 * `POWERSYNC_SESSION_CHECK_INVALID`, `POWERSYNC_OAUTH_CLIENTS_INVALID`
 */
export function supabaseIssuer(environment: Environment, { now, limits }: IssuerOptions): Issuer {
  const supabaseUrl = readSetting(environment, "SUPABASE_URL");
  const rules = {
    issuer: readSetting(environment, "POWERSYNC_USER_ISSUER"),
    oauthClients: readSetting(environment, "POWERSYNC_OAUTH_CLIENTS") ?? [],
  };
  return {
    // Its signing keys sign with these, each with a key ID.
    algorithms: ["ES256", "RS256", "EdDSA"],
    hasKeyIds: true,
    clockToleranceSeconds: 0,
    keys: keySet({
      locate: () => `${supabaseUrl}/auth/v1/.well-known/jwks.json`,
      inline: readSetting(environment, "SUPABASE_JWKS"),
      now,
      limits,
    }),
    userOf: (claims) => supabaseUser(claims, rules),
    server: {
      ask: authServer({ supabaseUrl, apiKey: () => readApiKeys(environment)[0], limits }),
      aboutEvery: readSetting(environment, "POWERSYNC_SESSION_CHECK") === "server",
      // The project's legacy secret.
      ownAlgorithms: ["HS256"],
    },
    unavailable: "AUTH_SERVER_UNAVAILABLE",
  };
}

function supabaseUser(claims: JWTPayload, { issuer, oauthClients }: UserRules): VerifiedUser | Reason {
  const { role, sub, aud, iss, is_anonymous, client_id } = claims;
  if (typeof role !== "string" || role === "") return "role";
  if (ROLES_OF_API_KEYS.includes(role)) return "api-key";
  if (typeof sub !== "string" || !UUID.test(sub)) return "subject";
  if (aud !== "authenticated" && !(Array.isArray(aud) && aud.includes("authenticated"))) return "audience";
  // SUPABASE_JWKS has keys of third-party issuers too; their tokens are not Supabase users'.
  if (issuer === undefined ? !isAuthIssuer(iss) : iss !== issuer) return "issuer";
  // A third-party app's token differs from the user's own session in this claim alone.
  if (client_id !== undefined && !oauthClients.some((id) => id === client_id)) return "oauth-client";
  return {
    id: sub,
    role,
    isAnonymous: is_anonymous === true,
    provider: SUPABASE,
    clientId: typeof client_id === "string" ? client_id : undefined,
    claims,
  };
}

/** Its host differs from SUPABASE_URL's locally and behind a custom domain; its path never does. */
function isAuthIssuer(iss: unknown): boolean {
  return typeof iss === "string" && (URL.parse(iss)?.pathname.endsWith("/auth/v1") ?? false);
}
