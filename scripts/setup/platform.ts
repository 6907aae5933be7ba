import { CommandError } from "../cli/command.ts";
import type { EnvVariables } from "./env-file.ts";
import { isLoopback, withoutTrailingSlash } from "./project-url.ts";

/** The publishable key of the development Auth. It is public, because it is for clients. */
export const DEVELOPMENT_PUBLISHABLE_KEY = "sb_publishable_development";

/** The secret key of the development Auth. It is known to everybody and opens nothing else. */
export const DEVELOPMENT_SECRET_KEY = "sb_secret_development";

/** What the platform would provide. */
const PLATFORM_NAMES = [
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_PUBLISHABLE_KEY",
  "SUPABASE_ANON_KEY",
  "SUPABASE_JWKS",
] as const;

/** The Supabase that the functions see. */
export interface Platform {
  /** The platform variables. */
  readonly variables: EnvVariables;
  readonly supabaseUrl: string;
  /** For clients; `undefined` when none is set for a configured project. */
  readonly publishableKey: string | undefined;
  /** Served here, in memory. */
  readonly isDevelopmentAuth: boolean;
}

/** The platform variables of the process's environment. */
export function readShell(): EnvVariables {
  return Object.fromEntries(PLATFORM_NAMES.map((name) => [name, Deno.env.get(name)]));
}

/**
 * The project that the process's environment or the `.env` file names, if any.
 *
 * @param file The variables of the `.env` file.
 * @param options `shell`: the process's environment, which comes first. `port`: this server's; apps often set
 * `SUPABASE_URL` to this server, which is not a project.
 * @throws {CommandError} `SUPABASE_URL` is not a URL.
 */
export function configuredPlatform(
  file: EnvVariables,
  { shell, port }: { shell: EnvVariables; port: number },
): Platform | undefined {
  const variables: Record<string, string> = {};
  for (const name of PLATFORM_NAMES) {
    const value = shell[name]?.trim() || file[name]?.trim();
    if (value) variables[name] = value;
  }
  const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEYS, SUPABASE_PUBLISHABLE_KEY, SUPABASE_ANON_KEY } = variables;
  if (SUPABASE_URL === undefined) return undefined;
  const url = URL.parse(SUPABASE_URL);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(
      "SUPABASE_URL must be an http(s) URL: correct it, or unset it to use the development Auth.",
    );
  }
  if (isLoopback(SUPABASE_URL) && Number(url.port) === port) return undefined;
  return {
    variables,
    supabaseUrl: withoutTrailingSlash(SUPABASE_URL),
    publishableKey: SUPABASE_PUBLISHABLE_KEY ?? firstKey(SUPABASE_PUBLISHABLE_KEYS) ?? SUPABASE_ANON_KEY,
    isDevelopmentAuth: false,
  };
}

/**
 * The development Auth as a platform.
 *
 * @param origin Where this server is.
 * @param jwks The development Auth's public keys.
 */
export function developmentPlatform(origin: string, jwks: unknown): Platform {
  return {
    variables: {
      SUPABASE_URL: origin,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: DEVELOPMENT_PUBLISHABLE_KEY }),
      SUPABASE_JWKS: JSON.stringify(jwks),
    },
    supabaseUrl: origin,
    publishableKey: DEVELOPMENT_PUBLISHABLE_KEY,
    isDevelopmentAuth: true,
  };
}

function firstKey(keys: string | undefined): string | undefined {
  if (keys === undefined) return undefined;
  try {
    return Object.values(JSON.parse(keys)).find((key) => typeof key === "string");
  } catch {
    // The functions say what is wrong with it on the first request.
    return undefined;
  }
}
