import { serve } from "./serving.ts";

/**
 * Answers https addresses from a server on loopback, so that settings can be tested with the addresses that they have
 * in production. Every other address of https is a 404.
 *
 * @param documents JSON by address.
 */
export function startInternet(documents: Readonly<Record<string, unknown>>): AsyncDisposable {
  const known = new Map(Object.entries(documents).map(([url, json]) => [new URL(url).href, json]));
  const server = serve((request) => {
    const url = new URL(request.url).searchParams.get("of") ?? "";
    return known.has(url) ? Response.json(known.get(url)) : new Response(null, { status: 404 });
  });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.protocol !== "https:") return fetch(input, init);
    return fetch(`${server.url}/?${new URLSearchParams({ of: url.href })}`, init);
  };
  return {
    async [Symbol.asyncDispose]() {
      globalThis.fetch = fetch;
      await server[Symbol.asyncDispose]();
    },
  };
}
