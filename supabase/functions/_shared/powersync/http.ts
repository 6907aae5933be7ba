import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { type LogContext, logError } from "./log.ts";

/**
 * What `@supabase/supabase-js/cors` lists, written out because importing it costs a third of a cold start; a test
 * holds the two equal. The exposed headers are ours: a browser shows a script no other.
 */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers":
    "authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage",
  "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
  "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
};

/** Chrome's upper bound for a preflight's life, in seconds. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/** `Retry-After` when an error names no seconds of its own. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** The HTTP status of each code; whatever is wrong on our side is a 500. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, 401 | 403 | 405 | 500 | 503>> = {
  METHOD_NOT_ALLOWED: 405,
  USER_TOKEN_MISSING: 401,
  USER_TOKEN_INVALID: 401,
  USER_TOKEN_EXPIRED: 401,
  USER_TOKEN_IS_API_KEY: 401,
  API_KEY_MISSING: 401,
  API_KEY_INVALID: 401,
  API_KEY_IS_SECRET: 401,
  CLAIMS_REFUSED: 403,
  CLAIMS_FAILED: 500,
  CLAIMS_NOT_AN_OBJECT: 500,
  CLAIMS_RESERVED: 500,
  CLAIMS_SUBJECT_INVALID: 500,
  CLAIMS_PARAMETERS_INVALID: 500,
  CLAIMS_NOT_JSON: 500,
  TOKEN_TOO_LARGE: 500,
  AUTH_SERVER_UNAVAILABLE: 503,
  AUTH_SERVER_LIMIT_REACHED: 503,
  IDENTITY_PROVIDER_UNAVAILABLE: 503,
  KEY_MALFORMED: 500,
  KEY_IS_PUBLIC: 500,
  KEY_IS_PRIVATE: 500,
  KEY_IS_SYMMETRIC: 500,
  KEY_UNSUPPORTED: 500,
  KEY_TOO_WEAK: 500,
  KEY_INCONSISTENT: 500,
  KEY_ID_DUPLICATE: 500,
  KEY_PAIR_MISMATCH: 500,
  POWERSYNC_PRIVATE_KEY_MISSING: 500,
  POWERSYNC_URL_MISSING: 500,
  POWERSYNC_URL_INVALID: 500,
  POWERSYNC_AUDIENCE_INVALID: 500,
  POWERSYNC_TOKEN_TTL_INVALID: 500,
  POWERSYNC_SESSION_CHECK_INVALID: 500,
  POWERSYNC_IDENTITY_PROVIDERS_INVALID: 500,
  SUPABASE_URL_MISSING: 500,
  SUPABASE_URL_INVALID: 500,
  SUPABASE_JWKS_INVALID: 500,
  SUPABASE_PUBLISHABLE_KEYS_MISSING: 500,
  SUPABASE_PUBLISHABLE_KEYS_INVALID: 500,
  INTERNAL_ERROR: 500,
};

/** A successful answer: a body of JSON and how long it may be cached. */
export interface JsonAnswer {
  readonly json: string;
  readonly cacheControl: string;
}

/** What a function is to the HTTP layer. */
export interface HandlerOptions {
  readonly methods: readonly ("GET" | "HEAD" | "POST")[];
  /** Read only when there is something to log. */
  readonly logContext: () => LogContext;
}

/**
 * Makes the `fetch` of a function: answers preflights and wrong methods, adds CORS headers to every answer, and turns
 * an error into `{ code, message, hint }`. Whatever else is thrown is an `INTERNAL_ERROR` that tells nothing.
 *
 * @param options Methods, and who logs.
 * @param respond The function itself.
 */
export function handler(
  { methods, logContext }: HandlerOptions,
  respond: (request: Request) => Promise<JsonAnswer>,
): (request: Request) => Promise<Response> {
  const allowed: readonly string[] = methods;
  return async (request) => {
    if (request.method === "OPTIONS") return preflight();
    try {
      if (!allowed.includes(request.method)) throw methodNotAllowed(methods);
      const { json, cacheControl } = await respond(request);
      return jsonResponse(request.method === "HEAD" ? null : json, 200, { "Cache-Control": cacheControl });
    } catch (thrown) {
      const error = thrown instanceof PowerSyncAuthError ? thrown : internalError(thrown);
      if (HTTP_STATUS[error.code] >= 500) logError(error, logContext());
      return errorResponse(error, { methods, withBody: request.method !== "HEAD" });
    }
  };
}

function preflight(): Response {
  const headers = { ...CORS_HEADERS, "Access-Control-Max-Age": `${PREFLIGHT_MAX_AGE_SECONDS}` };
  return new Response(null, { status: 204, headers });
}

function errorResponse(
  error: PowerSyncAuthError,
  { methods, withBody }: { methods: readonly string[]; withBody: boolean },
): Response {
  const { code, message, hint } = error;
  const status = HTTP_STATUS[code];
  const headers: Record<string, string> = { "Cache-Control": "no-store" };
  // RFC 9110, section 15.5.6
  if (status === 405) headers.Allow = [...methods, "OPTIONS"].join(", ");
  // RFC 6750, section 3
  if (status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (status === 503) headers["Retry-After"] = `${error.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS}`;
  return jsonResponse(withBody ? JSON.stringify({ code, message, hint }) : null, status, headers);
}

function jsonResponse(body: string | null, status: number, headers: Record<string, string>): Response {
  // The SDKs of PowerSync and Supabase parse JSON only under exactly this type.
  return new Response(body, {
    status,
    headers: { ...CORS_HEADERS, "Content-Type": "application/json", ...headers },
  });
}

function methodNotAllowed(methods: readonly string[]): PowerSyncAuthError {
  return new PowerSyncAuthError("METHOD_NOT_ALLOWED", {
    message: "This function does not know the request's method.",
    hint: `Use ${methods.join(" or ")}.`,
  });
}

function internalError(cause: unknown): PowerSyncAuthError {
  return new PowerSyncAuthError("INTERNAL_ERROR", {
    message: "The function failed.",
    hint: "This is a fault of the function, not of the request. Look for the code in the function's log.",
    cause,
  });
}
