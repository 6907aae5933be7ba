import type { EnvVariables } from "../env-file.ts";

/** The publishable key of the development Auth. Everybody knows it, as it is for clients. */
export const DEVELOPMENT_PUBLISHABLE_KEY = "sb_publishable_development";

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

/**
 * The project that the process's environment or the `.env` file names, if any.
 *
 * @param environment The process's environment, which comes first.
 * @param file The variables of the `.env` file.
 */
export function configuredPlatform(environment: EnvVariables, file: EnvVariables): Platform | undefined {
  const variables: Record<string, string> = {};
  for (const name of PLATFORM_NAMES) {
    const value = environment[name]?.trim() || file[name]?.trim();
    if (value) variables[name] = value;
  }
  const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEYS, SUPABASE_PUBLISHABLE_KEY, SUPABASE_ANON_KEY } = variables;
  if (SUPABASE_URL === undefined) return undefined;
  return {
    variables,
    supabaseUrl: SUPABASE_URL.replace(/\/+$/, ""),
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

/**
 * Makes the process's environment the functions': theirs, and nothing left of earlier secrets or of the shell's.
 * Workers share it, and `claims.ts` may read it.
 */
export function applyEnvironment(variables: EnvVariables): void {
  for (const name of Object.keys(Deno.env.toObject())) {
    if (/^(POWERSYNC|SUPABASE)_/.test(name)) Deno.env.delete(name);
  }
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) Deno.env.set(name, value);
}

function firstKey(keys: string | undefined): string | undefined {
  if (keys === undefined) return undefined;
  try {
    return Object.values(JSON.parse(keys)).find((key) => typeof key === "string");
  } catch {
    // The functions name what is wrong with it on the first request.
    return undefined;
  }
}
