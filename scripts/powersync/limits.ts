/** What the PowerSync Service 1.25.0 verifies with, as measured and as read in its KeyStore and KeySpec. */

/** Algorithms by key type. Keys of type `oct` count only when configured statically, never from a JWKS URI. */
export const POWERSYNC_ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["RS256", "RS384", "RS512"],
  EC: ["ES256", "ES384", "ES512"],
  OKP: ["EdDSA"],
  oct: ["HS256", "HS384", "HS512"],
};

/** The one algorithm of each curve (RFC 7518, section 3.4; RFC 8037, section 3.1). */
export const CURVE_ALGORITHM: Readonly<Record<string, string>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "EdDSA",
};

/** Longest `exp - iat` that is accepted, unless the service is configured otherwise. */
export const MAX_TOKEN_LIFETIME_SECONDS = 86_400;

/** How far a clock may be off when `exp` and `nbf` are compared. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** RSA keys below do not verify. */
export const MIN_RSA_BITS = 2048;

/** Node's limit for all headers of a request; a longer token gets a bare HTTP 431. About, because other headers count too. */
export const MAX_TOKEN_BYTES = 16 * 1024;
