import type { Invocation } from "../cli/invocation.ts";
import { LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { DEVELOPMENT_SECRET_KEY, type Platform } from "../setup/platform.ts";
import { jwksUrlFor, jwksUrlOf } from "../setup/project-url.ts";

/** What was started. */
export interface Started {
  readonly origin: string;
  readonly platform: Platform;
  /** Secrets that were written because they were missing. */
  readonly added: readonly string[];
  /** Addresses of this computer for other devices. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly invocation: Invocation;
}

/**
 * What to print after the start.
 *
 * @returns Lines to print.
 */
export function greeting({ origin, platform, added, addresses, port, invocation }: Started): string[] {
  const { isDevelopmentAuth, supabaseUrl, publishableKey } = platform;
  const functions = `${origin}/functions/v1`;
  const envFile = invocation.path(LOCAL_ENV_FILE);
  const keys = invocation.task("keys", "--env-file", PRODUCTION_ENV_FILE);
  const jwksUrl = jwksUrlOf(origin);
  const isUsual = isDevelopmentAuth && jwksUrl === jwksUrlFor({});
  // Where a project is linked, `config` alone is about the deployment.
  const here = ["--env-file", LOCAL_ENV_FILE, ...(isUsual ? [] : ["--jwks-url", jwksUrl])];
  const config = invocation.task("config", ...here);
  const note = isDevelopmentAuth ? "development Auth: users in memory, never deployed" : "your project";
  const lines = [
    added.length > 0 && `Written to ${envFile}: ${added.join(", ")}\n`,
    invocation.dir !== undefined && `Project           ${invocation.dir}`,
    `Page              ${origin}/`,
    `Functions         ${functions}/powersync-auth`,
    `                  ${functions}/powersync-auth-anonymous`,
    `Secrets           ${envFile}`,
    `JWKS URI          ${jwksUrl}   (for PowerSync's client_auth: ${config})`,
    `Supabase URL      ${supabaseUrl}   (${note})`,
    publishableKey === undefined
      ? `Publishable key   none: add SUPABASE_PUBLISHABLE_KEY=sb_publishable_… (the project's API settings) to ${envFile}`
      : `Publishable key   ${publishableKey}`,
    isDevelopmentAuth && `Secret key        ${DEVELOPMENT_SECRET_KEY}   (for supabase.auth.admin)`,
    ...addresses.map((address) => `Other devices     http://${address}:${port}`),
    // The Android emulator has its own name for this computer.
    addresses.length > 0 && `Android emulator  http://10.0.2.2:${port}`,
    "",
    // Double quotes, because cmd.exe has no others.
    publishableKey !== undefined &&
    `A token:\n  curl -s -H "apikey: ${publishableKey}" ${functions}/powersync-auth-anonymous\n`,
    `Secrets for production belong in ${
      invocation.path(PRODUCTION_ENV_FILE)
    }, never in ${envFile}: ${keys}\n`,
  ];
  return lines.filter((line) => line !== false);
}
