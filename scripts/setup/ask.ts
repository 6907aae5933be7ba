import { fetchUpstream } from "../../supabase/functions/_shared/powersync/upstream.ts";

/** What a server answered, or why there is no answer. */
export type Asked =
  | { readonly kind: "answer"; readonly response: Response; readonly text: string; readonly tookMs: number }
  | NoAnswer;

/** Why there is no answer, as a sentence. */
export interface NoAnswer {
  readonly kind: "timeout" | "unreachable";
  readonly seen: string;
}

/**
 * Sends a request and reads the whole answer, within a time.
 *
 * @param url Where to.
 * @param init The request; redirects are followed only if it says so.
 * @param timeoutMs For headers and body together.
 */
export async function ask(url: string, init: RequestInit, timeoutMs: number): Promise<Asked> {
  const started = performance.now();
  try {
    const response = await fetchUpstream(url, init, { timeoutMs });
    const text = await response.text();
    return { kind: "answer", response, text, tookMs: Math.round(performance.now() - started) };
  } catch (error) {
    return whyNoAnswer(error, timeoutMs);
  }
}

/** Why a request failed. */
export function whyNoAnswer(error: unknown, timeoutMs: number): NoAnswer {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { kind: "timeout", seen: `No answer within ${timeoutMs / 1000} s.` };
  }
  // Deno says it in the cause, after the URL, which may contain any word.
  const text = error instanceof Error
    ? `${error.message} ${error.cause ?? ""}`.replace(/\(http[^)]*\)/, "")
    : "";
  const known = FAILURES.find(([pattern]) => pattern.test(text))?.[1];
  return { kind: "unreachable", seen: known ?? "The connection failed." };
}

const FAILURES: readonly [RegExp, string][] = [
  [/--allow-net/, "Deno may not connect: run the command as a task, or with --allow-net."],
  [/dns|name or service|resolve|nodename/i, "The host name is not known, or there is no network here."],
  [/refused/i, "The connection was refused."],
  [/certificate/i, "The server's certificate is not accepted here."],
  [/too large/, "The answer is too large."],
];

/** The JSON of a text, or `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
