import { type ErrorCode, PowerSyncAuthError } from "./errors.ts";
import { type LogContext, logError } from "./log.ts";

/**
 * What `@supabase/supabase-js/cors` lists, written out because importing it costs a third of a cold start; a test
 * holds the two equal. The exposed headers are ours: a browser shows a script no other.
 */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, x-client-info, apikey, content-type, x-retry-count",
  "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
  "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
};

/** Chrome's upper bound for a preflight's life, in seconds. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/** `Retry-After` when an error names no seconds of its own. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

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
      if (httpStatus(error.code) >= 500) logError(error, logContext());
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
  const status = httpStatus(code);
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

/** The HTTP status of each code; whatever is wrong on our side is a 500. */
export function httpStatus(code: ErrorCode): 401 | 403 | 405 | 500 | 503 {
  switch (code) {
    case "METHOD_NOT_ALLOWED":
      return 405;
    case "USER_TOKEN_MISSING":
    case "USER_TOKEN_INVALID":
    case "USER_TOKEN_EXPIRED":
    case "USER_TOKEN_IS_API_KEY":
    case "API_KEY_MISSING":
    case "API_KEY_INVALID":
    case "API_KEY_IS_SECRET":
      return 401;
    case "CLAIMS_REFUSED":
      return 403;
    case "AUTH_SERVER_UNAVAILABLE":
    case "AUTH_SERVER_LIMIT_REACHED":
    case "IDENTITY_PROVIDER_UNAVAILABLE":
      return 503;
    default:
      return 500;
  }
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
