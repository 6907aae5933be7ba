import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { shown, shownList } from "../cli/shown.ts";
import { checkJwks } from "../powersync/jwks.ts";
import { parseJson } from "../setup/ask.ts";
import { LOCAL_KEY_PREFIX } from "../setup/local-only.ts";
import { isInClear, isLoopback, isPrivateHost } from "../setup/project-url.ts";
import { askForJwks, keyIdsOf } from "../setup/remote-jwks.ts";
import { examineForeign, leadsToLogin, ownError, redirects, whoAnswered } from "./answers.ts";
import { type Check, checksOfRules, failed, type Found, passed, probed, type Subject } from "./check.ts";
import type { ExamineOptions } from "./scope.ts";

const JWKS: Subject = { id: "jwks", title: "JWKS" };
const HOST: Subject = { id: "jwks-host", title: "JWKS address" };
const DEPLOYED: Subject = { id: "deployed-keys", title: "Deployed keys" };

/** PowerSync's client sees this whatever keeps the JWKS from it. */
const NO_JWKS = "PSYNC_S2204";

/** Where the JWKS is, and who is to fetch it; `isDeployment`: the secrets are a deployment's, wherever it is. */
type JwksOptions = Pick<ExamineOptions, "powersync" | "slowMs" | "timeoutMs"> & {
  readonly url: string;
  readonly isDeployment?: boolean;
};

/** What was found, and the JWKS itself where there is one. */
export interface JwksFound extends Found {
  /** The JSON that was answered. */
  readonly body?: unknown;
}

/** Checks a JWKS from outside, as PowerSync fetches it. */
export async function examineJwks(options: JwksOptions): Promise<JwksFound> {
  const before = checkHost(options);
  const { url, timeoutMs } = options;
  const first = await askForJwks(url, { timeoutMs, redirect: "manual" });
  const isMoved = first.kind === "answer" && redirects(first.response) && !leadsToLogin(first.response);
  const asked = isMoved ? await askForJwks(url, { timeoutMs }) : first;
  if (asked.kind !== "answer") {
    return { checks: [...before, probed(JWKS, asked.kind, { seen: asked.seen, code: NO_JWKS })] };
  }
  const { response, text, tookMs } = asked;
  if (isMoved) before.push(probed(JWKS, "jwks-redirect", whoAnswered(first.response, first.text).seen));
  if (tookMs > options.slowMs) before.push(probed(JWKS, "jwks-slow", `The answer took ${tookMs} ms.`));
  const body = parseJson(text);
  const refused = examineRefusal(response, text, body);
  if (refused !== undefined) return { ...refused, checks: [...before, ...refused.checks], response };
  const kids = keyIdsOf(body);
  const summary = `HTTP 200 after ${tookMs} ms; PowerSync can import every key: ${shownList(kids, "none")}.`;
  const checks = checksOfRules(JWKS, checkJwks(body), { summary });
  return { checks: [...before, ...checks, ...checkDevKeys(kids, options)], body, response };
}

function checkHost({ url, powersync }: JwksOptions): Check[] {
  const { hostname = "" } = URL.parse(url) ?? {};
  const seen = `The host is ${shown(hostname)}.`;
  if (hostname.startsWith("[") && !isLoopback(url)) return [probed(HOST, "jwks-host-ipv6", seen)];
  if (isPrivateHost(url) && powersync !== undefined && !isPrivateHost(powersync)) {
    return [probed(HOST, "jwks-host-private", `${seen} The instance is ${shown(powersync, 120)}.`)];
  }
  return isInClear(url) ? [probed(HOST, "jwks-http-public", seen)] : [];
}

/** Why an answer is not a JWKS; `undefined` when it is JSON with a 2xx. */
function examineRefusal(response: Response, text: string, body: unknown): Found | undefined {
  const own = ownError(text);
  if (own !== undefined) {
    const seen = `HTTP ${response.status}, ${own.code}: ${own.message}`;
    return { checks: [failed(JWKS, own.code, { seen, hint: own.hint, code: NO_JWKS })] };
  }
  if (!response.ok || /^\s*</.test(text)) return examineForeign(JWKS, response, text, NO_JWKS);
  return body === undefined
    ? { checks: [probed(JWKS, "jwks-not-json", `HTTP ${response.status}.`)] }
    : undefined;
}

/** A key of local development must not be public, nor published with a deployment's file. */
export function checkDevKeys(
  kids: readonly string[],
  { url, isDeployment = false }: { url: string; isDeployment?: boolean },
): Check[] {
  const kid = kids.find((name) => name.startsWith(LOCAL_KEY_PREFIX));
  return kid === undefined || (isLoopback(url) && !isDeployment)
    ? []
    : [probed(JWKS, "jwks-dev-key", `It publishes the kid "${shown(kid)}".`)];
}

/** Compares a file's keys with what is live: the same `kid` with other members is another key. */
export function checkDeployedKeys(keys: readonly PublishedKey[], body: unknown): Check[] {
  if (!isJsonObject(body) || !Array.isArray(body.keys) || keys.length === 0) return [];
  const live = body.keys.filter(isJsonObject);
  const missing = keys.filter((key) =>
    // A key that is published without `kid` verifies every token that no other key is for.
    !live.some(({ kid, n, x }) => (kid ?? key.kid) === key.kid && n === key.n && x === key.x)
  );
  if (missing.length === 0) return [passed(DEPLOYED, "The live JWKS has every key of the file.")];
  const ids = shownList(missing.map(({ kid }) => kid), "");
  const seen = missing.every((key) => live.some(({ kid }) => kid === key.kid))
    ? `The live JWKS has a different key under the \`kid\` ${ids} of the file.`
    : `The live JWKS has ${shownList(keyIdsOf(body), "no key")}, but not ${ids} of the file.`;
  return [probed(DEPLOYED, "keys-not-deployed", seen)];
}

/** Whose keys they are, where they are not this project's: those of Supabase Auth, or of what publishes others. */
export function checkOwner(url: string, body: unknown, own: unknown): Check[] {
  const ids = keyIdsOf(body);
  const list = shownList(ids, "none");
  if (isOfAuth(url, body)) {
    return [probed(JWKS, "jwks-of-auth", ids.length === 0 ? "It has no keys." : `Its keys: ${list}.`)];
  }
  if (own === undefined || ids.length === 0 || keyIdsOf(own).some((kid) => ids.includes(kid))) return [];
  const ours = shownList(keyIdsOf(own), "none");
  return [probed(JWKS, "jwks-of-another", `Its keys: ${list}. The project's functions publish ${ours}.`)];
}

/** By its address; or by its keys, whose IDs are UUIDs there and which state `key_ops`. */
function isOfAuth(url: string, body: unknown): boolean {
  if (/\/auth\/v1\//.test(URL.parse(url)?.pathname ?? "")) return true;
  const keys = isJsonObject(body) && Array.isArray(body.keys) ? body.keys.filter(isJsonObject) : [];
  return keys.length > 0 &&
    keys.every(({ kid, key_ops }) =>
      typeof kid === "string" && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(kid) &&
      Array.isArray(key_ops)
    );
}
