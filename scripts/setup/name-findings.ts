import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { decodeJsonSecret, isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { EnvVariables } from "./env-file.ts";
import { type Finding, finding } from "./finding.ts";
import { isKnownName, nearestName, wordsOf } from "./nearest-name.ts";

const SIGNING_KEY = "POWERSYNC_PRIVATE_KEY";

/**
 * Names that are not read because they are misspelt: an error where what was meant is required and missing.
 *
 * @param variables Names and values.
 */
export function inspectNames(variables: EnvVariables): Finding[] {
  const isSet = (name: string) => (variables[name] ?? "").trim() !== "";
  const isThere = (known: string) =>
    isSet(known) || (known === SIGNING_KEY && readKeySecrets(variables).signing.length > 0);
  const missing = new Set([SIGNING_KEY, "POWERSYNC_URL"].filter((name) => !isThere(name)));
  return Object.keys(variables).filter(isSet).flatMap((name) => {
    const isKey = missing.has(SIGNING_KEY) && holdsOurKey(name, variables[name]);
    const known = isKey ? SIGNING_KEY : nearestName(name);
    if (known === undefined) return [];
    // Beside POWERSYNC_PRIVATE_KEY, a POWERSYNC_KEY is the project's own.
    if (isThere(known) && wordsOf(name).length < wordsOf(known).length) return [];
    const severity = missing.delete(known) ? "error" : "warning";
    const message = `The functions do not read ${name}: they read ${known}.`;
    return [
      finding("name-misspelt", name, { severity, message, hint: `Rename it to ${known}.`, rename: known }),
    ];
  });
}

/** A private JWK that a name or the key's own ID says is PowerSync's; a project may have others. */
function holdsOurKey(name: string, value = ""): boolean {
  if (isKnownName(name)) return false;
  const decoded = decodeJsonSecret(value);
  if (!decoded.ok || !isJsonObject(decoded.value)) return false;
  const { kty, d, kid } = decoded.value;
  return typeof kty === "string" && d !== undefined &&
    (/power_?sync/i.test(name) || /^powersync-/.test(`${kid}`));
}
