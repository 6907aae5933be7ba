import { isLoopback } from "../setup/project-url.ts";

/** Pages of apps in the web views of Capacitor and Ionic. */
const APP_ORIGINS = ["capacitor://localhost", "ionic://localhost"];

/** A browser writes scheme, host and port, and nothing else (RFC 6454, section 6.2). */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(\[[\da-f:]+\]|[a-z\d.-]+)(:\d{1,5})?$/;

/** Whether a text is an origin as a browser writes it. */
export function isOrigin(text: string): boolean {
  return ORIGIN.test(text);
}

/**
 * Lets only pages of this computer, and of the origins that were allowed, use what `respond` answers: another page in
 * the developer's browser could sign up and fetch a token. Requests that do not come from a page have no origin.
 *
 * @param request The request; its `Host` has been checked.
 * @param options `host`: what `--host` says. `allowedOrigins`: what `--allow-origin` says.
 */
export async function answerToOrigin(
  request: Request,
  { host, allowedOrigins }: { host: string; allowedOrigins: readonly string[] },
  respond: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { headers } = request;
  const origin = headers.get("Origin");
  if (origin === null) return await respond(request);
  const ownHosts = [host, `[${host}]`, URL.parse(`http://${headers.get("Host")}`)?.hostname];
  if (![...APP_ORIGINS, ...allowedOrigins].includes(origin) && !isOwnPage(origin, ownHosts)) {
    const shown = isOrigin(origin) ? origin : "<origin>";
    const remedy = `Allow it with --allow-origin ${shown}`;
    console.error(`Refused: a page of another origin asked the development Auth. ${remedy}`);
    return Response.json({ message: `This page may not use the development Auth. ${remedy}` }, {
      status: 403,
    });
  }
  const isPreflight = request.method === "OPTIONS";
  const response = isPreflight ? new Response(null, { status: 204 }) : await respond(request);
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.set("Access-Control-Expose-Headers", "Link, X-Total-Count, X-Sb-Error-Code");
  response.headers.append("Vary", "Origin");
  if (isPreflight) {
    response.headers.set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
    response.headers.set("Access-Control-Allow-Headers", headers.get("Access-Control-Request-Headers") ?? "");
  }
  return response;
}

/** A page that this computer serves, on any port. */
function isOwnPage(origin: string, ownHosts: readonly (string | undefined)[]): boolean {
  return /^https?:/.test(origin) && isOrigin(origin) &&
    (isLoopback(origin) || ownHosts.includes(URL.parse(origin)?.hostname));
}
