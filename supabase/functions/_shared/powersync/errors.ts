/** A secret or platform variable without which there is no answer. */
export type RequiredSetting =
  | "POWERSYNC_PRIVATE_KEY"
  | "POWERSYNC_URL"
  | "SUPABASE_URL"
  | "SUPABASE_PUBLISHABLE_KEYS";

/** A secret or platform variable that can be malformed; keys have codes of their own. */
export type CheckedSetting =
  | "POWERSYNC_URL"
  | "POWERSYNC_AUDIENCE"
  | "POWERSYNC_TOKEN_TTL"
  | "POWERSYNC_SESSION_CHECK"
  | "POWERSYNC_IDENTITY_PROVIDERS"
  | "SUPABASE_URL"
  | "SUPABASE_JWKS"
  | "SUPABASE_PUBLISHABLE_KEYS";

/** Why a key was left out of the key ring. */
export type KeyErrorCode =
  | "KEY_MALFORMED"
  | "KEY_IS_PUBLIC"
  | "KEY_IS_PRIVATE"
  | "KEY_IS_SYMMETRIC"
  | "KEY_UNSUPPORTED"
  | "KEY_TOO_WEAK"
  | "KEY_INCONSISTENT"
  | "KEY_ID_DUPLICATE"
  | "KEY_PAIR_MISMATCH";

/** Why the project's own `claims.ts` did not lead to a token. */
export type ClaimsErrorCode =
  | "CLAIMS_REFUSED"
  | "CLAIMS_FAILED"
  | "CLAIMS_NOT_AN_OBJECT"
  | "CLAIMS_RESERVED"
  | "CLAIMS_SUBJECT_INVALID"
  | "CLAIMS_PARAMETERS_INVALID"
  | "CLAIMS_NOT_JSON"
  | "TOKEN_TOO_LARGE";

/** What is wrong with the caller's credentials. */
export type CallerErrorCode =
  | "USER_TOKEN_MISSING"
  | "USER_TOKEN_INVALID"
  | "USER_TOKEN_EXPIRED"
  | "USER_TOKEN_IS_API_KEY"
  | "API_KEY_MISSING"
  | "API_KEY_INVALID"
  | "API_KEY_IS_SECRET";

/** A neighbour that did not answer, or that we do not ask more often. */
export type UpstreamErrorCode =
  | "AUTH_SERVER_UNAVAILABLE"
  | "AUTH_SERVER_LIMIT_REACHED"
  | "IDENTITY_PROVIDER_UNAVAILABLE";

/** Every code that an answer of the three functions can carry; a stable part of their interface. */
export type ErrorCode =
  | `${RequiredSetting}_MISSING`
  | `${CheckedSetting}_INVALID`
  | KeyErrorCode
  | ClaimsErrorCode
  | CallerErrorCode
  | UpstreamErrorCode
  | "METHOD_NOT_ALLOWED"
  | "INTERNAL_ERROR";

/** What an error tells besides its code. */
export interface ErrorDetails {
  /** What was attempted and what was found, as a sentence. Never holds key or token material. */
  message: string;
  /** The command or setting that fixes it. */
  hint: string;
  /** What was caught; kept for a debugger, never answered or logged. */
  cause?: unknown;
  /** Seconds after which a retry may succeed; becomes `Retry-After`. */
  retryAfterSeconds?: number;
}

/** The one error class of the bundle: a stable code, a sentence and the way out. */
export class PowerSyncAuthError extends Error {
  override readonly name = "PowerSyncAuthError";
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, { message, hint, cause, retryAfterSeconds }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The error to throw from `claims.ts` when a caller shall not get a token: answered as 403 `CLAIMS_REFUSED`.
 *
 * @param message A sentence for the caller; it is answered as it is.
 * @param hint What the caller can do about it.
 *
 * @example
 * ```ts
 * if (user.claims.app_metadata?.plan !== "pro") throw refusal("Sync needs the Pro plan.");
 * ```
 */
export function refusal(message: string, hint = "Ask whoever runs this app for access."): PowerSyncAuthError {
  return new PowerSyncAuthError("CLAIMS_REFUSED", { message, hint });
}
