/** A Supabase project as the functions see it: its keys, its users and their tokens. */
import { Buffer } from "node:buffer";
import { type JWK, type JWTPayload, SignJWT } from "jose";
import { makeKey, sign, type TestKey } from "./signing.ts";

export const PUBLISHABLE_KEY = "sb_publishable_test";
export const SECRET_KEY = "sb_secret_test";
export const POWERSYNC_URL = "https://test.powersync.journeyapps.com";
/** Only Supabase Auth knows it. */
export const LEGACY_SECRET = "s".repeat(40);
export const USER_ID = "5c7a6c0e-0000-4000-8000-000000000001";

/** The project's signing keys, one of each type. */
export const projectKeys = {
  ES256: await makeKey("ES256", "project-ec"),
  RS256: await makeKey("RS256", "project-rsa"),
  EdDSA: await makeKey("EdDSA", "project-ed"),
};

/** A secret as the original example has it. */
export function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

/** What a user's access token says unless a test changes it. */
export function userClaims(changes: JWTPayload = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: "http://127.0.0.1:54321/auth/v1",
    aud: "authenticated",
    sub: USER_ID,
    role: "authenticated",
    session_id: "5c7a6c0e-0000-4000-8000-00000000000a",
    email: "user@example.com",
    app_metadata: { provider: "email" },
    user_metadata: {},
    is_anonymous: false,
    iat: now,
    exp: now + 3600,
    ...changes,
  };
}

/** A user's access token, with these changes to its claims. */
export async function userToken(changes: JWTPayload = {}, key: TestKey = projectKeys.ES256): Promise<string> {
  return await sign(userClaims(changes), { key });
}

/** A token signed with the project's legacy secret. */
export async function signLegacyToken(
  claims: JWTPayload = userClaims(),
  secret = LEGACY_SECRET,
): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(secret));
}

/** A stand-in of the Auth server on loopback, which counts what it is asked. */
export interface AuthStandIn {
  readonly url: string;
  readonly calls: { jwks: number; user: number };
  /** What the JWKS endpoint answers. */
  jwks: () => Response | Promise<Response>;
  /** What GET /user answers. */
  user: (token: string) => Response | Promise<Response>;
  close(): Promise<void>;
}

export function startAuthStandIn(keys: readonly JWK[] = []): AuthStandIn {
  const calls = { jwks: 0, user: 0 };
  const standIn: Pick<AuthStandIn, "jwks" | "user"> = {
    jwks: () => Response.json({ keys }),
    user: (token) => {
      const claims: JWTPayload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
      return Response.json({ id: claims.sub, aud: "authenticated", role: claims.role, email: claims.email });
    },
  };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/auth/v1/.well-known/jwks.json") {
      calls.jwks += 1;
      return result.jwks();
    }
    if (pathname === "/auth/v1/user") {
      calls.user += 1;
      return result.user((request.headers.get("Authorization") ?? "").replace(/^Bearer /, ""));
    }
    return new Response(null, { status: 404 });
  });
  const result: AuthStandIn = {
    ...standIn,
    url: `http://127.0.0.1:${server.addr.port}`,
    calls,
    close: () => server.shutdown(),
  };
  return result;
}

/** Runs a test with a stand-in and closes it. */
export async function withAuth(
  keys: readonly JWK[],
  test: (auth: AuthStandIn) => Promise<void>,
): Promise<void> {
  const auth = startAuthStandIn(keys);
  try {
    await test(auth);
  } finally {
    await auth.close();
  }
}

/** What an answer says, with its status. */
export async function read(response: Response): Promise<{ status: number; body: Record<string, unknown> }> {
  return { status: response.status, body: await response.json() };
}

/** Collects what is logged while a function runs. */
export async function logged(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await run();
  } finally {
    console.error = original;
  }
  return lines;
}
