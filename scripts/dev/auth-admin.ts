import type { Accounts, Changes } from "./accounts.ts";
import { type AuthBody, AuthError, readAuthBody } from "./auth-request.ts";
import type { Sessions } from "./sessions.ts";

/** What an administrator may set here; another name is refused, so that nothing is ignored silently. */
const KNOWN = ["email", "password", "email_confirm", "role", "app_metadata", "user_metadata", "ban_duration"];

/** Supabase's own default. */
const USERS_PER_PAGE = "50";

/** A duration as Go writes it: its units in hours, and about the longest one. */
const UNIT_HOURS: Readonly<Record<string, number>> = { h: 1, m: 1 / 60, s: 1 / 3_600 };
const MAX_BAN_HOURS = 290 * 365 * 24;

/** What the endpoints work on. */
export interface AuthParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Answers a request with the secret key: what `supabase.auth.admin` does with users.
 *
 * @param path What follows `/admin`.
 * @returns JSON or a response; `undefined` when there is no such endpoint.
 */
export async function administrate(
  { accounts, sessions, now }: AuthParts,
  { path, request }: { path: string; request: Request },
): Promise<unknown> {
  const { method } = request;
  if (path === "/users" && method === "GET") return listUsers(accounts, new URL(request.url));
  if (path === "/users" && method === "POST") {
    const changes = changesOf(await readAuthBody(request), now());
    if (changes.email !== undefined) return accounts.add(changes);
    throw new AuthError(400, "validation_failed", "Cannot create a user without an email");
  }
  const [, id] = /^\/users\/([^/]+)$/.exec(path) ?? [];
  if (id === undefined || !["GET", "PUT", "DELETE"].includes(method)) return undefined;
  const body = method === "GET" ? undefined : await readAuthBody(request);
  const user = accounts.find(id);
  if (user === undefined) throw new AuthError(404, "user_not_found", "User not found");
  if (body === undefined) return user;
  if (method === "PUT") {
    const changes = changesOf(body, now());
    const updated = accounts.update(user, changes);
    if (changes.password !== undefined) sessions.close(id);
    return updated;
  }
  if (body.flag("should_soft_delete")) {
    throw new AuthError(400, "validation_failed", "The development Auth has no soft deletion.");
  }
  accounts.remove(user);
  sessions.close(id);
  return {};
}

function changesOf(body: AuthBody, now: number): Changes {
  const { email, password } = body;
  const unknown = body.names.find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    throw new AuthError(400, "validation_failed", `The development Auth does not support ${unknown}.`);
  }
  return {
    email,
    password,
    confirmsEmail: body.flag("email_confirm"),
    role: body.text("role"),
    app_metadata: body.object("app_metadata"),
    user_metadata: body.object("user_metadata"),
    banned_until: bannedUntil(body.text("ban_duration"), now),
  };
}

function bannedUntil(duration: string | undefined, now: number): string | undefined {
  if (duration === undefined) return undefined;
  if (duration === "none") return "";
  const parts = /^(?:\d+(?:\.\d+)?[hms])+$/.test(duration) ? duration.match(/[\d.]+[hms]/g) ?? [] : ["NaN"];
  const hours = parts.reduce((sum, part) => sum + parseFloat(part) * (UNIT_HOURS[part.slice(-1)] ?? NaN), 0);
  if (hours <= MAX_BAN_HOURS) return new Date(now + hours * 3_600_000).toISOString();
  throw new AuthError(400, "validation_failed", "invalid format for ban duration: use 24h, 1h30m or none");
}

function listUsers(accounts: Accounts, { pathname, searchParams }: URL): Response {
  const [page, perPage] = [searchParams.get("page") || "1", searchParams.get("per_page") || USERS_PER_PAGE]
    .map((text) => /^[1-9]\d{0,5}$/.test(text) ? Number(text) : NaN);
  if (!page || !perPage) throw new AuthError(400, "validation_failed", "Bad Pagination Parameters");
  const { all } = accounts;
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const links = [...(page < last ? [[page + 1, "next"]] : []), [last, "last"]].map(([to, rel]) =>
    `<${pathname}?page=${to}&per_page=${perPage}>; rel="${rel}"`
  );
  return Response.json(
    { users: all.slice((page - 1) * perPage, page * perPage), aud: "authenticated" },
    { headers: { "X-Total-Count": `${all.length}`, "Link": links.join(", ") } },
  );
}
