/** Who answered a request to a function: the function, Supabase's gateway or router, or something else on the way. */
import { type ErrorCode, ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { LONGEST_HINT, shown } from "../cli/shown.ts";
import { parseJson } from "../setup/ask.ts";
import type { PowerSyncCode } from "../powersync/codes.ts";
import { ANSWER_CAUSES, REDIRECTS } from "./answer-causes.ts";
import { type Found, probed, type Subject } from "./check.ts";
import type { Cause, Form } from "./fix-context.ts";

export interface OwnError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
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

/** Where a server sends whoever is not signed in. */
const LOGIN = /log-?in|sign-?in|\bsso\b|saml|oauth|cloudflareaccess/i;

const CAUSES = Object.entries<Cause>(ANSWER_CAUSES) as [keyof typeof ANSWER_CAUSES, Cause][];

/** Who answered in the place of a function, and what was seen: the status, and who says it in which words. */
export function whoAnswered({ status, headers }: Response, text: string) {
  const isPage = /html/i.test(headers.get("Content-Type") ?? "") || /^\s*<(!doctype|html)/i.test(text);
  const words = `${headers.get("sb-error-code") ?? ""} ${text}`;
  const fits = (form: Form) =>
    (form.status?.includes(status) ?? true) && (form.says?.test(words) ?? true) &&
    (form.isPage ?? isPage) === isPage;
  // Anything may answer a bare 404, and most often the platform does.
  const [probe] = leadsToLogin({ status, headers })
    ? ["front-refuses"] as const
    : CAUSES.find(([, { when = [] }]) => when.some(fits)) ??
      [status === 404 ? "not-deployed" : "front-error"] as const;
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

/** What answered in the place of a function, as a finding; `code`: the one that PowerSync's clients see. */
export function examineForeign(
  subject: Subject,
  response: Response,
  text: string,
  code?: PowerSyncCode,
): Found {
  const { probe, seen, selfHosted } = whoAnswered(response, text);
  const check = probed(subject, probe, code === undefined ? seen : { seen, code });
  return { checks: [check], response, answeredBy: selfHosted ? "self-hosted" : "platform" };
}

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
