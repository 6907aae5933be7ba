import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { CommandError } from "../cli/command.ts";
import type { Platform } from "../setup/platform.ts";
import { checkRequest } from "./check.ts";
import { type PageOptions, pageState } from "./page-state.ts";

/** The page's files, by their paths. They are read for each request, so a reload shows changes. */
const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/dev/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
  "/dev/page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
  "/dev/calls.js": { file: "calls.js", type: "text/javascript; charset=utf-8" },
  "/dev/show.js": { file: "show.js", type: "text/javascript; charset=utf-8" },
};

/** Makes the handler for the page and its files; it returns `undefined` for any other path. */
export function pageHandler(options: PageOptions): (request: Request) => Promise<Response | undefined> {
  const headers = securityHeaders(options.platform);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const file = FILES[pathname];
    const method = pathname === "/dev/check" ? "POST" : "GET";
    if (file === undefined && pathname !== "/dev/state.json" && pathname !== "/dev/check") return undefined;
    if (request.method !== method) {
      return Response.json({ message: `Use ${method}.` }, { status: 405, headers: { Allow: method } });
    }
    if (file !== undefined) {
      const text = await Deno.readTextFile(new URL(`./page/${file.file}`, import.meta.url));
      return new Response(text, { headers: { ...headers, "Content-Type": file.type } });
    }
    const answer = method === "POST" ? checkRequest(request, options) : pageState(options);
    const response = await answer.catch(errorAnswer);
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  };
}

/** The page shows a broken secret or `.env` in the form of the functions' errors. */
function errorAnswer(error: unknown): Response {
  if (error instanceof PowerSyncAuthError) {
    const { code, message, hint } = error;
    return Response.json({ code, message, hint }, { status: 500 });
  }
  if (error instanceof CommandError) return Response.json({ message: error.message }, { status: 500 });
  throw error;
}

/** Nothing from other servers, nothing inline, no text as markup; requests only to this server and the project's Auth. */
function securityHeaders({ supabaseUrl }: Platform): Record<string, string> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
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
