import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT,
} from "jose";
import { randomBytes } from "node:crypto";
import type { Account } from "./accounts.ts";

/** As Supabase Auth does by default, in seconds. */
const ACCESS_TOKEN_SECONDS = 3600;

/** More open sessions than development needs; the oldest ends first. */
const MAX_SESSIONS = 20_000;

/** What a sign-in answers, as Supabase Auth puts it. */
export interface SessionAnswer {
  readonly access_token: string;
  readonly token_type: "bearer";
  readonly expires_in: number;
  readonly expires_at: number;
  readonly refresh_token: string;
  readonly user: Record<string, unknown>;
}

/** An open session. */
export interface Session {
  readonly id: string;
  readonly userId: string;
}

/** Signs in, refreshes and signs out: access tokens as Supabase Auth makes them, with an ES256 signing key. */
export interface Sessions {
  readonly jwks: JSONWebKeySet;
  open(account: Account): Promise<SessionAnswer>;
  /** Uses up a refresh token and returns its session, or `undefined` when the token is unknown. */
  takeRefreshToken(refreshToken: string): Session | undefined;
  renew(session: Session, account: Account): Promise<SessionAnswer>;
  /** The session of an access token, unless it has ended; `undefined` when the token is not valid. */
  verify(accessToken: string): Promise<{ readonly session: Session | undefined } | undefined>;
  /** Ends this session, every session of its user, or every other one. */
  close(session: Session, scope: "global" | "local" | "others"): void;
}

/**
 * Makes a signing key and the sessions that use it.
 *
 * @param issuer The `iss` of the access tokens.
 */
export async function openSessions(issuer: string): Promise<Sessions> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const jwks = { keys: [{ ...publicJwk, kid, alg: "ES256", use: "sig" }] };
  const keys = createLocalJWKSet(jwks);
  const sessions = new Map<string, Session>();
  const refreshTokens = new Map<string, string>();

  function remember(session: Session): string {
    if (sessions.size >= MAX_SESSIONS) end(sessions.keys().next().value);
    const refreshToken = randomBytes(16).toString("base64url");
    sessions.set(session.id, session);
    refreshTokens.set(refreshToken, session.id);
    return refreshToken;
  }

  function end(id: string | undefined): void {
    if (id === undefined) return;
    sessions.delete(id);
    for (const [token, sessionId] of refreshTokens) if (sessionId === id) refreshTokens.delete(token);
  }

  async function renew(session: Session, account: Account): Promise<SessionAnswer> {
    const refreshToken = remember(session);
    const now = Math.floor(Date.now() / 1000);
    const user = userOf(account);
    const accessToken = await new SignJWT({
      ...user.tokenClaims,
      session_id: session.id,
      iss: issuer,
      aud: "authenticated",
      sub: account.id,
      iat: now,
      exp: now + ACCESS_TOKEN_SECONDS,
    }).setProtectedHeader({ alg: "ES256", kid, typ: "JWT" }).sign(privateKey);
    return {
      access_token: accessToken,
      token_type: "bearer",
      expires_in: ACCESS_TOKEN_SECONDS,
      expires_at: now + ACCESS_TOKEN_SECONDS,
      refresh_token: refreshToken,
      user: user.answer,
    };
  }

  return {
    jwks,
    open: (account) => renew({ id: crypto.randomUUID(), userId: account.id }, account),
    takeRefreshToken(refreshToken) {
      const session = sessions.get(refreshTokens.get(refreshToken) ?? "");
      refreshTokens.delete(refreshToken);
      return session;
    },
    renew,
    async verify(accessToken) {
      try {
        const { payload } = await jwtVerify(accessToken, keys, {
          algorithms: ["ES256"],
          issuer,
          audience: "authenticated",
        });
        return { session: sessions.get(`${payload.session_id}`) };
      } catch {
        // What is wrong with it is nothing a client could use.
        return undefined;
      }
    },
    close(session, scope) {
      for (const { id, userId } of [...sessions.values()]) {
        const own = id === session.id;
        if (userId === session.userId && (scope === "global" || own === (scope === "local"))) end(id);
      }
    },
  };
}

/** A user as the Auth server returns it, and the part of it in access tokens. */
export function userOf({ id, email, createdAt, userMetadata }: Account) {
  const provider = email === undefined ? {} : { provider: "email", providers: ["email"] };
  const tokenClaims = {
    role: "authenticated",
    email: email ?? "",
    phone: "",
    aal: "aal1",
    app_metadata: provider,
    user_metadata: userMetadata,
    is_anonymous: email === undefined,
  };
  const { aal: _, ...shown } = tokenClaims;
  return {
    tokenClaims,
    answer: {
      id,
      aud: "authenticated",
      ...shown,
      identities: [],
      created_at: createdAt,
      updated_at: createdAt,
    },
  };
}
