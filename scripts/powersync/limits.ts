/** What the PowerSync Service 1.25.0 verifies with, as read in its KeySpec and KeyStore, and measured. */

/**
 * The algorithms that PowerSync takes a key of each type for, and those that a key of each curve verifies (RFC 7518,
 * section 3.4; RFC 8037, section 3.1). Shared secrets (`oct`) count only as static keys, never from a JWKS URI.
 */
export const POWERSYNC_ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["RS256", "RS384", "RS512"],
  EC: ["ES256", "ES384", "ES512"],
  OKP: ["EdDSA"],
  oct: ["HS256", "HS384", "HS512"],
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  Ed25519: ["EdDSA"],
  Ed448: ["EdDSA"],
};

/** Longest `exp - iat` that is accepted, unless the service is configured otherwise. */
export const MAX_TOKEN_LIFETIME_SECONDS = 86_400;

/** How far a clock may be off when `exp` and `nbf` are compared. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** Smaller RSA keys do not verify. */
export const MIN_RSA_BITS = 2048;

/** Node's limit for all headers of a request; a longer token gets a bare HTTP 431. Other headers count too. */
export const MAX_TOKEN_BYTES = 16 * 1024;
