import { decodeJsonSecret, isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";

/** Key IDs that begin with it mark keys that must not leave the computer. */
export const LOCAL_KEY_PREFIX = "dev-";

/** The file for local work; production secrets have their own. */
export const LOCAL_ENV_FILE = "supabase/functions/.env";

/** The file that a production deployment's secrets are uploaded from. */
export const PRODUCTION_ENV_FILE = ".env.production";

/**
 * Why a file must not be uploaded with `supabase secrets set --env-file`, which uploads everything in it.
 *
 * @param variables The file's names and values.
 * @returns The rest of the sentence "The file is for this computer: it …", or `undefined` when it may be uploaded.
 */
export function whyLocalOnly(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const [name, value = ""] of Object.entries(variables)) {
    if (name === "POWERSYNC_SHARED_KEY" && value !== "") {
      return `holds ${name}, a shared secret for development`;
    }
    if (/^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name) && holdsLocalKey(value)) {
      return `holds a key in ${name} whose \`kid\` begins with "${LOCAL_KEY_PREFIX}"`;
    }
    if (name === "POWERSYNC_URL" && isLoopback(value)) {
      return `has a POWERSYNC_URL that is this computer (${value})`;
    }
  }
  return undefined;
}

/** Whether a URL names the computer it is used on. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url.trim())?.hostname ?? "";
  return /^(localhost|.+\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)\.?$/.test(host);
}

function holdsLocalKey(secret: string): boolean {
  const decoded = decodeJsonSecret(secret);
  if (!decoded.ok) return false;
  const listed = isJsonObject(decoded.value) && Array.isArray(decoded.value.keys)
    ? decoded.value.keys
    : decoded.value;
  const keys: unknown[] = Array.isArray(listed) ? listed : [listed];
  return keys.some((key) =>
    isJsonObject(key) && typeof key.kid === "string" && key.kid.startsWith(LOCAL_KEY_PREFIX)
  );
}
