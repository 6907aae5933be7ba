/** The development Auth as `deno task dev` serves it, in this process, and the real supabase-js. */
import { type AuthError, createClient, type SupabaseClient } from "@supabase/supabase-js";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";
import { Functions } from "../../scripts/dev/functions.ts";
import { answer, type ServerParts } from "../../scripts/dev/server.ts";
import { DEVELOPMENT_PUBLISHABLE_KEY, DEVELOPMENT_SECRET_KEY } from "../../scripts/setup/platform.ts";
import { serve } from "./serving.ts";

/** What a server answers with; nothing but an Auth unless a test adds it. */
export function serverParts(overrides: Partial<ServerParts> = {}): ServerParts {
  return {
    functions: new Functions({ root: "/none", readEnvironment: () => Promise.resolve({}) }),
    auth: undefined,
    page: () => Promise.resolve(undefined),
    host: "127.0.0.1",
    port: 54321,
    allowedOrigins: [],
    ...overrides,
  };
}

/** A development Auth. */
export interface DevAuth extends AsyncDisposable {
  /** With `/auth/v1`. */
  readonly url: string;
  /** An app's client, or one with the secret key. */
  connect(key?: "publishable" | "secret"): SupabaseClient;
  /** Sends a request with the publishable key. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** Serves a fresh development Auth. */
export async function startDevAuth(options: { now?: () => number } = {}): Promise<DevAuth> {
  const started = Promise.withResolvers<ServerParts>();
  const server = serve(async (request) => await answer(request, await started.promise));
  const url = `${server.url}/auth/v1`;
  const port = Number(new URL(url).port);
  started.resolve(serverParts({ auth: await startDevelopmentAuth(url, options), port }));
  return {
    ...server,
    url,
    connect: (key = "publishable") =>
      createClient(
        server.url,
        key === "secret" ? DEVELOPMENT_SECRET_KEY : DEVELOPMENT_PUBLISHABLE_KEY,
        { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } },
      ),
    ask: (path, init = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { apikey: DEVELOPMENT_PUBLISHABLE_KEY, ...Object.fromEntries(new Headers(init.headers)) },
      }),
  };
}

/** A new password for each run. */
export function makePassword(): string {
  return crypto.randomUUID();
}

/** An error of supabase-js, as its status and its code. */
export function errorOf({ error }: { error: AuthError | null }): string {
  return error === null ? "none" : `${error.status} ${error.code}`;
}
