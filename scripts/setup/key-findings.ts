import { decodeJwt } from "jose";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type KeyProblem, loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { decodeJsonSecret, isJsonObject, unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { KEY_SECRETS, readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import type { EnvVariables } from "./env-file.ts";
import { type Finding, finding, refusedByFunctions } from "./finding.ts";

/** Variables for a client's key, which everybody may see. */
const CLIENT_KEYS = ["SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"];

/** Checks every secret that holds a signing key, or keys to publish. */
export async function inspectKeys(variables: EnvVariables): Promise<Finding[]> {
  const secrets = readKeySecrets(variables);
  const { problems } = await loadKeyRing(secrets);
  const missing = secrets.signing.length > 0 ? [] : [
    refusedByFunctions("POWERSYNC_PRIVATE_KEY", new PowerSyncAuthError("POWERSYNC_PRIVATE_KEY_MISSING")),
  ];
  const codeOf = (name: string) => problems.find(({ secret }) => secret === name)?.error.code;
  const swapped = codeOf("POWERSYNC_PRIVATE_KEY") === "KEY_IS_PUBLIC" &&
    codeOf("POWERSYNC_PUBLIC_KEY") === "KEY_IS_PRIVATE";
  const message = "The values of POWERSYNC_PRIVATE_KEY and POWERSYNC_PUBLIC_KEY are swapped.";
  return [
    ...missing,
    ...(swapped ? [finding("secrets-swapped", "POWERSYNC_PRIVATE_KEY", { message })] : []),
    ...problems.filter(({ secret }) => !swapped || !Object.hasOwn(KEY_SECRETS, secret))
      .map((problem) => wordsFor(problem, unwrap(variables[problem.secret] ?? "", problem.secret))),
  ];
}

function wordsFor({ secret, error }: KeyProblem, value: string): Finding {
  // People paste them because they are called keys too.
  if (!/^(-----BEGIN|sb_|[\w-]+\.[\w-]+\.[\w-]*$)/.test(value)) return refusedByFunctions(secret, error);
  const role = legacyRole(value);
  const message = role === undefined ? error.message : `${error.message} It is Supabase's ${role} key.`;
  return { ...refusedByFunctions(secret, error), id: "secret-not-a-jwk", message };
}

/** A key that opens everything in the place of one for clients. */
export function inspectClientKeys(variables: EnvVariables): Finding[] {
  return CLIENT_KEYS.flatMap((name) => {
    const value = unwrap(variables[name] ?? "", name);
    const decoded = name.endsWith("_KEYS") ? decodeJsonSecret(value) : undefined;
    const keys: unknown[] = decoded?.ok && isJsonObject(decoded.value)
      ? Object.values(decoded.value)
      : [value];
    const kind = keys.map(secretKind).find((found) => found !== undefined);
    if (kind === undefined) return [];
    const message = `${name} holds ${kind}, which gives full access to the project.`;
    const hint = "Set the publishable key, and revoke the secret one if anyone saw it.";
    return [finding("api-key-is-secret", name, { message, hint })];
  });
}

function secretKind(key: unknown): string | undefined {
  if (typeof key !== "string") return undefined;
  if (key.startsWith("sb_secret_")) return "a secret API key";
  return legacyRole(key) === "service_role" ? "the service_role key" : undefined;
}

/** The role of a legacy API key, which is a JWT without a user. */
function legacyRole(key: string): string | undefined {
  try {
    const { role, sub } = decodeJwt(key);
    return sub === undefined && (role === "service_role" || role === "anon") ? role : undefined;
  } catch {
    return undefined;
  }
}
