import { resolve } from "node:path";

/** Key IDs that begin with it mark keys that must not leave the computer. */
export const LOCAL_KEY_PREFIX = "dev-";

/** The file for local work; production secrets have their own. */
export const LOCAL_ENV_FILE = "supabase/functions/.env";

/** Whether a path names the file for local work, in this project or in another. */
export function isLocalEnvFile(path: string): boolean {
  return resolve(path).replaceAll("\\", "/").endsWith(`/${LOCAL_ENV_FILE}`);
}

/** The file that a production deployment's secrets are uploaded from. */
export const PRODUCTION_ENV_FILE = ".env.production";
