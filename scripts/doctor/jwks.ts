import { ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";
import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { LONGEST_HINT, shown, shownList } from "../cli/shown.ts";
import { checkJwks } from "../powersync/jwks.ts";
import { parseJson } from "../setup/ask.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { isLoopback, isPrivateHost } from "../setup/project-url.ts";
import { askForJwks, keyIdsOf } from "../setup/remote-jwks.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";
import { checksOfRules } from "./rule-causes.ts";

const JWKS: Subject = { id: "jwks", title: "JWKS" };
const HOST: Subject = { id: "jwks-host", title: "JWKS address" };

/** Where the JWKS is and how long to wait for it. */
export interface JwksOptions {
  readonly url: string;
  /** Whether it belongs to local development, where `dev-` keys and http are expected. */
  readonly local: boolean;
  /** The PowerSync instance that is to fetch it, when it is known. */
  readonly powersync: string | undefined;
  /** As long as PowerSync waits. */
  readonly slowMs: number;
  /** As long as the doctor waits. */
  readonly timeoutMs: number;
}

/** What was found, and the JWKS itself where there is one. */
export interface JwksFound {
  readonly checks: readonly Check[];
  readonly body?: unknown;
  /** The answer, for its clock. */
  readonly response?: Response;
}

/** Checks a JWKS from outside, as PowerSync fetches it. */
export async function examineJwks(options: JwksOptions): Promise<JwksFound> {
  const host = checkHost(options);
  const { url, timeoutMs } = options;
  const first = await askForJwks(url, { timeoutMs, redirect: "manual" });
  const redirected = first.kind === "answer" && first.response.status >= 300 && first.response.status < 400
    ? [warning(JWKS, "jwks-redirect", { seen: `HTTP ${first.response.status}: the address redirects.` })]
    : [];
  const asked = redirected.length === 0 ? first : await askForJwks(url, { timeoutMs });
  if (asked.kind !== "answer") {
    const cause = asked.kind === "timeout" ? "jwks-timeout" : "jwks-unreachable";
    return { checks: [...host, ...redirected, failed(JWKS, cause, { seen: asked.seen })] };
  }
  const { response, text, tookMs } = asked;
  const slow = tookMs > options.slowMs
    ? [failed(JWKS, "jwks-slow", { seen: `The answer took ${tookMs} ms.` })]
    : [];
  const before = [...host, ...redirected, ...slow];
  const refused = checkAnswer(response, text);
  if (refused !== undefined) return { checks: [...before, refused], response };
  const body = parseJson(text);
  const kids = keyIdsOf(body);
  const summary = `HTTP 200 after ${tookMs} ms; PowerSync imports every key: ${shownList(kids, "none")}.`;
  return {
    checks: [...before, ...checksOfRules(JWKS, checkJwks(body), { summary }), ...checkDevKeys(kids, options)],
    body,
    response,
  };
}

function checkHost({ url, local, powersync }: JwksOptions): Check[] {
  const { hostname = "", protocol = "" } = URL.parse(url) ?? {};
  const seen = `The host is ${hostname}.`;
  if (hostname.startsWith("[")) return [failed(HOST, "jwks-host-ipv6", { seen })];
  if (isPrivateHost(url) && powersync !== undefined && !isPrivateHost(powersync)) {
    return [failed(HOST, "jwks-host-private", { seen: `${seen} The instance is ${powersync}.` })];
  }
  if (isPrivateHost(url) && !isLoopback(url)) return [warning(HOST, "jwks-host-private", { seen })];
  return protocol === "http:" && !local ? [failed(HOST, "jwks-http-public", { seen })] : [];
}

/** Why an answer is not a JWKS; `undefined` when it is JSON with a 2xx. */
function checkAnswer({ status, headers, ok }: Response, text: string): Check | undefined {
  const body = parseJson(text);
  const code = isJsonObject(body) && typeof body.code === "string" ? body.code : undefined;
  const seen = `HTTP ${status}${code === undefined ? "" : `, code ${shown(code)}`}.`;
  if (code !== undefined && Object.hasOwn(ERRORS, code)) {
    const hint = isJsonObject(body) && typeof body.hint === "string"
      ? shown(body.hint, LONGEST_HINT)
      : undefined;
    return failed(JWKS, "jwks-function-error", { seen, fix: hint });
  }
  if (status === 401 || status === 403) return failed(JWKS, "jwks-gateway-check", { seen });
  if (/html/i.test(headers.get("Content-Type") ?? "") || /^\s*</.test(text)) {
    return failed(JWKS, status === 404 ? "jwks-not-deployed" : "jwks-html", {
      seen: `HTTP ${status} with a web page.`,
    });
  }
  if (status === 404) return failed(JWKS, "jwks-not-deployed", { seen });
  if (!ok) return failed(JWKS, "jwks-http-error", { seen });
  return body === undefined
    ? failed(JWKS, "jwks-not-json", { seen: `${seen} The body is not JSON.` })
    : undefined;
}

function checkDevKeys(kids: readonly string[], { local }: JwksOptions): Check[] {
  const kid = kids.find((name) => name.startsWith(LOCAL_KEY_PREFIX));
  return kid === undefined || local
    ? []
    : [failed(JWKS, "jwks-dev-key", { seen: `It shows the kid "${shown(kid)}".` })];
}

/**
 * Compares a file's keys with what is live: the same `kid` with other members is another key.
 *
 * @param keys The public halves of the file's keys.
 * @param body The live JWKS.
 */
export function checkDeployedKeys(keys: readonly PublishedKey[], body: unknown): Check[] {
  if (!isJsonObject(body) || !Array.isArray(body.keys) || keys.length === 0) return [];
  const subject = { id: "deployed-keys", title: "Deployed keys" };
  const live = body.keys.filter(isJsonObject);
  const missing = keys.find((key) =>
    !live.some(({ kid, n, x }) => kid === key.kid && n === key.n && x === key.x)
  );
  if (missing === undefined) return [passed(subject, "The live JWKS has every key of the file.")];
  return [failed(subject, "secrets-not-deployed", { seen: `The live JWKS lacks the key "${missing.kid}".` })];
}
