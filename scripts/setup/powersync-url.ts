import { unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { type Finding, finding, type Place, type UrlRule } from "./finding.ts";
import { likelyUrl, plainUrl } from "./plain-url.ts";
import { isPlaceholder } from "./placeholder.ts";
import { isLoopback, isPrivateHost, withoutTrailingSlash } from "./project-url.ts";

/** PowerSync Cloud's instances; each has a host of its own, and neither port nor path. */
const CLOUD_HOST = /^[^.]+\.powersync\.journeyapps\.com$/;

/** PowerSync's pages, where people copy an address from. */
const POWERSYNC_PAGES =
  /^((www|dashboard|docs|app|accounts|console|status|releases|diagnostics-app)\.)?powersync\.com$|^((www|accounts|app|powersync)\.)?journeyapps\.com$/;

/** Where the dashboard shows one instance. */
const INSTANCE_PAGE = /\/project\/\w+\/(?:instances?\/)?([\da-f]{24})(?:\/|$)/;

const SUPABASE_HOST = /(^|\.)supabase\.(co|com|in|io|net)$/;
const SUPABASE_PATH = /\/(auth|functions|realtime|rest|storage)\/v1(\/|$)/;

/** What clients and probes request, copied with the service's address. */
const ENDPOINT = /\/(sync\/stream|write-checkpoint2?\.json|probes\/\w+)\/*$/;

/** More characters than any URL has. */
const MAX_URL = 2048;

/** Characters of a URL in a message. */
const MAX_SHOWN_URL = 120;

/** What a URL is checked for. */
export interface UrlOptions {
  /** Where it is used: on this computer, http and private addresses are common. */
  readonly place: Place;
  /** The deployment or its instance is on this computer, so a URL of this computer is no fault. */
  readonly isHere?: boolean;
}

/** A URL that the functions accept. */
interface Accepted {
  readonly text: string;
  readonly url: URL;
  /** Of PowerSync Cloud: the only form of its URL. */
  readonly cloudUrl: string | undefined;
  readonly deployed: boolean;
}

/** What is wrong with a URL: the end of a sentence that begins with it. */
interface Fault extends Fix, Partial<Pick<Finding, "severity">> {
  readonly id: UrlRule;
  readonly state: string;
}

/** What to do about it. */
type Fix = Pick<Finding, "correct"> & Partial<Pick<Finding, "hint">>;

/** What is not the URL of an instance at all. */
const MISTAKES: readonly ((set: Accepted) => Fault | undefined)[] = [dashboard, supabase, thisComputer];

/** What can be wrong with the URL of an instance. */
const FLAWS: readonly ((set: Accepted) => Fault | undefined)[] = [withoutTls, privateHost, otherForm];

/**
 * Checks the URL of a PowerSync instance.
 *
 * @param name Where it was set, for messages.
 * @param value The URL as it was set; an empty one has no findings.
 * @param options Where it is used.
 */
export function inspectPowerSyncUrl(
  name: string,
  value: string,
  { place, isHere = false }: UrlOptions,
): Finding[] {
  const text = unwrap(value, name);
  if (text === "") return [];
  if (!text.includes("@") && isPlaceholder(text)) {
    // What is not a URL may be a secret.
    const message = isUrlLike(text)
      ? `${name} is ${short(text)}, a placeholder.`
      : `${name} is a placeholder.`;
    return [finding("url-placeholder", name, { message, hint: "Set it to the instance's own URL." })];
  }
  const url = text.length > MAX_URL ? undefined : plainUrl(text);
  if (url === undefined) {
    const message = `${name} cannot be used: it is not a plain http(s) URL.`;
    const hint = "Set it to the http(s) URL of the PowerSync instance.";
    return [finding("POWERSYNC_URL_INVALID", name, { message, hint, ...setTo(likelyUrl(text)) })];
  }
  const cloudUrl = CLOUD_HOST.test(url.hostname) ? `https://${url.hostname}` : undefined;
  const set = { text, url, cloudUrl, deployed: place === "deployment" && !(isHere && isLoopback(text)) };
  const faultsOf = (rules: typeof FLAWS) => rules.flatMap((rule) => rule(set) ?? []);
  const [mistake] = faultsOf(MISTAKES);
  return (mistake === undefined ? faultsOf(FLAWS) : [mistake]).map(({ id, state, ...details }) =>
    finding(id, name, { message: `${name} is ${short(text)}${state}.`, ...details })
  );
}

/**
 * Checks audiences that are URLs. An audience may be any text, and PowerSync compares it character by character.
 *
 * @param name Where they were set.
 * @param audiences All of them.
 * @param options Where they are used.
 */
export function inspectAudiences(
  name: string,
  audiences: readonly string[],
  options: UrlOptions,
): Finding[] {
  return audiences.flatMap((audience, index) => {
    const others = audiences.filter((_, at) => at !== index);
    const found = isUrlLike(audience) || /[<>]|\$\{|\{\{/.test(audience)
      ? inspectPowerSyncUrl(name, audience, options).filter(({ id }) => isOfAudience(id, audience))
      : [];
    return found.map((fault): Finding => {
      const { correct } = fault;
      if (correct !== undefined) {
        const list = audiences.map((other, at) => at === index ? correct : other);
        return { ...fault, ...setTo(list.join(",")) };
      }
      if (others.length === 0) return { ...fault, hint: "Leave it out: POWERSYNC_URL is the default." };
      // An audience that is not an address may be meant, and PowerSync accepts a token when one of them fits.
      const severity = ["local-url", "url-supabase"].includes(fault.id) ? "warning" : fault.severity;
      return { ...fault, severity, ...setTo(others.join(",")) };
    });
  });
}

function isOfAudience(id: Finding["id"], audience: string): boolean {
  if (["url-placeholder", "url-dashboard", "url-supabase", "local-url"].includes(id)) return true;
  return CLOUD_HOST.test(URL.parse(audience)?.hostname ?? "");
}

function dashboard({ url: { hostname, pathname } }: Accepted): Fault | undefined {
  if (!POWERSYNC_PAGES.test(hostname)) return undefined;
  const [, instance] = INSTANCE_PAGE.exec(pathname) ?? [];
  return {
    id: "url-dashboard",
    state: ", a page of PowerSync, not an instance",
    ...(instance === undefined
      ? { hint: "Set it to the instance URL that the dashboard shows under Connect." }
      : setTo(`https://${instance}.powersync.journeyapps.com`)),
  };
}

function supabase({ url: { hostname, pathname } }: Accepted): Fault | undefined {
  if (!SUPABASE_HOST.test(hostname) && !SUPABASE_PATH.test(pathname)) return undefined;
  const hint = "Set it to the URL of the PowerSync instance: the functions know Supabase's own.";
  return { id: "url-supabase", state: ", a URL of Supabase, not of a PowerSync instance", hint };
}

function thisComputer({ text, deployed }: Accepted): Fault | undefined {
  if (!deployed || !isLoopback(text)) return undefined;
  const hint = "Set it to the URL at which clients reach the PowerSync instance.";
  return { id: "local-url", state: ", a URL of this computer", hint };
}

function withoutTls({ text, url, cloudUrl, deployed }: Accepted): Fault | undefined {
  if (!deployed || url.protocol !== "http:" || isPrivateHost(text)) return undefined;
  // Another port may serve http only.
  const correct = cloudUrl ?? (url.port === "" ? text.replace(/^http/i, "https") : undefined);
  return {
    id: "url-http-public",
    state: ": a public host without TLS",
    hint: "Use https.",
    ...setTo(correct),
  };
}

function privateHost({ text, deployed }: Accepted): Fault | undefined {
  if (!deployed || !isPrivateHost(text)) return undefined;
  const hint = "Keep it if every client is in that network.";
  return { id: "url-private", state: ", which only a private network can reach", hint, severity: "warning" };
}

/** A path, a slash or another spelling. */
function otherForm({ text, url: { origin, pathname }, cloudUrl }: Accepted): Fault | undefined {
  const plain = withoutTrailingSlash(text);
  const hasPath = withoutTrailingSlash(pathname) !== "";
  const endpoint = ENDPOINT.exec(pathname);
  if (hasPath && cloudUrl !== undefined) {
    return { id: "url-has-path", state: ", with a path", ...setTo(cloudUrl) };
  }
  if (endpoint !== null) {
    const service = `${origin}${pathname.slice(0, endpoint.index)}`;
    return { id: "url-has-path", state: ", with the path of a request", ...setTo(service) };
  }
  if (hasPath) {
    const hint = "Keep it if the service is behind that path.";
    return { id: "url-has-path", state: ", with a path", hint, severity: "warning" };
  }
  if (cloudUrl !== undefined && plain.replace(/^http:/i, "https:") !== cloudUrl) {
    return { id: "url-not-exact", state: ", and PowerSync compares every character", ...setTo(cloudUrl) };
  }
  if (plain === text) return undefined;
  return { id: "url-trailing-slash", state: ", with a trailing slash", severity: "warning", ...setTo(plain) };
}

function isUrlLike(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function short(text: string): string {
  return text.slice(0, MAX_SHOWN_URL);
}

/** What to set, when it is known. */
function setTo(correct: string | undefined): Fix {
  return correct === undefined ? {} : { correct, hint: `Set it to ${correct}` };
}
