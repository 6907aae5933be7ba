import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import type { Finding } from "../setup/finding.ts";
import { inspect } from "../setup/inspect.ts";
import { PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { isLoopback } from "../setup/project-url.ts";
import { type Check, checkOfFinding, passed, type Subject } from "./check.ts";
import { type EnvChange, URL_TO_FILL_IN } from "./fix-commands.ts";
import { readProviderList, setProviderList } from "./provider-list.ts";

/** A file with secrets. */
export interface SecretsFile {
  readonly path: string;
  readonly variables: EnvVariables;
  /** The file of local development, which may hold what no deployment may. */
  readonly local: boolean;
}

/** What is known beside the file. */
export interface Surroundings {
  /** Seconds since 1970. */
  readonly nowSeconds: number;
  /** The instance that was named, without trailing slash. */
  readonly powersync: string | undefined;
  /** The project, whose own issuer no identity provider may claim. */
  readonly supabaseUrl: string | undefined;
}

/** What is no fault of an address where everything is on this computer. */
const OF_ADDRESS: readonly Finding["id"][] = ["local-url", "url-private", "url-http-public"];

/** Whether a file's name says that it is for a deployment, even where that is tried on this computer. */
export function isForDeployment({ path, local }: SecretsFile): boolean {
  return !local && path.split(/[\\/]/).at(-1) === PRODUCTION_ENV_FILE;
}

const KEYS = { id: "key-secrets", title: "Key secrets" };

/** Checks a file with secrets, without any network. */
export async function checkSecrets(file: SecretsFile, surroundings: Surroundings): Promise<Check[]> {
  const { variables, local } = file;
  const { nowSeconds, supabaseUrl } = surroundings;
  const isHere = local || [supabaseUrl, surroundings.powersync].some((url) => url && isLoopback(url));
  const place = isHere && !isForDeployment(file) ? "local" : "deployment";
  const findings = (await inspect(variables, { place, supabaseUrl }))
    .filter(({ id }) => !isHere || !OF_ADDRESS.includes(id));
  const { signing } = await loadKeyRing(readKeySecrets(variables));
  const known = { canSign: signing.length > 0, powersync: surroundings.powersync };
  const checkOf = (finding: Finding) =>
    checkOfFinding(
      subjectOf(finding.name),
      finding,
      withoutOwnIssuer(finding, { variables, supabaseUrl }) ?? changeFor(finding, known),
    );
  const about = (name: string) => findings.some((finding) => finding.name === name);
  const ofKeys = findings.filter(({ name }) => isKeyName(name));
  return [
    ...ofKeys.map(checkOf),
    ...(signing.length > 0 && ofKeys.every(({ severity }) => severity === "warning")
      ? [await describeKeys(variables, nowSeconds)]
      : []),
    ...(["POWERSYNC_URL", "POWERSYNC_TOKEN_TTL"] as const).filter((name) => !about(name)).map((name) =>
      passed(subjectOf(name), `It is ${readSetting(variables, name)}${name === "POWERSYNC_URL" ? "" : " s"}.`)
    ),
    ...findings.filter(({ name }) => !isKeyName(name)).map(checkOf),
  ];
}

async function describeKeys(variables: EnvVariables, nowSeconds: number): Promise<Check> {
  const ring = await loadKeyRing(readKeySecrets(variables));
  const { kid, alg, secret } = signingKeyAt(ring, nowSeconds);
  const count = ring.published.length === 1 ? "1 key" : `${ring.published.length} keys`;
  return passed(KEYS, `${secret} signs with ${alg}, kid "${kid}"; the JWKS will show ${count}.`);
}

/** The values that a setting may have in any project. */
const SAFE_VALUES: Readonly<Record<string, string>> = {
  POWERSYNC_TOKEN_TTL_INVALID: "300",
  POWERSYNC_SESSION_CHECK_INVALID: "token",
};

/** Findings that end when the variable is gone: its default, or the public half of the signing key, takes its place. */
const REMOVABLE = [
  "KEY_IS_PRIVATE",
  "KEY_PAIR_MISMATCH",
  "KEY_ID_DUPLICATE",
  "POWERSYNC_AUDIENCE_INVALID",
  "POWERSYNC_OAUTH_CLIENTS_INVALID",
  "issuer-supabase",
  "local-shared-key",
];

/** The change of the file that ends a finding, where there is one. */
function changeFor(
  { id, name, severity, correct, rename }: Finding,
  { canSign, powersync }: { canSign: boolean; powersync: string | undefined },
): EnvChange | undefined {
  if (correct !== undefined) return { set: { [name]: correct } };
  if (rename !== undefined) return { rename: [name, rename] };
  if (id === "secrets-swapped") return { rename: ["POWERSYNC_PUBLIC_KEY", "POWERSYNC_PRIVATE_KEY"] };
  if (REMOVABLE.includes(id)) return { remove: [name] };
  const safe = SAFE_VALUES[id];
  if (safe !== undefined) return { set: { [name]: safe } };
  if (name === "POWERSYNC_URL" && severity === "error") {
    return { set: { [name]: powersync ?? URL_TO_FILL_IN } };
  }
  if (!isKeyName(name) || severity !== "error") return undefined;
  const isNeeded = name.startsWith("POWERSYNC_PRIVATE_KEY") && !canSign;
  return isNeeded || id === "local-key" ? { newKey: true } : { remove: [name] };
}

/** The list of identity providers without the project's own issuer, which needs no entry. */
function withoutOwnIssuer(
  { id, name }: Finding,
  { variables, supabaseUrl }: { variables: EnvVariables; supabaseUrl: string | undefined },
): EnvChange | undefined {
  if (id !== "POWERSYNC_IDENTITY_PROVIDERS_INVALID" || supabaseUrl === undefined) return undefined;
  const list = readProviderList(variables[name]) ?? [];
  const others = list.filter(({ issuer }) => issuer !== `${supabaseUrl}/auth/v1`);
  if (others.length === list.length) return undefined;
  return others.length === 0 ? { remove: [name] } : { set: setProviderList(others) };
}

function subjectOf(name: string): Subject {
  return isKeyName(name)
    ? { ...KEYS, title: name }
    : { id: name.toLowerCase().replaceAll("_", "-"), title: name };
}

function isKeyName(name: string): boolean {
  return /^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name);
}
