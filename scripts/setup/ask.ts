import { fetchUpstream } from "../../supabase/functions/_shared/powersync/upstream.ts";

/** What a server answered, or why there is no answer. */
export type Asked =
  | { readonly kind: "answer"; readonly response: Response; readonly text: string; readonly tookMs: number }
  | NoAnswer;

/** Why there is no answer. */
export interface NoAnswer {
  readonly kind: NoAnswerKind;
  /** As a sentence. */
  readonly seen: string;
}

/** What kept a request from being answered. */
export type NoAnswerKind = "no-answer-in-time" | typeof FAILURES[number][1];

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
    return { kind: "no-answer-in-time", seen: `No answer within ${timeoutMs / 1000} s.` };
  }
  // Deno says it in the cause, after the URL, which may contain any word.
  const text = error instanceof Error
    ? `${error.message} ${error.cause ?? ""}`.replace(/\(?https?:\/\/\S*/g, "")
    : "";
  const found = FAILURES.find(([pattern]) => pattern.test(text));
  return { kind: found?.[1] ?? "no-connection", seen: found?.[2] ?? "The connection failed." };
}

const [NOT_WHOLE, NO_PERMISSION] = [
  "The connection was closed before the answer was complete.",
  "Deno has no permission to connect: run the command as a task, or with --allow-net.",
];

/** What a failure's message says, the first that matches. */
const FAILURES = [
  [/--allow-net/, "no-permission", NO_PERMISSION],
  [/port \d+ are blocked/, "no-connection", "The Fetch standard blocks this port."],
  [/redirect/i, "redirect-loop", "It redirects in a loop, or too often."],
  [/invalid HTTP/, "no-http", "The server there does not speak HTTP."],
  [/dns|name or service|resolve|nodename/i, "no-dns", "The host name cannot be resolved."],
  [/refused/i, "no-connection", "The connection was refused: nothing listens there."],
  [
    /UnknownIssuer|CaUsedAsEndEntity|self.signed/i,
    "no-trust",
    "Deno does not trust the issuer of the server's certificate.",
  ],
  [/close_notify|end of file/i, "no-whole-answer", NOT_WHOLE],
  [/certificate/i, "no-tls", "The server's certificate is not valid for this host and time."],
  [/tls|corrupt message/i, "no-tls", "The server does not speak TLS: it may be an http address."],
  [/too large/, "answer-too-large", "The answer is too large."],
  [/closed|reset|body|broken pipe/i, "no-whole-answer", NOT_WHOLE],
  [/unreachable|no route/i, "no-connection", "There is no route to the host."],
] as const;

/** The JSON of a text, or `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
