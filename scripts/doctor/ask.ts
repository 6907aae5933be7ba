/** What a server answered, or why there is no answer. */
export type Asked =
  | { readonly kind: "answer"; readonly response: Response; readonly text: string; readonly tookMs: number }
  | { readonly kind: "timeout" | "unreachable"; readonly seen: string };

/**
 * Sends a request and reads the whole answer, within a time.
 *
 * @param url Where to.
 * @param init The request; redirects are not followed unless it says so.
 * @param timeoutMs For headers and body together.
 */
export async function ask(url: string, init: RequestInit, timeoutMs: number): Promise<Asked> {
  const started = performance.now();
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { redirect: "manual", ...init, signal });
    const text = await response.text();
    return { kind: "answer", response, text, tookMs: Math.round(performance.now() - started) };
  } catch (error) {
    return whyNot(error, timeoutMs);
  }
}

/** Why a request failed, in words. */
export function whyNot(error: unknown, timeoutMs: number): { kind: "timeout" | "unreachable"; seen: string } {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { kind: "timeout", seen: `No answer within ${timeoutMs / 1000} s.` };
  }
  const text = error instanceof Error ? error.message : "";
  if (/dns|name or service|resolve|nodename/i.test(text)) {
    return { kind: "unreachable", seen: "The host's name is not known, or there is no network here." };
  }
  if (/refused/i.test(text)) return { kind: "unreachable", seen: "The connection was refused." };
  if (/certificate/i.test(text)) {
    return { kind: "unreachable", seen: "The server's certificate is not accepted here." };
  }
  return { kind: "unreachable", seen: "The connection failed." };
}

/** The JSON of a text, or `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
