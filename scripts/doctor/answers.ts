/** Who answered a request to a function: the function, Supabase's gateway or router, or something else on the way. */
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { LONGEST_HINT, shown } from "../cli/shown.ts";
import { parseJson } from "../setup/ask.ts";
import type { ProbeId } from "./probes.ts";

/** An error of one of our functions. */
export interface OwnError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** An answer that is not a function's own. */
export interface Foreign {
  readonly probe: ProbeId;
  /** What was seen: the status, and who says it in which words. */
  readonly seen: string;
  /** The router of a self-hosted Supabase answered. */
  readonly selfHosted: boolean;
}

/** The error in an answer of our own functions; `undefined` when it is something else. */
export function ownError(text: string): OwnError | undefined {
  const body = parseJson(text);
  if (!isJsonObject(body) || typeof body.code !== "string" || !isErrorCode(body.code)) return undefined;
  const textOf = (value: unknown) => typeof value === "string" ? shown(value, LONGEST_HINT) : "";
  return { code: body.code, message: textOf(body.message), hint: textOf(body.hint) };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** What an answer tells about whoever gave it: its status, the words in its body, and what kind of body it is. */
interface Clues {
  readonly status: number;
  /** The body, and the error code that Supabase's platform states in a header. */
  readonly words: string;
  readonly isPage: boolean;
}

/**
 * How Supabase's platform, its self-hosted router, gateways and proxies answer, the most telling first. Status codes and
 * words: Supabase documentation, "Edge Functions status codes" and "HTTP status codes"; supabase/docker,
 * volumes/functions/main; Cloudflare documentation, "5xx errors".
 */
const ANSWERS: readonly (readonly [ProbeId, (clues: Clues) => boolean])[] = [
  ["project-paused", ({ status, words }) => status === 540 || /project (is|has been) paused/i.test(words)],
  [
    "project-restricted",
    ({ status, words }) => status === 402 || /exceeded?_\w+_quota|overdue_payment/.test(words),
  ],
  [
    "not-deployed",
    ({ words }) => /appropriate entrypoint|determine entrypoint|function was not found/i.test(words),
  ],
  [
    "boot-error",
    ({ words }) => /BOOT_ERROR|InvalidWorkerCreation|boot error|failed to (boot|start)/i.test(words),
  ],
  ["function-limit", ({ status, words }) => status === 546 || /WORKER_(RESOURCE_)?LIMIT/.test(words)],
  [
    "function-timeout",
    ({ status, words }) => status === 504 || /IDLE_TIMEOUT|did not respond in time/.test(words),
  ],
  ["function-crashed", ({ words }) => /WORKER_ERROR|EDGE_FUNCTION_ERROR|InvalidWorkerResponse/.test(words)],
  ["project-down", ({ status }) => status === 520 || (status >= 521 && status <= 530)],
  ["rate-limited", ({ status }) => status === 429],
  [
    "gateway-api-key",
    ({ status, words }) =>
      (status === 401 &&
        /api ?key|invalid authentication credentials|"message": ?"Unauthorized"/i.test(words)) ||
      (status === 403 && /cannot consume this service/.test(words)),
  ],
  ["gateway-no-route", ({ status, words }) => status === 404 && /no Route matched/i.test(words)],
  [
    "gateway-check",
    ({ status, words }) =>
      status === 401 && /authorization header|auth header|\bjwt\b|_JWT|UNAUTHORIZED_/i.test(words),
  ],
  ["front-page", ({ isPage, status }) => isPage && (status < 300 || status === 404)],
  ["front-refuses", ({ status }) => [401, 403, 407, 451].includes(status)],
  ["not-deployed", ({ status }) => status === 404],
  ["front-redirect", ({ status }) => status >= 300 && status < 400],
];

/**
 * Who answered in the place of a function.
 *
 * @param response The answer, which is not a success of the function and not an error of ours.
 * @param text Its body.
 */
export function whoAnswered({ status, headers }: Response, text: string): Foreign {
  const isPage = /html/i.test(headers.get("Content-Type") ?? "") || /^\s*<(!doctype|html)/i.test(text);
  const words = `${headers.get("sb-error-code") ?? ""} ${text}`;
  const probe = ANSWERS.find(([, tells]) => tells({ status, words, isPage }))?.[0] ?? "front-error";
  const said = isPage ? "a web page" : sentenceIn(text);
  const server = serverOf(headers);
  const parts = [said, server === undefined ? undefined : `from ${server}`].filter((part) =>
    part !== undefined
  );
  return {
    probe,
    seen: `HTTP ${status}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`,
    selfHosted: isSelfHosted(headers, text),
  };
}

/** What an error says: a message, a code, or a short text. */
function sentenceIn(text: string): string | undefined {
  const body = parseJson(text);
  if (!isJsonObject(body)) {
    return text.trim() === "" || text.length > 200 ? undefined : `"${shown(text.trim(), 120)}"`;
  }
  const nested = isJsonObject(body.error) ? body.error : {};
  const words = [body.code, body.msg, body.message, body.error, nested.code, nested.message].filter((part) =>
    typeof part === "string"
  );
  return words.length === 0 ? undefined : `"${shown(words.join(", "), 160)}"`;
}

function serverOf(headers: Headers): string | undefined {
  const named = headers.get("Server") ?? headers.get("Via");
  return named === null ? undefined : shown(named, 40);
}

/** Supabase's Docker set-up: its functions router says `msg` alone, behind Kong. The platform says `code`. */
function isSelfHosted(headers: Headers, text: string): boolean {
  if (headers.has("sb-project-ref") || headers.has("sb-gateway-version")) return false;
  const body = parseJson(text);
  const isRouter = isJsonObject(body) && typeof body.msg === "string" && Object.keys(body).length === 1;
  return isRouter || [...headers.keys()].some((name) => name.startsWith("x-kong-"));
}
