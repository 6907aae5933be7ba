import { isIP } from "node:net";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import type { DevelopmentAuth } from "./auth.ts";
import type { Functions } from "./functions.ts";
import { answerToOrigin } from "./origins.ts";

/** What a request can reach. */
export interface ServerParts {
  readonly functions: Pick<Functions, "fetch">;
  /** `undefined` when a configured project is used. */
  readonly auth: DevelopmentAuth | undefined;
  /** The page and what belongs to it. */
  readonly page: (request: Request) => Promise<Response | undefined>;
  /** The address that was asked for with `--host`. */
  readonly host: string;
  readonly port: number;
  /** Origins whose pages may use the development Auth, besides those of this computer. */
  readonly allowedOrigins: readonly string[];
}

/** A page of any origin may send to the functions; more is read by nothing here. */
const MAX_BODY_BYTES = 1024 * 1024;

const FUNCTION_PATH = /^\/functions\/v1\/(powersync-jwks|powersync-auth|powersync-auth-anonymous)$/;

/** Also Docker's name for this computer, and the Android emulator's: rebinding needs a name that the attacker owns. */
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal", "10.0.2.2"];

/**
 * Answers one request: a function, the development Auth, or the page. A request with another `Host` is refused: a page
 * on the internet could otherwise reach this server under its own name (DNS rebinding).
 */
export async function answer(request: Request, parts: ServerParts): Promise<Response> {
  try {
    return await route(request, parts);
  } catch (error) {
    // A failure here must not look like a bad request, and browsers must be able to read it.
    console.error(`The development server failed: ${error instanceof Error ? error.message : error}`);
    return Response.json({ message: "The development server failed: see its output." }, {
      status: 500,
      headers: CORS_HEADERS,
    });
  }
}

async function route(request: Request, parts: ServerParts): Promise<Response> {
  if (!isOwnHost(request.headers.get("Host") ?? "", parts)) {
    return Response.json({ message: "This server does not answer under that host name." }, { status: 421 });
  }
  const received = await receive(request);
  if (received === undefined) {
    return Response.json({ message: "The body is larger than 1 MB." }, {
      status: 413,
      headers: CORS_HEADERS,
    });
  }
  const { pathname } = new URL(request.url);
  if (FUNCTION_PATH.test(pathname)) return await parts.functions.fetch(received);
  const { auth } = parts;
  if (pathname.startsWith("/auth/v1/")) {
    return auth === undefined ? noDevelopmentAuth() : await answerToOrigin(received, parts, auth.handle);
  }
  return await parts.page(received) ?? Response.json({ message: "Not found." }, { status: 404 });
}

/** The request with its whole body, of which a client need not state the length; `undefined` when it is too large. */
async function receive(request: Request): Promise<Request | undefined> {
  if (request.body === null) return request;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  const { url, method, headers } = request;
  return new Request(url, { method, headers, body: new Blob(chunks) });
}

function isOwnHost(header: string, { host, port }: ServerParts): boolean {
  const url = URL.parse(`http://${header}`);
  if (url === null || Number(url.port || 80) !== port) return false;
  const name = url.hostname;
  if ([...OWN_NAMES, host, `[${host}]`].includes(name)) return true;
  return (host === "0.0.0.0" || host === "::") && isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

function noDevelopmentAuth(): Response {
  return Response.json({ message: "SUPABASE_URL is set, so there is no development Auth here." }, {
    status: 404,
  });
}
