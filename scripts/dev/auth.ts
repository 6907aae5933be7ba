/**
 * The development Auth: as much of Supabase Auth's interface as supabase-js needs to sign users up, in and out, to change
 * them and to administrate them. It keeps everything in memory and is never deployed.
 */
import { DEVELOPMENT_PUBLISHABLE_KEY, DEVELOPMENT_SECRET_KEY } from "../setup/platform.ts";
import { Accounts, type User } from "./accounts.ts";
import { administrate, type AuthParts } from "./auth-admin.ts";
import { type AuthBody, AuthError, readAuthBody } from "./auth-request.ts";
import { openSessions, type Session } from "./sessions.ts";

/** Endpoints for users; they answer JSON or a response. */
const ENDPOINTS: Readonly<Record<string, (parts: AuthParts, request: Request) => Promise<unknown>>> = {
  "GET /health": () => Promise.resolve({ name: "powersync development Auth" }),
  "POST /signup": signUp,
  "POST /token": token,
  "GET /user": async (parts, request) => (await signedIn(parts, request)).user,
  "PUT /user": updateUser,
  "POST /logout": signOut,
};

/** Supabase Auth's endpoints that are not here. */
const NOT_HERE = [
  [/^\/(otp|magiclink|verify|resend|reauthenticate)$/, "otp_disabled"],
  [/^\/recover$/, "email_provider_disabled"],
  [/^\/factors\b/, "mfa_totp_enroll_not_enabled"],
] as const;

/** The development Auth. */
export type DevelopmentAuth = Awaited<ReturnType<typeof startDevelopmentAuth>>;

/**
 * Starts a development Auth without users.
 *
 * @param url Its address, `http://127.0.0.1:54321/auth/v1` for example: the issuer of its tokens.
 * @param options `now`: milliseconds since 1970.
 */
export async function startDevelopmentAuth(url: string, { now = Date.now } = {}) {
  const parts = { accounts: new Accounts(now), sessions: await openSessions(url, now) };
  const { jwks } = parts.sessions;
  const base = new URL(url).pathname;
  return {
    jwks,
    /** Answers everything under `/auth/v1`. */
    async handle(request: Request): Promise<Response> {
      const path = new URL(request.url).pathname.slice(base.length);
      if (path === "/.well-known/jwks.json") {
        return Response.json(jwks, { headers: { "Cache-Control": "public, max-age=600" } });
      }
      const answer = await respond(parts, { path, request }).catch(toResponse);
      const response = answer instanceof Response ? answer : Response.json(answer);
      response.headers.set("Cache-Control", "no-store");
      return response;
    },
  };
}

async function respond(parts: AuthParts, asked: { path: string; request: Request }): Promise<unknown> {
  const { path, request } = asked;
  const apiKey = request.headers.get("apikey");
  if (apiKey !== DEVELOPMENT_PUBLISHABLE_KEY && apiKey !== DEVELOPMENT_SECRET_KEY) {
    // In the words of Kong, the gateway in front of a self-hosted Auth, which has no codes.
    return Response.json({ message: "Invalid authentication credentials" }, { status: 401 });
  }
  const endpoint = ENDPOINTS[`${request.method} ${path}`];
  if (endpoint !== undefined) return await endpoint(parts, request);
  const [, code] = NOT_HERE.find(([paths]) => paths.test(path)) ?? [];
  if (code !== undefined) throw new AuthError(code);
  if (!path.startsWith("/admin/")) throw new AuthError("not_found");
  // The gateway replaces a secret key by an administrator's token, unless the request has another token.
  const isAdmin = apiKey === DEVELOPMENT_SECRET_KEY && (bearerOf(request) ?? apiKey) === apiKey;
  if (isAdmin) return await administrate(parts, asked);
  throw new AuthError("not_admin");
}

async function signUp({ accounts, sessions }: AuthParts, request: Request): Promise<unknown> {
  const body = await readAuthBody(request);
  const user_metadata = body.object("data");
  if (body.text("email") && !body.text("password")) {
    throw new AuthError("validation_failed", "Signup requires a valid password");
  }
  const { email, password } = body.credentials();
  if (email === undefined) return await sessions.open(accounts.add({ user_metadata, signsIn: true }));
  if (accounts.findByEmail(email) !== undefined) throw new AuthError("user_already_exists");
  const changes = { email, password, user_metadata, confirmsEmail: true, signsIn: true };
  return await sessions.open(accounts.add(changes));
}

async function token(parts: AuthParts, request: Request): Promise<unknown> {
  const body = await readAuthBody(request);
  const grant = new URL(request.url).searchParams.get("grant_type");
  if (grant === "password") return await signIn(parts, body);
  if (grant !== "refresh_token") throw new AuthError("invalid_credentials", "unsupported_grant_type");
  const session = parts.sessions.refresh(body.text("refresh_token") ?? "");
  const user = parts.accounts.find(session.userId);
  if (user === undefined) throw new Error("A session has no user.");
  refuseBanned(parts, user, 400);
  return await parts.sessions.answer(session, user);
}

async function signIn(parts: AuthParts, body: AuthBody): Promise<unknown> {
  const { accounts, sessions } = parts;
  if (body.text("phone")) throw new AuthError("phone_provider_disabled");
  const email = body.text("email");
  if (!email) throw new AuthError("validation_failed", "missing email or phone");
  const user = accounts.findByEmail(email);
  if (user === undefined) throw new AuthError("invalid_credentials");
  refuseBanned(parts, user, 400);
  if (!accounts.hasPassword(user, body.text("password") ?? "")) throw new AuthError("invalid_credentials");
  if (user.email_confirmed_at === undefined) throw new AuthError("email_not_confirmed");
  return await sessions.open(accounts.update(user, { signsIn: true }));
}

async function updateUser(parts: AuthParts, request: Request): Promise<User> {
  const { accounts, sessions } = parts;
  const body = await readAuthBody(request);
  const { user, session } = await signedIn(parts, request);
  const { email, password } = body.credentials();
  if (body.object("app_metadata") !== undefined) {
    throw new AuthError("not_admin", "Updating app_metadata requires admin privileges");
  }
  if (password !== undefined && (email ?? user.email) === "") {
    throw new AuthError("validation_failed", "A password needs an email address", 422);
  }
  if (password !== undefined && accounts.hasPassword(user, password)) throw new AuthError("same_password");
  const user_metadata = body.object("data");
  const changes = { email, password, user_metadata, confirmsEmail: email !== undefined };
  const updated = accounts.update(user, changes);
  if (password !== undefined) sessions.close(user.id, { except: session.id });
  return updated;
}

async function signOut(parts: AuthParts, request: Request): Promise<Response> {
  const { user, session: { id } } = await signedIn(parts, request);
  const scope = new URL(request.url).searchParams.get("scope") ?? "global";
  if (scope === "global") parts.sessions.close(user.id);
  else if (scope === "local") parts.sessions.close(user.id, { only: id });
  else if (scope === "others") parts.sessions.close(user.id, { except: id });
  else throw new AuthError("validation_failed", "Unsupported logout scope");
  return new Response(null, { status: 204 });
}

async function signedIn(parts: AuthParts, request: Request): Promise<{ session: Session; user: User }> {
  const bearer = bearerOf(request);
  if (bearer === undefined) throw new AuthError("no_authorization");
  const { userId, session } = await parts.sessions.verify(bearer);
  const user = parts.accounts.find(userId);
  if (user === undefined) throw new AuthError("user_not_found");
  if (session === undefined) throw new AuthError("session_not_found");
  refuseBanned(parts, user, 403);
  return { session, user };
}

function refuseBanned({ accounts }: AuthParts, { banned_until = "" }: User, status: 400 | 403): void {
  if (Date.parse(banned_until) > accounts.now()) throw new AuthError("user_banned", undefined, status);
}

/** A refusal in the form that supabase-js reads. */
function toResponse(error: unknown): Response {
  if (!(error instanceof AuthError)) throw error;
  const { status, code, message } = error;
  const reasons = code === "weak_password" ? { weak_password: { reasons: ["length"] } } : {};
  const body = { code: status, error_code: code, msg: message, ...reasons };
  return Response.json(body, { status, headers: { "x-sb-error-code": code } });
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
}
