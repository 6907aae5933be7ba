import type { Invocation } from "../cli/invocation.ts";
import { LOCAL_ENV_FILE, PRODUCTION_ENV_FILE } from "../setup/local-only.ts";
import { DEVELOPMENT_SECRET_KEY, type Platform } from "../setup/platform.ts";
import { jwksUrlOf } from "../setup/project-url.ts";

/** What was started. */
export interface Started {
  readonly origin: string;
  readonly platform: Platform;
  /** Secrets that were written because they were missing. */
  readonly added: readonly string[];
  readonly invocation: Invocation;
}

/**
 * What to print after the start.
 *
 * @returns Lines to print.
 */
export function greeting({ origin, platform, added, invocation }: Started): string[] {
  const [local, production] = [LOCAL_ENV_FILE, PRODUCTION_ENV_FILE].map((file) => invocation.path(file));
  const functions = `${origin}/functions/v1`;
  return [
    ...added.length === 0 ? [] : [`Written to ${local}: ${added.join(", ")}`, ""],
    `Page              ${origin}/`,
    `Functions         ${functions}/powersync-auth`,
    `                  ${functions}/powersync-auth-anonymous`,
    `JWKS URI          ${jwksUrlOf(origin)}`,
    `PowerSync config  ${invocation.task("config", "--env-file", LOCAL_ENV_FILE)}`,
    ...platformLines(platform),
    "",
    ...curlLines(functions, platform),
    `Secrets for production belong in ${production}, never in ${local}:`,
    `  ${invocation.task("keys", "--env-file", PRODUCTION_ENV_FILE)}`,
    "",
  ];
}

function platformLines({ isDevelopmentAuth, supabaseUrl, publishableKey }: Platform): string[] {
  const note = isDevelopmentAuth
    ? "   (development Auth: users in memory, never deployed)"
    : "   (your project)";
  return [
    `Supabase URL      ${supabaseUrl}${note}`,
    publishableKey === undefined
      ? `Publishable key   none: add SUPABASE_PUBLISHABLE_KEY=sb_publishable_… (the project's API settings) to ${LOCAL_ENV_FILE}`
      : `Publishable key   ${publishableKey}`,
    ...isDevelopmentAuth ? [`Secret key        ${DEVELOPMENT_SECRET_KEY}   (for supabase.auth.admin)`] : [],
  ];
}

function curlLines(functions: string, { publishableKey }: Platform): string[] {
  if (publishableKey === undefined) return [];
  return [
    "A token:",
    // Double quotes, because cmd.exe has no others.
    `  curl -s -H "apikey: ${publishableKey}" ${functions}/powersync-auth-anonymous`,
    "",
  ];
}
