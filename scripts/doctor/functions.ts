import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { shown } from "../cli/shown.ts";
import { ask, parseJson } from "../setup/ask.ts";
import { inspectPowerSyncUrl } from "../setup/powersync-url.ts";
import { isLoopback } from "../setup/project-url.ts";
import { isBehindKong, ownError, whoAnswered } from "./answers.ts";
import { type Check, checkOfFinding, failed, type Found, passed, probed, type Subject } from "./check.ts";
import { checkOrigin, checkPreflight } from "./cors.ts";
import type { NamedInstance } from "./scope.ts";

/** No URL is longer; what a hostile server sends may be. */
const MAX_URL_CHARACTERS = 2048;

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

/** Calls a function from outside, as a browser app does. */
export async function examineFunction(options: FunctionOptions): Promise<FunctionFound> {
  const { name, url, credentials, timeoutMs } = options;
  const subject = { id: name, title: name };
  const headers = { ...credentials, Origin: "https://app.example", "X-Client-Info": "powersync-doctor" };
  const asked = await ask(url, { headers }, timeoutMs);
  if (asked.kind !== "answer") return { checks: [probed(subject, asked.kind, asked.seen)] };
  const { response, text } = asked;
  const passedOn = isBehindKong(response.headers) ? { answeredBy: "self-hosted" } as const : {};
  if (response.ok) {
    const { checks, ...found } = checkCredentials(subject, text, options);
    return {
      checks: [...checks, ...await checkCors(options, response)],
      response,
      name,
      ...passedOn,
      ...found,
    };
  }
  const own = ownError(text);
  if (own === undefined) {
    const { probe, seen, selfHosted } = whoAnswered(response, text);
    return {
      checks: [probed(subject, probe, seen)],
      response,
      answeredBy: selfHosted ? "self-hosted" : "platform",
    };
  }
  const seen = `HTTP ${response.status}, ${own.code}: ${own.message}`;
  const check = credentials === undefined && response.status === 401
    ? passed(subject, `${seen} It refuses a caller without credentials, as it should.`)
    : failed(subject, own.code, { seen, hint: own.hint });
  return { checks: [check, ...await checkCors(options, response)], response, ...passedOn };
}

async function checkCors({ name, url, timeoutMs }: FunctionOptions, response: Response): Promise<Check[]> {
  const subject = { id: name, title: name };
  return [checkOrigin(subject, response) ?? await checkPreflight(name, url, timeoutMs)];
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
