import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { type Finding, inspect } from "../setup/inspect.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";
import { URL_CAUSES } from "./url.ts";

/** A file with secrets. */
export interface SecretsFile {
  readonly path: string;
  readonly variables: EnvVariables;
  /** The file of local development, which may hold what no deployment may. */
  readonly local: boolean;
}

const KEYS = { id: "key-secrets", title: "Key secrets" };

/** The causes of what `inspect` finds; any other is a setting, whose own words say best what is wrong. */
const CAUSES: Readonly<Partial<Record<Finding["id"], CauseId>>> = {
  ...URL_CAUSES,
  POWERSYNC_PRIVATE_KEY_MISSING: "secret-missing",
  KEY_MALFORMED: "secret-truncated",
  KEY_IS_PUBLIC: "secret-is-public",
  KEY_IS_PRIVATE: "secret-is-private",
  KEY_IS_SYMMETRIC: "secret-symmetric",
  KEY_UNSUPPORTED: "secret-unsupported",
  KEY_TOO_WEAK: "secret-too-weak",
  KEY_INCONSISTENT: "secret-inconsistent",
  KEY_ID_DUPLICATE: "secret-kid-duplicate",
  KEY_PAIR_MISMATCH: "secret-pair-mismatch",
  "secret-not-a-jwk": "secret-not-a-jwk",
  "secrets-swapped": "secrets-swapped",
  "local-key": "secrets-local-only",
  "local-shared-key": "secrets-local-only",
  "local-url": "secrets-local-only",
  POWERSYNC_URL_MISSING: "url-missing",
  POWERSYNC_TOKEN_TTL_INVALID: "lifetime-out-of-range",
  "issuer-supabase": "issuer-supabase",
};

/**
 * Checks a file with secrets, without any network.
 *
 * @param file The file.
 * @param nowSeconds Seconds since 1970.
 */
export async function checkSecrets(file: SecretsFile, nowSeconds: number): Promise<Check[]> {
  const { variables, local } = file;
  const findings = await inspect(variables, { place: local ? "local" : "deployment" });
  const about = (name: string) => findings.filter((finding) => finding.name.startsWith(name)).map(checkOf);
  const ofKeys = [...about("POWERSYNC_PRIVATE_KEY"), ...about("POWERSYNC_PUBLIC_KEY")];
  const settings = findings.filter(({ name }) => !isKeyName(name)).map(checkOf);
  return [
    ...(ofKeys.length > 0 ? ofKeys : [await describeKeys(variables, nowSeconds)]),
    ...(about("POWERSYNC_URL").length > 0 ? [] : [describe(variables, "POWERSYNC_URL")]),
    ...(about("POWERSYNC_TOKEN_TTL").length > 0 ? [] : [describe(variables, "POWERSYNC_TOKEN_TTL")]),
    ...settings,
  ];
}

function describe(variables: EnvVariables, name: "POWERSYNC_URL" | "POWERSYNC_TOKEN_TTL"): Check {
  const unit = name === "POWERSYNC_TOKEN_TTL" ? " s" : "";
  return passed(subjectOf(name), `It is ${readSetting(variables, name)}${unit}.`);
}

async function describeKeys(variables: EnvVariables, nowSeconds: number): Promise<Check> {
  const ring = await loadKeyRing(readKeySecrets(variables));
  const { kid, alg, secret } = signingKeyAt(ring, nowSeconds);
  const count = ring.published.length === 1 ? "1 key" : `${ring.published.length} keys`;
  return passed(KEYS, `${secret} signs with ${alg}, kid "${kid}"; the JWKS will show ${count}.`);
}

function checkOf({ id, name, severity, message, hint }: Finding): Check {
  const cause = CAUSES[id];
  const report = severity === "error" ? failed : warning;
  if (cause === undefined) return report(subjectOf(name), "setting-invalid", { seen: message, fix: hint });
  return report(subjectOf(name), cause, {
    seen: message,
    ...(id in URL_CAUSES && hint !== "" ? { fix: hint } : {}),
  });
}

function subjectOf(name: string): Subject {
  if (isKeyName(name)) return { ...KEYS, title: name };
  if (name === "POWERSYNC_TOKEN_TTL") return { id: "token-lifetime", title: name };
  return { id: name.toLowerCase().replaceAll("_", "-"), title: name };
}

function isKeyName(name: string): boolean {
  return /^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name);
}
