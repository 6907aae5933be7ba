import { ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { LONGEST_HINT, shown } from "../cli/shown.ts";
import { ask, parseJson } from "../setup/ask.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, type Subject } from "./check.ts";
import { checkOrigin, checkPreflight } from "./cors.ts";

/** One of the two auth functions, and who calls it. */
export interface FunctionOptions {
  readonly name: "powersync-auth" | "powersync-auth-anonymous";
  readonly url: string;
  /** The caller's credentials; without any, the function is only expected to refuse. */
  readonly credentials: Readonly<Record<string, string>> | undefined;
  /** The PowerSync instance it should send clients to, when that is known. */
  readonly powersync: string | undefined;
  readonly timeoutMs: number;
}

/** What was found, and the token when there is one. */
export interface FunctionFound {
  readonly name?: string;
  readonly checks: readonly Check[];
  readonly token?: string;
  readonly endpoint?: string;
  /** The answer, for its clock. */
  readonly response?: Response;
}

type ErrorAnswer = { readonly code: string; readonly hint: string | undefined };

/** Calls a function from outside, as a browser app does. */
export async function examineFunction(options: FunctionOptions): Promise<FunctionFound> {
  const { name, url, credentials, timeoutMs } = options;
  const subject = { id: name, title: name };
  const headers = { ...credentials, Origin: "https://app.example", "X-Client-Info": "powersync-doctor" };
  const asked = await ask(url, { headers }, timeoutMs);
  if (asked.kind !== "answer") {
    return { checks: [failed(subject, "function-unreachable", { seen: asked.seen })] };
  }
  const { response, text } = asked;
  const body = parseJson(text);
  const error = errorOf(body);
  const own = error !== undefined && Object.hasOwn(ERRORS, error.code);
  const cors = own || response.ok
    ? [checkOrigin(subject, response) ?? await checkPreflight(name, url, timeoutMs)]
    : [];
  if (response.ok) {
    const { check, ...found } = checkCredentials(subject, body, options);
    return { checks: [check, ...cors], response, name, ...found };
  }
  const seen = `HTTP ${response.status}${error === undefined ? "" : `, code ${error.code}`}.`;
  if (own && credentials === undefined && response.status === 401) {
    return {
      checks: [passed(subject, `${seen} It refuses a caller without credentials, as it should.`), ...cors],
      response,
    };
  }
  const cause = own ? causeOfCode(error.code) : causeOfStatus(response.status, error?.code, text);
  return { checks: [failed(subject, cause, { seen, fix: own ? error.hint : undefined }), ...cors], response };
}

function checkCredentials(
  subject: Subject,
  body: unknown,
  { powersync }: FunctionOptions,
): { check: Check; token?: string; endpoint?: string } {
  if (!isJsonObject(body) || typeof body.token !== "string" || typeof body.powersync_url !== "string") {
    return {
      check: failed(subject, "function-answer-malformed", {
        seen: "HTTP 200 without token and powersync_url.",
      }),
    };
  }
  const { token, powersync_url: endpoint } = body;
  const seen = `It sends clients to ${shown(endpoint, 240)}.`;
  if (endpoint.endsWith("/")) {
    return { check: failed(subject, "function-endpoint-slash", { seen }), token, endpoint };
  }
  if (powersync !== undefined && endpoint !== powersync) {
    return { check: failed(subject, "function-endpoint-other", { seen }), token, endpoint };
  }
  return { check: passed(subject, `HTTP 200 with a token. ${seen}`), token, endpoint };
}

function errorOf(body: unknown): ErrorAnswer | undefined {
  if (!isJsonObject(body) || typeof body.code !== "string") return undefined;
  return {
    code: shown(body.code),
    hint: typeof body.hint === "string" ? shown(body.hint, LONGEST_HINT) : undefined,
  };
}

function causeOfCode(code: string): CauseId {
  if (code === "CLAIMS_REFUSED") return "function-claims-refused";
  if (code.startsWith("CLAIMS_") || code === "TOKEN_TOO_LARGE") return "function-claims-failed";
  if (code === "USER_TOKEN_INVALID") return "function-user-refused";
  if (/^(USER_TOKEN|API_KEY)_/.test(code)) return "function-caller-refused";
  if (/^(AUTH_SERVER|IDENTITY_PROVIDER)_/.test(code)) return "function-upstream";
  return code === "INTERNAL_ERROR" || code === "METHOD_NOT_ALLOWED"
    ? "function-http-error"
    : "function-secrets";
}

function causeOfStatus(status: number, code: string | undefined, text: string): CauseId {
  if (/BOOT_ERROR/.test(code ?? text)) return "function-boot-error";
  if (status === 404) return "function-not-deployed";
  return status === 401 || status === 403 ? "function-gateway-check" : "function-http-error";
}
