/** The auth functions, called from outside as a browser app calls them. */
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { shown } from "../cli/shown.ts";
import { ask, parseJson } from "../setup/ask.ts";
import { inspectPowerSyncUrl } from "../setup/powersync-url.ts";
import { isLoopback } from "../setup/project-url.ts";
import { examineForeign, isBehindKong, type OwnError, ownError, whoAnswered } from "./answers.ts";
import type { KnownCause } from "./causes.ts";
import { type Check, checkOfFinding, failed, type Found, passed, probed, type Subject } from "./check.ts";
import type { NamedInstance } from "./scope.ts";

/** No URL is longer; what a hostile server sends may be. */
const MAX_URL_CHARACTERS = 2048;

/** What a browser asks for before supabase-js may call: it adds these headers to every request. */
const ASKED_HEADERS = ["authorization", "apikey", "content-type", "x-client-info"];

/** What never comes from a function. */
const IN_FRONT: readonly KnownCause[] = ["front-page", "front-redirect", "rate-limited", "upstream-down"];

/** Any origin that is not the project's. */
const ORIGIN = "https://app.example";

/** One of the two auth functions, and who calls it. */
export interface FunctionOptions {
  readonly name: "powersync-auth" | "powersync-auth-anonymous";
  readonly url: string;
  /** The caller's credentials; without any, the function is only expected to refuse. */
  readonly credentials: Readonly<Record<string, string>> | undefined;
  /** The PowerSync instance it should send clients to, and who says so, when that is known. */
  readonly expected: NamedInstance | undefined;
  readonly timeoutMs: number;
}

/** What was found, and the token when there is one. */
export interface FunctionFound extends Found {
  readonly name?: string;
  readonly token?: string;
  readonly endpoint?: string;
}

/** Calls a function. */
export async function examineFunction(options: FunctionOptions): Promise<FunctionFound> {
  const { name, url, credentials, timeoutMs } = options;
  const subject = { id: name, title: name };
  const headers = { ...credentials, Origin: ORIGIN, "X-Client-Info": "powersync-doctor" };
  const asked = await ask(url, { headers }, timeoutMs);
  if (asked.kind !== "answer") return { checks: [probed(subject, asked.kind, asked.seen)] };
  const { response, text } = asked;
  const own = response.ok ? undefined : ownError(text);
  if (!response.ok && own === undefined) return examineForeign(subject, response, text);
  const { checks, ...found } = own === undefined ? { name, ...checkCredentials(subject, text, options) } : {
    checks: [
      checkRefusal(subject, own, { status: response.status, isAnonymous: credentials === undefined }),
    ],
  };
  const cors = checkOrigin(subject, response) ?? await checkPreflight(options);
  const passedOn = isBehindKong(response.headers) ? { answeredBy: "self-hosted" } as const : {};
  return { ...passedOn, ...found, checks: [...checks, cors], response };
}

function checkRefusal(
  subject: Subject,
  { code, message, hint }: OwnError,
  { status, isAnonymous }: { status: number; isAnonymous: boolean },
): Check {
  const seen = `HTTP ${status}, ${code}: ${message}`;
  return isAnonymous && status === 401
    ? passed(subject, `${seen} It refuses a caller without credentials, as it should.`)
    : failed(subject, code, { seen, hint });
}

function checkCredentials(
  subject: Subject,
  text: string,
  { url, expected }: FunctionOptions,
): { checks: Check[]; token?: string; endpoint?: string } {
  const body = parseJson(text);
  if (!isJsonObject(body) || typeof body.token !== "string" || !isEndpoint(body.powersync_url)) {
    const { probe, seen } = whoAnswered(new Response(null), text);
    return { checks: [probed(subject, probe === "front-page" ? probe : "answer-malformed", seen)] };
  }
  const { token, powersync_url: endpoint } = body;
  const seen = `It sends clients to ${shown(endpoint, 240)}.`;
  return {
    checks: checkEndpoint(subject, { endpoint, expected, seen, local: isLoopback(url) }),
    token,
    endpoint,
  };
}

function isEndpoint(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_URL_CHARACTERS;
}

/** The deployed POWERSYNC_URL, as far as the answer shows it. */
function checkEndpoint(
  subject: Subject,
  { endpoint, expected, seen, local }: Pick<FunctionOptions, "expected"> & {
    endpoint: string;
    seen: string;
    local: boolean;
  },
): Check[] {
  if (endpoint.endsWith("/")) return [probed(subject, "endpoint-slash", seen)];
  if (expected !== undefined && expected.url !== endpoint) {
    const both = `${seen} ${expected.by} is ${shown(expected.url, 240)}.`;
    return [probed(subject, "endpoint-other", both)];
  }
  const place = local ? "local" : "deployment";
  const [finding] = inspectPowerSyncUrl("The deployed POWERSYNC_URL", endpoint, { place });
  return [
    finding === undefined
      ? passed(subject, `HTTP 200 with a token. ${seen}`)
      : checkOfFinding(subject, finding),
  ];
}

/** Sends the preflight of a browser (Fetch standard, section 3.2) and judges the answer as it would. */
async function checkPreflight({ name, url, timeoutMs }: FunctionOptions): Promise<Check> {
  const subject = { id: `${name}-cors`, title: `${name}, CORS` };
  const headers = {
    Origin: ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": ASKED_HEADERS.join(","),
  };
  const asked = await ask(url, { method: "OPTIONS", headers }, timeoutMs);
  if (asked.kind !== "answer") return probed(subject, asked.kind, asked.seen);
  const { response, text } = asked;
  if (!response.ok) {
    const { probe, seen } = whoAnswered(response, text);
    const cause = IN_FRONT.includes(probe) ? "cors-preflight-blocked" : "cors-preflight";
    return probed(subject, cause, `The preflight is answered with ${seen}`);
  }
  const methods = listed(response, "Access-Control-Allow-Methods");
  // POST needs no permission (Fetch, "CORS-safelisted method"), but an answer that names others leaves it out by mistake.
  if (methods.length > 0 && !methods.includes("post") && !methods.includes("*")) {
    return probed(subject, "cors-headers", "Access-Control-Allow-Methods lacks POST.");
  }
  const allowed = listed(response, "Access-Control-Allow-Headers");
  // The wildcard does not cover `authorization` (Fetch, section 4.8).
  const missing = ASKED_HEADERS.find((header) =>
    !allowed.includes(header) && (header === "authorization" || !allowed.includes("*"))
  );
  if (missing !== undefined) {
    return probed(subject, "cors-headers", `Access-Control-Allow-Headers lacks ${missing}.`);
  }
  return checkOrigin(subject, response) ?? passed(subject, "A browser's preflight succeeds.");
}

/** Whether a browser shows an answer to a page of another origin. */
function checkOrigin(subject: Subject, response: Response): Check | undefined {
  const origin = response.headers.get("Access-Control-Allow-Origin");
  if (origin === "*" || origin === ORIGIN) return undefined;
  if (origin?.includes(",")) {
    return probed(subject, "cors-twice", `Access-Control-Allow-Origin is "${shown(origin)}".`);
  }
  const seen = origin === null
    ? `HTTP ${response.status} without Access-Control-Allow-Origin.`
    : "Access-Control-Allow-Origin names another origin only.";
  return probed(subject, "cors-headers", seen);
}

function listed({ headers }: Response, name: string): string[] {
  return (headers.get(name) ?? "").toLowerCase().split(",").map((part) => part.trim()).filter((part) =>
    part !== ""
  );
}
