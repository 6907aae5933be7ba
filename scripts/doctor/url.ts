import { isLoopback } from "../setup/local-only.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";

/** What placeholders look like: `https://<instance>.…`, `https://your-instance.…`. */
const PLACEHOLDER = /[<>]|your[-_]|xxxx|placeholder|changeme|\.{3}|…|\[instance\]/i;

/** Private networks (RFC 1918, RFC 6598, RFC 3927, RFC 4193), and names without a dot. */
const PRIVATE_HOST =
  /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[f[cd]|\[fe80)|^[^.[]+$|\.(local|internal|lan)$/;

/**
 * Whether a URL's host cannot be reached from the internet.
 *
 * @param url A URL.
 */
export function isPrivateHost(url: string): boolean {
  return isLoopback(url) || PRIVATE_HOST.test(URL.parse(url)?.hostname ?? "");
}

/**
 * The checks of a PowerSync instance's URL.
 *
 * @param subject Where it stands.
 * @param given The URL as it was set.
 */
export function checkPowerSyncUrl(subject: Subject, given: string): Check[] {
  const text = given.trim();
  const seen = `It is ${text.slice(0, 120)}`;
  // A URL with a user name or password is never shown, not even as a placeholder.
  const credentials = /^[a-z]+:\/\/[^/]*@/i.test(text);
  if (!credentials && PLACEHOLDER.test(text)) return [failed(subject, "url-placeholder", { seen })];
  const url = /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || /[?#]/.test(text) || credentials) {
    return [failed(subject, "url-invalid", { seen: "It is not a plain http(s) URL." })];
  }
  const found: Check[] = [];
  if (url.protocol === "http:" && !isPrivateHost(text)) {
    found.push(failed(subject, "url-http-public", { seen }));
  }
  if (url.pathname.replace(/\/+$/, "") !== "") {
    // A self-hosted service may stand behind a path; a Cloud instance never does.
    const report = url.hostname.endsWith(".powersync.journeyapps.com") ? failed : warning;
    found.push(report(subject, "url-has-path", { seen, fix: `Set it to ${url.origin}` }));
  } else if (text.endsWith("/")) {
    const fix = `Set it to ${url.origin}, here and in PowerSync's audiences.`;
    found.push(warning(subject, "url-trailing-slash", { seen, fix }));
  }
  return found.length > 0 ? found : [passed(subject, `${seen}.`)];
}
