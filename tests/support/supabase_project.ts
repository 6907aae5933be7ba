import { SignJWT } from "jose";
import { makeKey, sign } from "./signing.ts";

/** What a Supabase project gives to its functions and users, in small: an Auth server, keys and users. */
export interface SupabaseProject extends AsyncDisposable {
  /** What the platform puts into a function's environment. */
  readonly env: Record<string, string>;
  readonly publishableKey: string;
  readonly userId: string;
  /** The access token of a user of a project with signing keys. */
  readonly accessToken: string;
  /** The access token of the same user from before the project had signing keys; only the Auth server knows it. */
  readonly legacyAccessToken: string;
}

/** Starts the project's Auth server on loopback and signs a user in. */
export async function startSupabaseProject(): Promise<SupabaseProject> {
  const publishableKey = `sb_publishable_${crypto.randomUUID()}`;
  const userId = crypto.randomUUID();
  const signingKey = await makeKey("ES256", crypto.randomUUID());
  const legacyAccessToken = await new SignJWT(userClaims(userId)).setProtectedHeader({
    alg: "HS256",
    typ: "JWT",
  })
    .sign(crypto.getRandomValues(new Uint8Array(32)));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const known = new URL(request.url).pathname === "/auth/v1/user" &&
      request.headers.get("apikey") === publishableKey &&
      request.headers.get("authorization") === `Bearer ${legacyAccessToken}`;
    return known
      ? Response.json({ id: userId, aud: "authenticated", role: "authenticated" })
      : Response.json({ code: 403, error_code: "bad_jwt", msg: "invalid JWT" }, { status: 403 });
  });
  return {
    env: {
      SUPABASE_URL: `http://127.0.0.1:${server.addr.port}`,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: publishableKey }),
      SUPABASE_JWKS: JSON.stringify({ keys: [signingKey.publicJwk] }),
    },
    publishableKey,
    userId,
    accessToken: await sign(userClaims(userId), { key: signingKey }),
    legacyAccessToken,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function userClaims(userId: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: "https://project.supabase.co/auth/v1",
    aud: "authenticated",
    role: "authenticated",
    sub: userId,
    session_id: crypto.randomUUID(),
    is_anonymous: false,
    iat: now,
    exp: now + 3600,
  };
}
