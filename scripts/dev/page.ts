import type { Platform } from "../setup/platform.ts";
import { checkRequest } from "./check.ts";
import { type PageOptions, pageState, problemOf } from "./page-state.ts";

/** The page's styles, scripts and icon; they are read for each request, so a reload shows changes. */
const FILE = /^\/dev\/([a-z-]+)\.(css|js|svg)$/;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** How soon a change shows. */
const LOOK_MS = 200;

type Answer = (request: Request, options: PageOptions) => Promise<Response | undefined>;

const ENDPOINTS: Readonly<Record<string, { method: string; answer: Answer }>> = {
  "/dev/state.json": { method: "GET", answer: async (_, options) => Response.json(await pageState(options)) },
  "/dev/events": { method: "GET", answer: pageEvents },
  "/dev/check": { method: "POST", answer: checkRequest },
};

/** Makes the handler for the page and its files; it returns `undefined` for any other path. */
export function pageHandler(options: PageOptions): (request: Request) => Promise<Response | undefined> {
  const headers = securityHeaders(options.platform);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const isFile = pathname === "/" || FILE.test(pathname);
    const endpoint = ENDPOINTS[pathname] ?? (isFile ? { method: "GET", answer: readFile } : undefined);
    if (endpoint === undefined) return undefined;
    const { method, answer } = endpoint;
    const response = request.method === method
      ? await answer(request, options).catch((error) => errorAnswer(error, options))
      : Response.json({ message: `Use ${method}.` }, { status: 405, headers: { Allow: method } });
    for (const [name, value] of Object.entries(headers)) response?.headers.set(name, value);
    return response;
  };
}

/** Sends the state now and after each change, as server-sent events: the page also notices when this server ends. */
function pageEvents(_: Request, options: PageOptions): Promise<Response> {
  let [isOpen, sent] = [true, ""];
  const events = new ReadableStream<string>({
    async pull(controller) {
      while (isOpen) {
        const state = JSON.stringify(await pageState(options));
        if (isOpen && state !== sent) {
          sent = state;
          return controller.enqueue(`data: ${state}\n\n`);
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    // Not by the signal of the request: Deno.serve prints a warning when it is used.
    cancel() {
      isOpen = false;
    },
  });
  const headers = { "Content-Type": "text/event-stream" };
  return Promise.resolve(new Response(events.pipeThrough(new TextEncoderStream()), { headers }));
}

async function readFile({ url }: Request): Promise<Response | undefined> {
  const [, name = "index", type = "html"] = FILE.exec(new URL(url).pathname) ?? [];
  try {
    const text = await Deno.readTextFile(new URL(`./page/${name}.${type}`, import.meta.url));
    return new Response(text, { headers: { "Content-Type": `${TYPES[type]}; charset=utf-8` } });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A token cannot be checked with a broken secret or `.env`; in the form of the functions' errors. */
function errorAnswer(error: unknown, { command }: PageOptions): Response {
  return Response.json(problemOf(error, command), { status: 500 });
}

/** Nothing from other servers, nothing inline, no text as markup; requests only to this server and the project's Auth. */
function securityHeaders({ supabaseUrl }: Platform): Record<string, string> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${new URL(supabaseUrl).origin}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join("; "),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
  };
}
