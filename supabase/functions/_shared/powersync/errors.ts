/** What a code stands for. */
interface Kind {
  /** 401: other credentials help. 403: this caller gets no token. 500: the set-up is wrong. 503: try again. */
  readonly status: 401 | 403 | 405 | 500 | 503;
  /** What went wrong, in general; whoever throws may say it more exactly. */
  readonly message: string;
  /** What whoever receives the answer does next. Names settings, never a script. */
  readonly hint: string;
}

const SET_AGAIN = "Set it again from where it was made; make a new key pair only if that copy is lost.";

/** Every code that an answer can have. The codes are a stable part of the interface. */
export const ERRORS = {
  ...alike({ status: 401 }, {
    USER_TOKEN_MISSING: {
      message: "The request has no access token of a user.",
      hint: "Sign in and send the session's access token as `Authorization: Bearer <token>`.",
    },
    USER_TOKEN_INVALID: {
      message: "The access token is not a valid token of a user of this project.",
      hint: "Sign in again and send the new session's access token as `Authorization: Bearer <token>`.",
    },
    USER_TOKEN_EXPIRED: {
      message: "The access token has expired.",
      hint: "Refresh the session, as supabase.auth.getSession() does, and send its new access token.",
    },
    USER_TOKEN_IS_API_KEY: {
      message: "The bearer token is an API key of the project, not a user's access token.",
      hint: "Sign in first, or call powersync-auth-anonymous. The API key belongs in the `apikey` header.",
    },
    USER_TOKEN_TOO_LARGE: {
      message: "The access token is too long to be checked.",
      hint: "Keep app_metadata, user_metadata and the claims of a custom access token hook small.",
    },
    API_KEY_MISSING: {
      message: "There is no API key.",
      hint: "Send the publishable key as `apikey`.",
    },
    API_KEY_INVALID: {
      message: "The API key does not belong to this project.",
      hint: "Use the publishable key from the project's API settings; it may have been rotated.",
    },
    API_KEY_IS_SECRET: {
      message: "The request has a secret key of the project where a publishable key belongs.",
      hint: "Use the publishable key in clients, and revoke a secret key that is in an app.",
    },
  }),
  ...alike({ status: 403 }, {
    OAUTH_CLIENT_NOT_ALLOWED: {
      message: "The access token was issued to an OAuth client that may not get PowerSync tokens.",
      hint: "Send the token of the user's own session, or add the client ID to POWERSYNC_OAUTH_CLIENTS.",
    },
    CLAIMS_REFUSED: { message: "This caller gets no token.", hint: "Ask whoever runs this app for access." },
  }),
  ...alike({ status: 405 }, {
    METHOD_NOT_ALLOWED: { message: "Method not allowed.", hint: "Use a method from the `Allow` header." },
  }),
  ...alike({ status: 503 }, {
    AUTH_SERVER_UNAVAILABLE: {
      message: "Supabase Auth did not answer, so the access token could not be checked.",
      hint: "Try again in a moment. If this persists, check the project's Auth logs and SUPABASE_URL.",
    },
    AUTH_SERVER_LIMIT_REACHED: {
      message: "Too many access tokens are waiting for an answer from Supabase Auth.",
      hint: "Try again in a moment. After a rotation of Supabase's signing keys this passes within minutes.",
    },
    IDENTITY_PROVIDER_UNAVAILABLE: {
      message: "The keys of the identity provider that issued this token could not be fetched.",
      hint: "Try again in a moment. If this persists, check the entry in POWERSYNC_IDENTITY_PROVIDERS.",
    },
  }),
  ...alike({ status: 500 }, {
    IDENTITY_PROVIDER_MISCONFIGURED: {
      message: "The identity provider that issued this token has no usable keys at the configured address.",
      hint: "Check `issuer` and `jwks_uri` of its entry in POWERSYNC_IDENTITY_PROVIDERS.",
    },
    CLAIMS_FAILED: {
      message: "The project's claims.ts threw an error.",
      hint: "Catch it in supabase/functions/_shared/powersync/claims.ts and log it: it is not shown here.",
    },
    POWERSYNC_PRIVATE_KEY_MISSING: {
      message: "POWERSYNC_PRIVATE_KEY is not set.",
      hint: "Set it to a private JWK.",
    },
    INTERNAL_ERROR: {
      message: "The function failed.",
      hint: "The fault is in the function, not in the request. Look for this code in the function's log.",
    },
  }),
  ...alike({
    status: 500,
    hint: "Change supabase/functions/_shared/powersync/claims.ts and deploy again.",
  }, {
    CLAIMS_NOT_AN_OBJECT: { message: "The claims are not an object." },
    CLAIMS_NOT_JSON: { message: "The claims cannot be written as JSON." },
    CLAIMS_RESERVED: { message: "A claim is reserved." },
    CLAIMS_SUBJECT_INVALID: { message: "The claim `sub` must be non-empty text without control characters." },
    CLAIMS_PARAMETERS_INVALID: { message: "The claim `parameters` is not an object." },
    TOKEN_TOO_LARGE: { message: "The token is too large." },
  }),
  // keys.ts says which key it is, and why.
  ...alike({ status: 500, message: "A key cannot be used." }, {
    KEY_MALFORMED: { hint: `It must be one JWK, as JSON or its base64. ${SET_AGAIN}` },
    KEY_IS_PUBLIC: { hint: "The secrets may be swapped: POWERSYNC_PRIVATE_KEY is the JWK with `d`." },
    KEY_IS_PRIVATE: {
      hint: "It was not published. Set the JWK without `d`; replace the key if anyone saw it.",
    },
    KEY_IS_SYMMETRIC: { hint: "A JWKS cannot hold a shared secret. Set an RSA, EC or Ed25519 key pair." },
    KEY_UNSUPPORTED: { hint: "Use RS256, RS384 or RS512 with 2048 to 4096 bits, ES256, ES384 or Ed25519." },
    KEY_TOO_WEAK: { hint: "RSA keys need 2048 bits or more and an odd public exponent of at least 65537." },
    KEY_INCONSISTENT: { hint: `The value was edited, or mixed from two keys. ${SET_AGAIN}` },
    KEY_ID_DUPLICATE: { hint: "Give each key its own `kid`, or unset one of the two secrets." },
    KEY_PAIR_MISMATCH: { hint: "The other key is published. Set both from one pair, or unset this one." },
  }),
  // settings.ts says which setting it is, what it is for, and why it cannot be used.
  ...alike({ status: 500, message: "A setting is missing or cannot be used.", hint: "Correct it." }, {
    POWERSYNC_URL_MISSING: {},
    POWERSYNC_URL_INVALID: {},
    POWERSYNC_AUDIENCE_INVALID: {},
    POWERSYNC_TOKEN_TTL_INVALID: {},
    POWERSYNC_SESSION_CHECK_INVALID: {},
    POWERSYNC_OAUTH_CLIENTS_INVALID: {},
    POWERSYNC_IDENTITY_PROVIDERS_INVALID: {},
    SUPABASE_URL_MISSING: {},
    SUPABASE_URL_INVALID: {},
    SUPABASE_JWKS_INVALID: {},
    SUPABASE_PUBLISHABLE_KEYS_MISSING: {},
    SUPABASE_PUBLISHABLE_KEYS_INVALID: {},
  }),
};

/** Codes with what they have in common, and what each has of its own. */
function alike<Common extends Partial<Kind>, Code extends string>(
  common: Common,
  codes: Record<Code, Omit<Kind, keyof Common>>,
): Record<Code, Kind> {
  const kinds = Object.entries<object>(codes).map(([code, own]) => [code, { ...common, ...own }]);
  // `Object.fromEntries` forgets the names.
  return Object.fromEntries(kinds) as Record<Code, Kind>;
}

export type ErrorCode = keyof typeof ERRORS;

/** Why a key was left out of the key ring. */
export type KeyErrorCode = Extract<ErrorCode, `KEY_${string}`>;

/** The one error class: a stable code, a sentence and what to do next. */
export class PowerSyncAuthError extends Error {
  override readonly name = "PowerSyncAuthError";
  readonly code: ErrorCode;
  readonly hint: string;
  /** The app's own word for a refusal, answered beside the code. */
  readonly reason: string | undefined;
  /**
   * Why, for the log alone: an answer must not tell a caller which check failed. The reason is one of a closed list;
   * what was found may come from outside, so the log strips and shortens it. Never holds secrets or tokens.
   */
  readonly why: { readonly reason: string; readonly found?: Readonly<Record<string, unknown>> } | undefined;
  /** Seconds after which a retry may succeed; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  /**
   * @param details `message`: what was attempted and what was found, as a sentence that holds no key or token material;
   * the code's own words by default, as for `hint`. `cause`: what was caught, for a debugger, never answered.
   */
  constructor(code: ErrorCode, { message, hint, reason, cause, why, retryAfterSeconds }: Details = {}) {
    // Deployed code is not type-checked, and `claims.ts` may throw this with anything.
    const known = Object.hasOwn(ERRORS, code) ? code : "INTERNAL_ERROR";
    super(textOr(message, ERRORS[known].message), cause === undefined ? undefined : { cause });
    this.code = known;
    this.hint = textOr(hint, ERRORS[known].hint);
    this.reason = textOr(reason, undefined);
    this.why = why;
    this.retryAfterSeconds = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds : undefined;
  }
}

type Details = Partial<
  Pick<PowerSyncAuthError, "message" | "hint" | "reason" | "cause" | "why" | "retryAfterSeconds">
>;

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === "string" ? value : other;
}

/**
 * The error to throw from `claims.ts` when a caller must not get a token: answered as 403 `CLAIMS_REFUSED`.
 *
 * @param message A sentence for the caller; it is answered as it is.
 * @param details What the caller can do about it, as text; or `{ hint, reason }`, where `reason` is the app's own word
 * for its clients to react to, answered beside the code.
 *
 * @example
 * ```ts
 * if (user.claims.app_metadata?.plan !== "pro") throw refusal("Sync needs the Pro plan.");
 * throw refusal("This device was revoked.", { reason: "DEVICE_REVOKED" });
 * ```
 */
export function refusal(
  message: string,
  details: string | { readonly hint?: string; readonly reason?: string } = {},
): PowerSyncAuthError {
  const more = typeof details === "string" ? { hint: details } : details;
  return new PowerSyncAuthError("CLAIMS_REFUSED", { message, ...more });
}
