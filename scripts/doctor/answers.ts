/** Who answered a request to a function: the function, Supabase's gateway or router, or something else on the way. */
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { LONGEST_HINT, shown } from "../cli/shown.ts";
import { parseJson } from "../setup/ask.ts";
import type { KnownCause } from "./causes.ts";

/** An error of one of our functions. */
export interface OwnError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** An answer that is not a function's own. */
export interface Foreign {
  readonly probe: KnownCause;
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

/** What an answer has when something else gave it than the function; every part that is stated must hold. */
interface Form {
  readonly status?: readonly number[];
  /** In the body, or in the header with which Supabase's platform states an error code. */
  readonly says?: RegExp;
  readonly isPage?: boolean;
}

/** With a `Location` (RFC 9110, section 15.4). */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Where a server sends whoever is not signed in. */
const LOGIN = /log-?in|sign-?in|\bsso\b|saml|oauth|cloudflareaccess/i;

/** How Cloudflare says that it cannot reach a host. */
const ORIGIN_ERRORS = [520, 521, 522, 523, 524, 525, 526, 530];

/**
 * How Supabase's platform, its self-hosted router, gateways and proxies answer, the most telling first. Status codes and
 * words: Supabase documentation, "Edge Functions status codes" and "HTTP status codes"; supabase/docker,
 * volumes/functions/main; Cloudflare documentation, "5xx errors".
 */
const FORMS: readonly (readonly [KnownCause, Form])[] = [
  ["project-paused", { status: [540] }],
  ["project-paused", { says: /project (is|has been) paused/i }],
  ["project-restricted", { status: [402] }],
  ["function-timeout", { says: /IDLE_TIMEOUT|did not respond in time/ }],
  ["function-timeout", { status: [504], isPage: false }],
  ["not-deployed", { says: /(appropriate|determine) entrypoint|function was not found/i }],
  ["boot-error", { says: /BOOT_ERROR|InvalidWorkerCreation|boot error|failed to (boot|start)/i }],
  ["function-limit", { status: [546] }],
  ["function-limit", { says: /WORKER_(RESOURCE_)?LIMIT|WorkerRequestCancelled/ }],
  ["function-crashed", { says: /WORKER_ERROR|EDGE_FUNCTION_ERROR|InvalidWorkerResponse/ }],
  ["project-down", { status: ORIGIN_ERRORS }],
  ["rate-limited", { status: [429] }],
  ["gateway-key-invalid", { status: [401], says: /invalid api ?key/i }],
  ["gateway-api-key", {
    status: [401],
    says: /api ?key|invalid authentication credentials|"message": ?"Unauthorized"/i,
  }],
  ["gateway-api-key", { status: [403], says: /cannot consume this service/ }],
  ["gateway-no-route", { says: /no Route matched|missing function name|^ ?404 page not found/i }],
  ["not-supabase", { says: /PSYNC_S\d{4}/ }],
  ["no-http", { status: [400], says: /plain HTTP request was sent to HTTPS/i }],
  ["gateway-check", {
    status: [401],
    isPage: false,
    says: /auth(orization)? header|\bjwt\b|_JWT|UNAUTHORIZED_/i,
  }],
  ["front-page", { status: [200, 404, 405], isPage: true }],
  ["front-refuses", { status: [401, 403, 407, 451] }],
  ["not-deployed", { status: [404] }],
  ["front-redirect", { status: REDIRECTS }],
  ["upstream-down", { status: [502, 503, 504] }],
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
  const [probe] = leadsToLogin({ status, headers })
    ? ["front-refuses"] as const
    : FORMS.find(([, form]) =>
      (form.status?.includes(status) ?? true) && (form.says?.test(words) ?? true) &&
      (form.isPage ?? isPage) === isPage
    ) ?? ["front-error"] as const;
  const said = isPage ? "a web page" : sentenceIn(text);
  const server = serverOf(headers);
  const target = headers.get("Location");
  const parts = [
    ...(target === null ? [] : [`it redirects to ${shown(target, 160)}`]),
    ...(said === undefined ? [] : [said]),
    ...(server === undefined ? [] : [`from ${server}`]),
  ];
  return {
    probe,
    seen: `HTTP ${status}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`,
    selfHosted: isSelfHosted(headers, text),
  };
}

/** Whether an answer is a redirect. */
export function redirects({ status, headers }: Pick<Response, "status" | "headers">): boolean {
  return REDIRECTS.includes(status) && headers.has("Location");
}

/** Whether an answer sends the caller to a page to sign in, as access proxies do. */
export function leadsToLogin(response: Pick<Response, "status" | "headers">): boolean {
  return redirects(response) && LOGIN.test(response.headers.get("Location") ?? "");
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
  if (["sb-project-ref", "sb-gateway-version", "cf-ray"].some((name) => headers.has(name))) return false;
  const body = parseJson(text);
  const isRouter = isJsonObject(body) && typeof body.msg === "string" && Object.keys(body).length === 1;
  return isRouter || isBehindKong(headers);
}

/** The gateway of a self-hosted Supabase passed the answer on; the platform's answers come through Cloudflare. */
export function isBehindKong(headers: Headers): boolean {
  return !headers.has("cf-ray") &&
    (/kong/i.test(serverOf(headers) ?? "") || [...headers.keys()].some((name) => name.startsWith("x-kong-")));
}
