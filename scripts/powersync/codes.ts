/** What a code means to the person who meets it. */
interface PowerSyncCodeMeaning {
  readonly code: string;
  /** What the service checks when it raises the code. */
  readonly raisedFor: string;
  /** What is usually behind it in a setup with these functions. */
  readonly cause: string;
  readonly fix: string;
}

/** Every code, in the order in which a request meets them. Details beyond the code stay in the service's own log. */
export const POWERSYNC_CODES = [
  {
    code: "HTTP 431",
    raisedFor: "request headers over about 16 KB",
    cause: "The token carries too many or too large claims; the service answers before it looks at them.",
    fix:
      "Return fewer claims from claims.ts and look large values up in Sync Streams; or let the proxy in front accept larger headers.",
  },
  {
    code: "PSYNC_S2106",
    raisedFor: "a request without a token, or with white space in the token",
    cause:
      "The header is not exactly `Token <jwt>` or `Bearer <jwt>`, or fetchCredentials returned no token.",
    fix: "Return the function's `token` unchanged from fetchCredentials.",
  },
  {
    code: "PSYNC_S2201",
    raisedFor: "a key of the JWKS that cannot be imported, or a JWKS that is `null`",
    cause: "One malformed key makes the service refuse the whole set.",
    fix: "Unset the secret that holds the key, or replace the key.",
  },
  {
    code: "PSYNC_S2204",
    raisedFor: 'a JWKS that answers with an HTTP error, too late, or with anything but `{"keys":[…]}`',
    cause: "The URI is wrong, powersync-jwks is not deployed, or the gateway still asks for a JWT.",
    fix: "Let the task `doctor` ask the URI: it says who answers and what to deploy.",
  },
  {
    code: "PSYNC_S2202",
    raisedFor:
      "a JWKS host with an IPv6 address only; only the service's log says so, a client sees PSYNC_S2204",
    cause: "The service looks for an IPv4 address.",
    fix: "Serve the JWKS on a host that has one; on Supabase every project has.",
  },
  {
    code: "PSYNC_S2203",
    raisedFor: "a JWKS host in a blocked IP range; only the service's log says so, a client sees PSYNC_S2204",
    cause: "The JWKS URI names a local or private address.",
    fix:
      "Use a public host; self-hosted, see `block_local_jwks` and `jwks_reject_ip_ranges` in service.yaml.",
  },
  {
    code: "PSYNC_S2101",
    raisedFor:
      "an unknown `kid`, a bad signature, another `alg` than the key's, a missing `sub`, `iat` or `exp`, an `nbf` in the future, `parameters` that is not an object, a malformed token",
    cause:
      "PowerSync does not have the key that signed: another JWKS URI, a new key signing too early, or halves of two pairs.",
    fix:
      "Compare the token's `kid` and `alg` with the live JWKS: the task `doctor` does it, and asks for the token with `--token`.",
  },
  {
    code: "PSYNC_S2102",
    raisedFor: "documented, but never raised by the service",
    cause: "See PSYNC_S2101.",
    fix: "Treat it as PSYNC_S2101.",
  },
  {
    code: "PSYNC_S2103",
    raisedFor: "`exp` passed by more than 60 s",
    cause: "The app keeps an old token, or a clock is wrong.",
    fix: "Call the function in every fetchCredentials instead of storing its token; check both clocks.",
  },
  {
    code: "PSYNC_S2105",
    raisedFor: "an `aud` that is missing or not configured",
    cause: "POWERSYNC_URL is not, character by character, the instance's URL or a configured audience.",
    fix:
      "Set POWERSYNC_URL to the instance URL without a trailing slash, or POWERSYNC_AUDIENCE to an audience of the service.",
  },
  {
    code: "PSYNC_S2104",
    raisedFor: "`exp - iat` above the service's maximum, 86400 s",
    cause: "The token's lifetime is more than a day.",
    fix: "Set POWERSYNC_TOKEN_TTL to 86400 or less; for a development token, a shorter --expires-in.",
  },
] as const satisfies readonly PowerSyncCodeMeaning[];

/** The codes with which the PowerSync Service refuses a client, and two that only its log has. */
export type PowerSyncCode = typeof POWERSYNC_CODES[number]["code"];

/**
 * What a code means.
 *
 * @returns The meaning, or `undefined` for a code that has nothing to do with authentication.
 */
export function meaningOf(code: string): typeof POWERSYNC_CODES[number] | undefined {
  return POWERSYNC_CODES.find((meaning) => meaning.code === code);
}
