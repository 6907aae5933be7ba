import { createHmac, randomBytes } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { User } from "./accounts.ts";
import { AuthError } from "./auth-request.ts";

/** As Supabase Auth does by default, in seconds. */
const ACCESS_TOKEN_SECONDS = 3600;

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
  const refreshSecret = randomBytes(32);
  const sessions = new Map<string, Session>();

  function refreshTokenOf({ id, refreshes }: Pick<Session, "id" | "refreshes">): string {
    const text = `${id}.${refreshes}`;
    return `${text}.${createHmac("sha256", refreshSecret).update(text).digest("base64url")}`;
  }

  /** New tokens, in the form of Supabase Auth. */
  async function answer(session: Session, user: User) {
    const iat = Math.floor(now() / 1000);
    const exp = iat + ACCESS_TOKEN_SECONDS;
    const { id: sub, aud, role, email, phone, app_metadata, user_metadata, is_anonymous } = user;
    const { id: session_id, amr } = session;
    const access_token = await new SignJWT({
      ...{ iss: issuer, sub, aud, iat, exp, role, aal: "aal1", amr, session_id },
      ...{ email, phone, app_metadata, user_metadata, is_anonymous },
    }).setProtectedHeader({ alg: "ES256", kid, typ: "JWT" }).sign(privateKey);
    const refresh_token = refreshTokenOf(session);
    const expires_in = ACCESS_TOKEN_SECONDS;
    return { access_token, token_type: "bearer", expires_in, expires_at: exp, refresh_token, user };
  }

  return {
    jwks,
    answer,
    /** Signs a user in. */
    async open(user: User) {
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
        throw new AuthError("refresh_token_not_found");
      }
      if (used < session.refreshes - 1) {
        sessions.delete(id);
        throw new AuthError("refresh_token_already_used");
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
      const checks = { algorithms: ["ES256"], issuer, currentDate: new Date(now()) };
      try {
        const { payload } = await jwtVerify(accessToken, publicKey, checks);
        return { userId: `${payload.sub}`, session: sessions.get(`${payload.session_id}`) };
      } catch {
        throw new AuthError("bad_jwt");
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
