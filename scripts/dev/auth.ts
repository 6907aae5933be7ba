/**
 * The development Auth: as much of Supabase Auth's interface as supabase-js needs to sign users up, in and out. It keeps
 * everything in memory and is never deployed.
 */
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { type Account, Accounts } from "./accounts.ts";
import { readBody } from "./read-body.ts";
import { openSessions, type Session, type Sessions, userOf } from "./sessions.ts";

/** Longest body that is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
/** Supabase's own default. */
const MIN_PASSWORD_CHARACTERS = 6;
const MAX_PASSWORD_CHARACTERS = 72;
const MAX_EMAIL_CHARACTERS = 255;

/** A refusal, in the form that supabase-js reads. */
class AuthError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

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
 */
export async function startDevelopmentAuth(url: string): Promise<DevelopmentAuth> {
  const accounts = new Accounts();
  const sessions = await openSessions(url);
  const base = new URL(url).pathname;
  const routes: Record<string, (request: Request) => Promise<Response>> = {
    "GET /.well-known/jwks.json": () => Promise.resolve(json(sessions.jwks)),
    "GET /health": () => Promise.resolve(json({ name: "powersync development Auth" })),
    "POST /signup": async (request) => json(await sessions.open(await signUp(accounts, request))),
    "POST /token": async (request) => json(await token({ accounts, sessions }, request)),
    "GET /user": async (request) =>
      json(userOf((await signedIn({ accounts, sessions }, request)).account).answer),
    "POST /logout": async (request) => {
      const { session } = await signedIn({ accounts, sessions }, request);
      sessions.close(session, scopeOf(request));
      return new Response(null, { status: 204, headers: headers() });
    },
  };
  return {
    jwks: sessions.jwks,
    async handle(request) {
      if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: headers() });
      const route = routes[`${request.method} ${new URL(request.url).pathname.slice(base.length)}`];
      try {
        if (route === undefined) {
          throw new AuthError(404, "not_found", "The development Auth has no such endpoint.");
        }
        return await route(request);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        const { status, code, message } = error;
        return json({ code: status, error_code: code, msg: message }, status);
      }
    },
  };
}

async function signUp(accounts: Accounts, request: Request): Promise<Account> {
  const body = await readJson(request);
  const userMetadata = isJsonObject(body.data) ? body.data : {};
  if (body.email === undefined && body.phone === undefined) {
    return accounts.addAnonymous(userMetadata) ?? tooMany();
  }
  const { email, password } = credentials(body);
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > MAX_EMAIL_CHARACTERS) {
    throw new AuthError(400, "email_address_invalid", "The e-mail address is not valid.");
  }
  if (password.length < MIN_PASSWORD_CHARACTERS || password.length > MAX_PASSWORD_CHARACTERS) {
    throw new AuthError(422, "weak_password", `Passwords have ${MIN_PASSWORD_CHARACTERS} to 72 characters.`);
  }
  const account = await accounts.addWithPassword({ email, password, userMetadata });
  if (account !== undefined) return account;
  throw new AuthError(422, "user_already_exists", "User already registered");
}

async function token({ accounts, sessions }: { accounts: Accounts; sessions: Sessions }, request: Request) {
  const body = await readJson(request);
  switch (new URL(request.url).searchParams.get("grant_type")) {
    case "password": {
      const account = await accounts.findByPassword(credentials(body));
      if (account === undefined) throw new AuthError(400, "invalid_credentials", "Invalid login credentials");
      return await sessions.open(account);
    }
    case "refresh_token": {
      const session = sessions.takeRefreshToken(`${body.refresh_token}`);
      const account = accounts.find(session?.userId ?? "");
      if (session !== undefined && account !== undefined) return await sessions.renew(session, account);
      throw new AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
    }
    default:
      throw new AuthError(
        400,
        "validation_failed",
        "The development Auth supports password and refresh_token.",
      );
  }
}

async function signedIn(
  { accounts, sessions }: { accounts: Accounts; sessions: Sessions },
  request: Request,
): Promise<{ session: Session; account: Account }> {
  const [, bearer = ""] = /^Bearer (\S+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  if (bearer === "") throw new AuthError(401, "no_authorization", "This endpoint requires a Bearer token");
  const verified = await sessions.verify(bearer);
  if (verified === undefined) {
    throw new AuthError(403, "bad_jwt", "The access token is expired, or from another Auth server.");
  }
  const { session } = verified;
  const account = accounts.find(session?.userId ?? "");
  if (session !== undefined && account !== undefined) return { session, account };
  throw new AuthError(403, "session_not_found", "The session of this access token has ended.");
}

function credentials(body: Record<string, unknown>): { email: string; password: string } {
  const { email, password } = body;
  if (typeof email === "string" && typeof password === "string") return { email, password };
  throw new AuthError(
    400,
    "validation_failed",
    "The development Auth needs an e-mail address and a password.",
  );
}

function scopeOf(request: Request): "global" | "local" | "others" {
  const scope = new URL(request.url).searchParams.get("scope") ?? "global";
  if (scope === "global" || scope === "local" || scope === "others") return scope;
  throw new AuthError(400, "validation_failed", "The scope must be global, local or others.");
}

async function readJson(request: Request): Promise<Record<string, unknown>> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === undefined) throw new AuthError(413, "validation_failed", "The body is too large.");
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isJsonObject(body)) return body;
  } catch {
    // Answered below, as any other body that is not an object.
  }
  throw new AuthError(400, "bad_json", "The body is not a JSON object.");
}

function tooMany(): never {
  throw new AuthError(429, "over_request_rate_limit", "The development Auth has too many users: restart it.");
}

function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: { ...headers(), "Cache-Control": "no-store" } });
}

/** supabase-js sends its Auth interface's version too, which the functions' own list need not allow. */
function headers(): Record<string, string> {
  return {
    ...CORS_HEADERS,
    "Access-Control-Allow-Headers": `${CORS_HEADERS["Access-Control-Allow-Headers"]}, x-supabase-api-version`,
  };
}
