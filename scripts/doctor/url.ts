import { inspectPowerSyncUrl, type UrlFinding, type UrlRule } from "../setup/powersync-url.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";

/** The cause of each rule. */
export const URL_CAUSES: Readonly<Record<UrlRule, CauseId>> = {
  POWERSYNC_URL_INVALID: "url-invalid",
  "url-placeholder": "url-placeholder",
  "url-http-public": "url-http-public",
  "url-has-path": "url-has-path",
  "url-trailing-slash": "url-trailing-slash",
};

/**
 * The checks of a PowerSync instance's URL.
 *
 * @param subject Where it was set.
 * @param url The URL as it was set.
 */
export function checkPowerSyncUrl(subject: Subject, url: string): Check[] {
  const found = inspectPowerSyncUrl(subject.title, url, { local: false }).map((finding) =>
    checkOf(subject, finding)
  );
  return found.length > 0 ? found : [passed(subject, `It is ${url.trim()}.`)];
}

function checkOf(subject: Subject, { id, severity, message, correct }: UrlFinding): Check {
  const report = severity === "error" ? failed : warning;
  const fix = correct === undefined ? undefined : `Set it to ${correct}, here and in PowerSync's audiences.`;
  return report(subject, URL_CAUSES[id], { seen: message, fix });
}
