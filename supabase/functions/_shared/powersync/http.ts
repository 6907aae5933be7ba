import { ERRORS, PowerSyncAuthError } from "./errors.ts";
import type { Log } from "./log.ts";

/**
 * What `@supabase/supabase-js/cors` lists, written out because importing it costs a third of a cold start; a test
 * holds the two equal. The exposed headers are ours: a browser shows no other ones to a script.
 */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers":
    "authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage",
  "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
  "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
};

/** The codes of a token that was sent and is not accepted. */
const INVALID_TOKEN = /^USER_TOKEN_(?!MISSING)/;
const BEARER_INVALID = 'Bearer error="invalid_token"';

/** A browser asks for the names of a request's headers; no client sends more. */
const MAX_ASKED_NAMES = 64;
const MAX_ASKED_CHARACTERS = 4_096;
/** One name (RFC 9110, section 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Chrome's upper bound for a preflight's life. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

/** `Retry-After` when an error names no seconds of its own. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** A successful answer: a body of JSON and how long it may be cached. */
export interface JsonAnswer {
  readonly json: string;
  readonly cacheControl: string;
}

/**
 * Makes the `fetch` of a function: answers preflights and wrong methods, adds CORS headers to every answer, and turns
 * an error into `{ code, reason?, message, hint }`. Whatever else is thrown is an `INTERNAL_ERROR` that tells nothing.
 *
 * @param options `log` gets every error whose status is 500 or more, and those of which only the log may say why.
 * @param respond The function itself.
 */
export function handler(
  { methods, log }: { readonly methods: readonly ("GET" | "HEAD" | "POST")[]; readonly log: Log },
  respond: (request: Request) => Promise<JsonAnswer>,
): (request: Request) => Promise<Response> {
  const allowed: readonly string[] = [...methods, "OPTIONS"];
  return async (request) => {
    if (request.method === "OPTIONS") return preflight(request);
    try {
      if (!allowed.includes(request.method)) throw new PowerSyncAuthError("METHOD_NOT_ALLOWED");
      const { json, cacheControl } = await respond(request);
      return jsonResponse(request, json, { status: 200, headers: { "Cache-Control": cacheControl } });
    } catch (thrown) {
      const error = thrown instanceof PowerSyncAuthError
        ? thrown
        : new PowerSyncAuthError("INTERNAL_ERROR", { cause: thrown });
      const { code, reason, message, hint, why } = error;
      const { status } = ERRORS[code];
      if (status >= 500 || why !== undefined) log(error);
      const json = JSON.stringify({ code, reason, message, hint });
      return jsonResponse(request, json, { status, headers: errorHeaders(error, allowed) });
    }
  };
}

/**
 * Allows the headers that the browser asks for: clients add their own to the fixed list, and a header that is not allowed
 * keeps the browser from calling at all.
 */
function preflight(request: Request): Response {
  const asked = request.headers.get("Access-Control-Request-Headers") ?? "";
  const names = asked.split(",").map((name) => name.trim());
  const isAllowed = asked.length <= MAX_ASKED_CHARACTERS && names.length <= MAX_ASKED_NAMES &&
    names.every((name) => HEADER_NAME.test(name));
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS_HEADERS,
      ...(isAllowed ? { "Access-Control-Allow-Headers": names.join(", ") } : {}),
      "Access-Control-Max-Age": `${PREFLIGHT_MAX_AGE_SECONDS}`,
      "Vary": "Access-Control-Request-Headers",
    },
  });
}

function errorHeaders(
  { code, retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS }: PowerSyncAuthError,
  allowed: readonly string[],
): Record<string, string> {
  const { status } = ERRORS[code];
  const headers: Record<string, string> = { "Cache-Control": "no-store" };
  // RFC 9110, section 15.5.6
  if (status === 405) headers.Allow = allowed.join(", ");
  // RFC 6750, section 3; the error is stated where a token was sent (section 3.1).
  if (status === 401) headers["WWW-Authenticate"] = INVALID_TOKEN.test(code) ? BEARER_INVALID : "Bearer";
  if (status === 503) headers["Retry-After"] = `${retryAfterSeconds}`;
  return headers;
}

function jsonResponse(
  { method }: Request,
  json: string,
  { status, headers }: { status: number; headers: Record<string, string> },
): Response {
  return new Response(method === "HEAD" ? null : json, {
    status,
    // The SDKs of PowerSync and Supabase parse JSON only under exactly this type.
    headers: { ...CORS_HEADERS, "Content-Type": "application/json", ...headers },
  });
}
