import {
  type KeyProblem,
  loadKeyRing,
  signingKeyAt,
} from "../../supabase/functions/_shared/powersync/keys.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { whyLocalOnly } from "../setup/local-only.ts";
import type { CauseId } from "./causes.ts";
import { type Check, failed, passed, type Subject, warning } from "./check.ts";
import { checkPowerSyncUrl } from "./url.ts";

/** A file with secrets. */
export interface SecretsFile {
  readonly path: string;
  readonly variables: EnvVariables;
  /** The file of local development, which may hold what no deployment may. */
  readonly local: boolean;
}

const KEYS = { id: "key-secrets", title: "Key secrets" };
const POWERSYNC_URL = { id: "powersync-url", title: "POWERSYNC_URL" };
const LIFETIME = { id: "token-lifetime", title: "POWERSYNC_TOKEN_TTL" };
const FILE = { id: "env-file", title: "Secrets file" };

const KEY_CAUSES: Readonly<Record<string, CauseId>> = {
  KEY_MALFORMED: "secret-truncated",
  KEY_IS_PUBLIC: "secret-is-public",
  KEY_IS_PRIVATE: "secret-is-private",
  KEY_IS_SYMMETRIC: "secret-symmetric",
  KEY_UNSUPPORTED: "secret-unsupported",
  KEY_TOO_WEAK: "secret-too-weak",
  KEY_INCONSISTENT: "secret-inconsistent",
  KEY_ID_DUPLICATE: "secret-kid-duplicate",
  KEY_PAIR_MISMATCH: "secret-pair-mismatch",
};

/** Settings whose error says best what is wrong with them. */
const OTHER_SETTINGS = ["POWERSYNC_AUDIENCE", "POWERSYNC_SESSION_CHECK"] as const;

/**
 * Checks a file with secrets, without any network.
 *
 * @param file The file.
 * @param nowSeconds Seconds since 1970.
 */
export async function checkSecrets(file: SecretsFile, nowSeconds: number): Promise<Check[]> {
  return [
    ...await checkKeys(file.variables, nowSeconds),
    ...checkUrl(file.variables),
    checkLifetime(file.variables),
    ...OTHER_SETTINGS.flatMap((name) => checkSetting(name, () => readSetting(file.variables, name))),
    ...checkSetting("POWERSYNC_IDENTITY_PROVIDERS", () => {
      const list = readSetting(file.variables, "POWERSYNC_IDENTITY_PROVIDERS");
      return list === undefined ? undefined : parseIdentityProviders(list, []);
    }),
    ...checkIssuer(file.variables),
    ...checkPlace(file),
  ];
}

async function checkKeys(variables: EnvVariables, nowSeconds: number): Promise<Check[]> {
  const secrets = readKeySecrets(variables);
  const ring = await loadKeyRing(secrets);
  if (secrets.signing.length === 0) {
    const extra = secrets.extra.length > 0 ? " There is a public one only." : "";
    return [
      failed(KEYS, "secret-missing", { seen: `There is no private key.${extra}` }),
      ...explainProblems(ring.problems, variables),
    ];
  }
  if (ring.problems.length > 0) return explainProblems(ring.problems, variables);
  const { kid, alg, secret } = signingKeyAt(ring, nowSeconds);
  const count = ring.published.length === 1 ? "1 key" : `${ring.published.length} keys`;
  return [passed(KEYS, `${secret} signs with ${alg}, kid "${kid}"; the JWKS will show ${count}.`)];
}

function explainProblems(problems: readonly KeyProblem[], variables: EnvVariables): Check[] {
  const codeOf = (name: string) => problems.find(({ secret }) => secret === name)?.error.code;
  const swapped = codeOf("POWERSYNC_PRIVATE_KEY") === "KEY_IS_PUBLIC" &&
    codeOf("POWERSYNC_PUBLIC_KEY") === "KEY_IS_PRIVATE";
  const rest = swapped
    ? problems.filter(({ secret }) => !/^POWERSYNC_(PRIVATE|PUBLIC)_KEY$/.test(secret))
    : problems;
  return [
    ...(swapped
      ? [
        failed(KEYS, "secrets-swapped", {
          seen: "The public and the private key stand in each other's place.",
        }),
      ]
      : []),
    ...rest.map(({ secret, error }) => {
      const cause = isSomethingElse(variables[secret] ?? "")
        ? "secret-not-a-jwk"
        : KEY_CAUSES[error.code] ?? "secret-truncated";
      return failed({ ...KEYS, title: secret }, cause, { seen: error.message });
    }),
  ];
}

/** A PEM, a JWT or an API key of Supabase, which people paste because it is called a key too. */
function isSomethingElse(value: string): boolean {
  return /^\s*(-----BEGIN|sb_|[\w-]+\.[\w-]+\.[\w-]*\s*$)/.test(value);
}

function checkUrl({ POWERSYNC_URL: url = "" }: EnvVariables): Check[] {
  if (url.trim() === "") {
    return [failed(POWERSYNC_URL, "url-missing", { seen: "It is not set." })];
  }
  return checkPowerSyncUrl(POWERSYNC_URL, url);
}

function checkLifetime({ POWERSYNC_TOKEN_TTL }: EnvVariables): Check {
  try {
    const lifetimeSeconds = readSetting({ POWERSYNC_TOKEN_TTL }, "POWERSYNC_TOKEN_TTL");
    return passed(LIFETIME, `Tokens live ${lifetimeSeconds} s.`);
  } catch (error) {
    if (error instanceof PowerSyncAuthError) {
      return failed(LIFETIME, "lifetime-out-of-range", { seen: error.message });
    }
    throw error;
  }
}

function checkSetting(name: string, read: () => unknown): Check[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    const subject: Subject = { id: name.toLowerCase().replaceAll("_", "-"), title: name };
    return [failed(subject, "setting-invalid", { seen: error.message, fix: error.hint })];
  }
}

function checkIssuer({ POWERSYNC_ISSUER: issuer = "" }: EnvVariables): Check[] {
  if (!issuer.includes("supabase.co")) return [];
  return [
    warning({ id: "powersync-issuer", title: "POWERSYNC_ISSUER" }, "issuer-supabase", {
      seen: "It contains supabase.co.",
    }),
  ];
}

function checkPlace({ path, variables, local }: SecretsFile): Check[] {
  if (local) return [];
  const reason = whyLocalOnly(variables);
  return reason === undefined ? [] : [failed(FILE, "secrets-local-only", { seen: `${path} ${reason}.` })];
}
