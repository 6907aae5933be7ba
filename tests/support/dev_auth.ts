/** The development Auth as `deno task dev` serves it, in this process, and the real supabase-js. */
import { assertExists } from "@std/assert";
import { type AuthError, createClient, type SupabaseClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";
import { Functions } from "../../scripts/dev/functions.ts";
import { answer, type ServerParts } from "../../scripts/dev/server.ts";
import { DEVELOPMENT_PUBLISHABLE_KEY, DEVELOPMENT_SECRET_KEY } from "../../scripts/setup/platform.ts";
import { serve } from "./serving.ts";

/** What a server answers with; nothing but an Auth unless a test adds it. */
function serverParts(overrides: Partial<ServerParts> = {}): ServerParts {
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

/** The answer of a server to a request that was sent to its own address, unless a test says otherwise. */
export function askServer(
  path: string,
  { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {},
  overrides: Partial<ServerParts> = {},
): Promise<Response> {
  const all = { Host: "127.0.0.1:54321", ...headers };
  return answer(
    new Request(`http://127.0.0.1:54321${path}`, { headers: all, ...init }),
    serverParts(overrides),
  );
}

/** A development Auth. */
export interface DevAuth extends AsyncDisposable {
  /** With `/auth/v1`. */
  readonly url: string;
  /** An app's client. */
  connect(): SupabaseClient;
  /** With the secret key. */
  readonly admin: SupabaseClient["auth"]["admin"];
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
  const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false };
  return {
    ...server,
    url,
    connect: () => createClient(server.url, DEVELOPMENT_PUBLISHABLE_KEY, { auth }),
    admin: createClient(server.url, DEVELOPMENT_SECRET_KEY, { auth }).auth.admin,
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

/** An e-mail address and a new password. */
export function makeAccount(email = "ada@example.com"): { email: string; password: string } {
  return { email, password: makePassword() };
}

/** Signs a new user up, anonymously without an account. */
export async function signUp(dev: DevAuth, account?: ReturnType<typeof makeAccount>, data: object = {}) {
  const client = dev.connect();
  const signedUp = account === undefined
    ? await client.auth.signInAnonymously({ options: { data } })
    : await client.auth.signUp({ ...account, options: { data } });
  const { user, session } = signedUp.data;
  assertExists(user);
  assertExists(session);
  return { client, user, session, token: session.access_token, claims: decodeJwt(session.access_token) };
}

/** Refreshes the session of a client, and returns the claims of its new token. */
export async function refreshedClaims({ auth }: SupabaseClient) {
  const { data: { session } } = await auth.refreshSession();
  return decodeJwt(session?.access_token ?? "");
}

/** An error of supabase-js, as its status and its code. */
export function errorOf({ error }: { error: AuthError | null }): string {
  return error === null ? "none" : `${error.status} ${error.code}`;
}
