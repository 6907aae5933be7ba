import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { tried } from "./finding.ts";
import { isPrivateHost } from "./project-url.ts";

/** Schemes, also misspelt and repeated. */
const SCHEMES = /^(?:(?:h?t{1,2}ps?|wss?)(?::\/*|\/\/)|:?\/\/)+/i;

/** A host with a top-level domain, `localhost` or a port; then a path. */
const HOST_AND_PATH =
  /^((?:[a-z\d-]{1,63}\.)+(?:[a-z]{2,18}|\d+)(?::\d+)?|[a-z\d-]{1,63}:\d+)((?:\/[\w.~-]+)*)\/*$/i;

/**
 * The URL, if the functions accept it and it has one meaning: the URL parser takes `https:/host`, `https:\\host` and
 * `https://https://host` too.
 */
export function plainUrl(text: string): URL | undefined {
  if (tried(() => readSetting({ POWERSYNC_URL: text }, "POWERSYNC_URL")) instanceof PowerSyncAuthError) {
    return undefined;
  }
  const url = URL.parse(text);
  const isOne = /^https?:\/\/[^/\\]/i.test(text) && url !== null &&
    /^([\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname) && !/^https?$/.test(url.hostname);
  return isOne ? url : undefined;
}

/** The URL that was meant by a text that is not one; `undefined` when that is a guess, or the text may be a secret. */
export function likelyUrl(text: string): string | undefined {
  if (/^[\da-f]{24}$/.test(text)) return `https://${text}.powersync.journeyapps.com`;
  const scheme = SCHEMES.exec(text)?.[0] ?? "";
  const [, host, path = ""] = HOST_AND_PATH.exec(text.slice(scheme.length).replace(/[?#].*$/s, "")) ?? [];
  if (host === undefined) return undefined;
  const isCloud = /\.powersync\.journeyapps\.com$/i.test(host);
  if (isCloud) return `https://${host.toLowerCase()}`;
  const url = `${isPrivateHost(`http://${host}`) ? "http" : "https"}://${host}${path}`;
  return plainUrl(url) === undefined ? undefined : url;
}
