import { createHmac, randomBytes } from "node:crypto";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import type { User } from "./accounts.ts";
import { AuthError } from "./auth-request.ts";

/** As Supabase Auth does by default, in seconds. */
const ACCESS_TOKEN_SECONDS = 3600;

/** More open sessions than development needs; the oldest ends first. */
const MAX_SESSIONS = 20_000;

/** An open session. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** How its user signed in. */
  readonly amr: readonly { readonly method: "password" | "anonymous"; readonly timestamp: number }[];
  /** How often its refresh token was replaced. */
  readonly refreshes: number;
}

/** Signs in, refreshes and signs out: access tokens as Supabase Auth makes them, with an ES256 signing key. */
export type Sessions = Awaited<ReturnType<typeof openSessions>>;

/**
 * Makes a signing key and the sessions that use it.
 *
 * @param issuer The `iss` of the access tokens.
 * @param now Milliseconds since 1970.
 */
export async function openSessions(issuer: string, now: () => number) {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const jwks = { keys: [{ ...publicJwk, kid, alg: "ES256", use: "sig", key_ops: ["verify"] }] };
  const keys = createLocalJWKSet(jwks);
  const refreshSecret = randomBytes(32);
  const sessions = new Map<string, Session>();

  function refreshTokenOf({ id, refreshes }: Pick<Session, "id" | "refreshes">): string {
    const text = `${id}.${refreshes}`;
    return `${text}.${createHmac("sha256", refreshSecret).update(text).digest("base64url")}`;
  }

  /** New tokens, in the form of Supabase Auth. */
  async function answer(session: Session, user: User) {
    const issuedAt = Math.floor(now() / 1000);
    const { id, role, email, phone, app_metadata, user_metadata, is_anonymous } = user;
    const accessToken = await new SignJWT({
      ...{ role, email, phone, app_metadata, user_metadata, is_anonymous },
      aal: "aal1",
      amr: session.amr,
      session_id: session.id,
      iss: issuer,
      aud: "authenticated",
      sub: id,
      iat: issuedAt,
      exp: issuedAt + ACCESS_TOKEN_SECONDS,
    }).setProtectedHeader({ alg: "ES256", kid, typ: "JWT" }).sign(privateKey);
    return {
      access_token: accessToken,
      token_type: "bearer",
      expires_in: ACCESS_TOKEN_SECONDS,
      expires_at: issuedAt + ACCESS_TOKEN_SECONDS,
      refresh_token: refreshTokenOf(session),
      user,
    };
  }

  return {
    jwks,
    answer,
    /** Signs a user in. */
    async open(user: User) {
      const [oldest = ""] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS) sessions.delete(oldest);
      const method = user.is_anonymous ? "anonymous" : "password";
      const amr = [{ method, timestamp: Math.floor(now() / 1000) }] as const;
      const session = { id: crypto.randomUUID(), userId: user.id, amr, refreshes: 0 };
      sessions.set(session.id, session);
      return await answer(session, user);
    },
    /**
     * The session of a refresh token, which is used up. It works again while its successor is unused, because the answer
     * may have been lost; after that it ends the session.
     *
     * @throws {AuthError} The token is unknown, or was used earlier.
     */
    refresh(refreshToken: string): Session {
      const [id = "", counter] = refreshToken.split(".");
      const session = sessions.get(id);
      const used = Number(counter);
      if (session === undefined || refreshToken !== refreshTokenOf({ id, refreshes: used })) {
        const message = "Invalid Refresh Token: Refresh Token Not Found";
        throw new AuthError(400, "refresh_token_not_found", message);
      }
      if (used < session.refreshes - 1) {
        sessions.delete(id);
        throw new AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used");
      }
      const refreshed = { ...session, refreshes: used + 1 };
      sessions.set(id, refreshed);
      return refreshed;
    },
    /**
     * The user and the session of an access token; the session may have ended.
     *
     * @throws {AuthError} The token is expired, or from another Auth server.
     */
    async verify(accessToken: string): Promise<{ userId: string; session: Session | undefined }> {
      const checks = {
        algorithms: ["ES256"],
        issuer,
        audience: "authenticated",
        currentDate: new Date(now()),
      };
      try {
        const { payload } = await jwtVerify(accessToken, keys, checks);
        return { userId: `${payload.sub}`, session: sessions.get(`${payload.session_id}`) };
      } catch {
        throw new AuthError(403, "bad_jwt", "invalid JWT: unable to parse or verify signature, or expired");
      }
    },
    /** Ends the sessions of a user, apart from one that stays, or one alone. */
    close(userId: string, { only, except }: { only?: string; except?: string } = {}): void {
      for (const session of [...sessions.values()]) {
        const { id } = session;
        if (session.userId === userId && (only ?? id) === id && id !== except) sessions.delete(id);
      }
    },
  };
}
