import type { Finding, UrlRule } from "../setup/finding.ts";
import { inspectPowerSyncUrl } from "../setup/powersync-url.ts";
import { isLoopback } from "../setup/project-url.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";

/** The cause of each rule. */
export const URL_CAUSES: Readonly<Record<UrlRule, CauseId>> = {
  POWERSYNC_URL_INVALID: "url-invalid",
  "url-placeholder": "url-placeholder",
  "url-http-public": "url-http-public",
  "url-has-path": "url-has-path",
  "url-trailing-slash": "url-trailing-slash",
  "url-dashboard": "url-placeholder",
  "url-supabase": "url-placeholder",
  "url-not-exact": "url-has-path",
  "url-private": "url-has-path",
  "local-url": "secrets-local-only",
};

/**
 * The checks of a PowerSync instance's URL.
 *
 * @param subject Where it was set.
 * @param url The URL as it was set.
 */
export function checkPowerSyncUrl(subject: Subject, url: string): Check[] {
  const place = isLoopback(url) ? "local" : "deployment";
  const found = inspectPowerSyncUrl(subject.title, url, { place }).map((finding) =>
    checkOf(subject, finding)
  );
  return found.length > 0 ? found : [passed(subject, `It is ${url.trim()}.`)];
}

function checkOf(subject: Subject, { id, severity, message, correct }: Finding): Check {
  const report = severity === "error" ? failed : warning;
  const fix = correct === undefined ? undefined : `Set it to ${correct}, here and in PowerSync's audiences.`;
  return report(subject, causeOf(id), { seen: message, fix });
}

function causeOf(id: Finding["id"]): CauseId {
  return Object.entries(URL_CAUSES).find(([rule]) => rule === id)?.[1] ?? "url-invalid";
}
