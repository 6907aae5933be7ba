import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { isPrivateHost } from "./project-url.ts";

/** A rule for the URL of a PowerSync instance. */
export type UrlRule =
  | "POWERSYNC_URL_INVALID"
  | "url-placeholder"
  | "url-http-public"
  | "url-has-path"
  | "url-trailing-slash";

/** What is wrong with the URL of a PowerSync instance. */
export interface UrlFinding {
  readonly id: UrlRule;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** The URL to set instead, when it is known. */
  readonly correct?: string;
}

/** What placeholders look like: `https://<instance>.…`, `https://your-instance.…`. */
const PLACEHOLDER = /[<>]|your[-_]|xxxx|placeholder|changeme|\.{3}|…|\[instance\]/i;

/** Characters of a URL in a message. */
const MAX_SHOWN_URL = 120;

/**
 * Checks the URL of a PowerSync instance.
 *
 * @param name Where it was set, for messages.
 * @param value The URL as it was set; an empty one has no findings.
 * @param options `local`: whether it is for this computer only, where http is common.
 */
export function inspectPowerSyncUrl(
  name: string,
  value: string,
  { local }: { local: boolean },
): UrlFinding[] {
  const text = value.trim();
  if (text === "") return [];
  const seen = `${name} is ${text.slice(0, MAX_SHOWN_URL)}`;
  // A URL with a user name or password is never shown, not even as a placeholder.
  const hasCredentials = /^[a-z]+:\/\/[^/]*@/i.test(text);
  if (!hasCredentials && PLACEHOLDER.test(text)) {
    return [{ id: "url-placeholder", severity: "error", message: `${seen}, a placeholder.` }];
  }
  if (!isPlain(text)) {
    return [{
      id: "POWERSYNC_URL_INVALID",
      severity: "error",
      message: `${name} cannot be used: it is not a plain http(s) URL.`,
    }];
  }
  const { protocol, pathname, origin, hostname } = new URL(text);
  const found: UrlFinding[] = [];
  if (!local && protocol === "http:" && !isPrivateHost(text)) {
    found.push({ id: "url-http-public", severity: "error", message: `${seen}: a public host without TLS.` });
  }
  if (pathname.replace(/\/+$/, "") !== "") {
    // A self-hosted service may be behind a path; a Cloud instance never is.
    const severity = hostname.endsWith(".powersync.journeyapps.com") ? "error" : "warning";
    found.push({ id: "url-has-path", severity, message: `${seen}, with a path.`, correct: origin });
  } else if (text.endsWith("/")) {
    const message = `${seen}, with a trailing slash.`;
    found.push({ id: "url-trailing-slash", severity: "warning", message, correct: origin });
  }
  return found;
}

/** Whether the functions accept it. */
function isPlain(text: string): boolean {
  try {
    readSetting({ POWERSYNC_URL: text }, "POWERSYNC_URL");
    return true;
  } catch (error) {
    if (error instanceof PowerSyncAuthError) return false;
    throw error;
  }
}
