/** How a function, Supabase Auth or PostgREST answers when something is wrong. */
import { type ErrorCode, ERRORS } from "../../../supabase/functions/_shared/powersync/errors.ts";
import { CUT, type Reply, SILENCE } from "../../support/http_stand_in.ts";

/** Makes the answer to one request, because a body can be read only once. */
export type Fault = () => Reply;

/** The connection is closed without an answer. */
export const reset: Fault = () => CUT;

/** Nothing is ever answered. */
export const hang: Fault = () => SILENCE;

/** Headers come, and the body never ends. */
export const hangInBody: Fault = () =>
  new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("{")) }), {
    status: 500,
    headers: { "Content-Type": "application/json" },
  });

/** A proxy in front of Supabase, in its own words. */
export const html: Fault = () =>
  new Response("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", {
    status: 502,
    headers: { "Content-Type": "text/html" },
  });

/** No function of that name is deployed. */
export const functionGone: Fault = () =>
  Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, { status: 404 });

/** An answer of one of our functions. */
export function refusedBy(code: ErrorCode): Fault {
  const { status, message, hint } = ERRORS[code];
  return () => Response.json({ code, message, hint }, { status });
}

/** An answer of Supabase Auth: 400 `refresh_token_not_found`, for example, or 503. */
export function authError(status: number, code: string): Fault {
  return () =>
    Response.json({ code: status, error_code: code, msg: `Auth says ${code}` }, {
      status,
      headers: { "x-sb-error-code": code },
    });
}

/** The same for every path: a status with a JSON body that has no code of ours. */
export function status(code: number): Fault {
  return () => Response.json({ message: `Status ${code}` }, { status: code });
}
