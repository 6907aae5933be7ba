/**
 * The development Auth: as much of Supabase Auth's interface as supabase-js needs to sign users up, in and out, to change
 * them and to administrate them. It keeps everything in memory and is never deployed.
 */
import { DEVELOPMENT_PUBLISHABLE_KEY, DEVELOPMENT_SECRET_KEY } from "../setup/platform.ts";
import { Accounts, type User } from "./accounts.ts";
import { administrate, type AuthParts } from "./auth-admin.ts";
import { type AuthBody, AuthError, notHere, readAuthBody } from "./auth-request.ts";
import { openSessions, type Session, type Sessions } from "./sessions.ts";

/** Endpoints of Supabase Auth that are not here: their paths, the code of a project that has them turned off, and what they are. */
const NOT_HERE: readonly [RegExp, string, string][] = [
  [
    /^\/(otp|magiclink|verify|resend|reauthenticate)$/,
    "otp_disabled",
    "one-time passwords, magic links and e-mail confirmation",
  ],
  [/^\/recover$/, "email_provider_disabled", "password reset"],
  [/^\/factors\b/, "mfa_totp_enroll_not_enabled", "MFA"],
];

/** Endpoints for users; they answer JSON, or nothing. */
const ENDPOINTS: Readonly<Record<string, (parts: AuthParts, request: Request) => Promise<unknown>>> = {
  "GET /health": () => Promise.resolve({ name: "powersync development Auth" }),
  "POST /signup": signUp,
  "POST /token": token,
  "GET /user": async (parts, request) => (await signedIn(parts, request)).user,
  "PUT /user": updateUser,
  "POST /logout": signOut,
};

/** The development Auth. */
export interface DevelopmentAuth {
  readonly jwks: Sessions["jwks"];
  /** Answers everything under `/auth/v1`. */
  handle(request: Request): Promise<Response>;
}

/**
 * Starts a development Auth without users.
 *
 * @param url Its address, `http://127.0.0.1:54321/auth/v1` for example: the issuer of its tokens.
 * @param options `now`: milliseconds since 1970.
 */
export async function startDevelopmentAuth(url: string, { now = Date.now } = {}): Promise<DevelopmentAuth> {
  const parts = { accounts: new Accounts(now), sessions: await openSessions(url, now), now };
  const { jwks } = parts.sessions;
  const base = new URL(url).pathname;
  return {
    jwks,
    async handle(request) {
      const path = new URL(request.url).pathname.slice(base.length);
      if (path === "/.well-known/jwks.json") {
        return Response.json(jwks, { headers: { "Cache-Control": "public, max-age=600" } });
      }
      const answer = await respond(parts, { path, request }).catch(errorResponse);
      const response = answer instanceof Response ? answer : Response.json(answer);
      response.headers.set("Cache-Control", "no-store");
      return response;
    },
  };
}

async function respond(parts: AuthParts, { path, request }: { path: string; request: Request }) {
  const apiKey = request.headers.get("apikey");
  if (apiKey !== DEVELOPMENT_PUBLISHABLE_KEY && apiKey !== DEVELOPMENT_SECRET_KEY) {
    // In the words of Kong, the gateway in front of a self-hosted Auth, which has no codes.
    return Response.json({ message: "Invalid authentication credentials" }, { status: 401 });
  }
  const endpoint = ENDPOINTS[`${request.method} ${path}`];
  if (endpoint !== undefined) return await endpoint(parts, request);
  const [, code, what] = NOT_HERE.find(([paths]) => paths.test(path)) ?? [];
  if (code !== undefined && what !== undefined) throw notHere(code, what);
  const [, adminPath] = /^\/admin(\/.*)$/.exec(path) ?? [];
  // The gateway replaces a secret key by the token of an administrator, unless the request has another.
  if (
    adminPath !== undefined && (apiKey !== DEVELOPMENT_SECRET_KEY || (bearerOf(request) ?? apiKey) !== apiKey)
  ) {
    throw new AuthError(403, "not_admin", "User not allowed");
  }
  const answer = adminPath === undefined
    ? undefined
    : await administrate(parts, { path: adminPath, request });
  if (answer !== undefined) return answer;
  throw new AuthError(404, "not_found", "The development Auth has no such endpoint.");
}

async function signUp({ accounts, sessions }: AuthParts, request: Request): Promise<unknown> {
  const body = await readAuthBody(request);
  const { email } = body;
  const user_metadata = body.object("data");
  if (email === undefined) return await sessions.open(accounts.add({ user_metadata, signsIn: true }));
  const password = body.text("password") && body.password;
  if (!password) throw new AuthError(400, "validation_failed", "Signup requires a valid password");
  if (accounts.findByEmail(email) !== undefined) {
    throw new AuthError(422, "user_already_exists", "User already registered");
  }
  const changes = { email, password, user_metadata, confirmsEmail: true, signsIn: true };
  return await sessions.open(accounts.add(changes));
}

async function token(parts: AuthParts, request: Request): Promise<unknown> {
  const body = await readAuthBody(request);
  const grant = new URL(request.url).searchParams.get("grant_type");
  if (grant === "password") return await signIn(parts, body);
  if (grant !== "refresh_token") throw new AuthError(400, "invalid_credentials", "unsupported_grant_type");
  const session = parts.sessions.refresh(body.text("refresh_token") ?? "");
  const user = parts.accounts.find(session.userId);
  if (user === undefined) throw new Error("A session has no user.");
  refuseBanned(parts, user, 400);
  return await parts.sessions.answer(session, user);
}

async function signIn(parts: AuthParts, body: AuthBody): Promise<unknown> {
  const { accounts, sessions } = parts;
  const { email } = body;
  if (email === undefined) throw new AuthError(400, "validation_failed", "missing email or phone");
  const user = accounts.findByEmail(email);
  if (user !== undefined) refuseBanned(parts, user, 400);
  if (user === undefined || !accounts.hasPassword(user, body.text("password") ?? "")) {
    throw new AuthError(400, "invalid_credentials", "Invalid login credentials");
  }
  if (user.email_confirmed_at === undefined) {
    throw new AuthError(400, "email_not_confirmed", "Email not confirmed");
  }
  return await sessions.open(accounts.update(user, { signsIn: true }));
}

async function updateUser(parts: AuthParts, request: Request): Promise<User> {
  const { accounts, sessions } = parts;
  const body = await readAuthBody(request);
  const { user, session } = await signedIn(parts, request);
  const { email, password } = body;
  if (body.object("app_metadata") !== undefined) {
    throw new AuthError(403, "not_admin", "Updating app_metadata requires admin privileges");
  }
  if (password !== undefined && user.email === "" && email === undefined) {
    throw new AuthError(422, "validation_failed", "An anonymous user needs an email for a password");
  }
  if (password !== undefined && accounts.hasPassword(user, password)) {
    throw new AuthError(422, "same_password", "New password should be different from the old password.");
  }
  const user_metadata = body.object("data");
  const changes = { email, password, user_metadata, confirmsEmail: email !== undefined };
  const updated = accounts.update(user, changes);
  if (password !== undefined) sessions.close(user.id, { except: session.id });
  return updated;
}

async function signOut(parts: AuthParts, request: Request): Promise<Response> {
  const { session } = await signedIn(parts, request);
  const { id, userId } = session;
  const scope = new URL(request.url).searchParams.get("scope") ?? "global";
  if (scope === "global") parts.sessions.close(userId);
  else if (scope === "local") parts.sessions.close(userId, { only: id });
  else if (scope === "others") parts.sessions.close(userId, { except: id });
  else throw new AuthError(400, "validation_failed", "Unsupported logout scope");
  return new Response(null, { status: 204 });
}

async function signedIn(parts: AuthParts, request: Request): Promise<{ session: Session; user: User }> {
  const bearer = bearerOf(request);
  if (bearer === undefined) {
    throw new AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token");
  }
  const { userId, session } = await parts.sessions.verify(bearer);
  const user = parts.accounts.find(userId);
  if (user === undefined) {
    throw new AuthError(403, "user_not_found", "User from sub claim in JWT does not exist");
  }
  if (session === undefined) {
    throw new AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist");
  }
  refuseBanned(parts, user, 403);
  return { session, user };
}

function refuseBanned({ now }: AuthParts, { banned_until = "" }: User, status: 400 | 403): void {
  if (Date.parse(banned_until) > now()) throw new AuthError(status, "user_banned", "User is banned");
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
}

function errorResponse(error: unknown): Response {
  if (!(error instanceof AuthError)) throw error;
  const { status, code, message, details } = error;
  const headers = { "x-sb-error-code": code };
  return Response.json({ code: status, error_code: code, msg: message, ...details }, { status, headers });
}
