import type { Accounts, Changes } from "./accounts.ts";
import { type AuthBody, AuthError, readAuthBody } from "./auth-request.ts";
import type { Sessions } from "./sessions.ts";

/** What an administrator may set here; another name is refused, so that nothing is ignored silently. */
const KNOWN = ["email", "password", "email_confirm", "role", "app_metadata", "user_metadata", "ban_duration"];

/** What the endpoints work on. */
export interface AuthParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
}

/** Answers an administrator, who has the secret key, with JSON or a response: `supabase.auth.admin` for users. */
export async function administrate(
  { accounts, sessions }: AuthParts,
  { path, request }: { path: string; request: Request },
): Promise<unknown> {
  const [{ method }, now] = [request, accounts.now()];
  if (path === "/admin/users" && method === "GET") return listUsers(accounts, new URL(request.url));
  const body = method === "GET" ? undefined : await readAuthBody(request);
  if (path === "/admin/users" && method === "POST" && body !== undefined) {
    const changes = changesOf(body, now);
    if (changes.email !== undefined) return accounts.add(changes);
    throw new AuthError("validation_failed", "Cannot create a user without an email");
  }
  const [, id] = /^\/admin\/users\/([^/]+)$/.exec(path) ?? [];
  if (id === undefined || method === "POST") throw new AuthError("not_found");
  const user = accounts.find(id);
  if (user === undefined) throw new AuthError("user_not_found", "User not found", 404);
  if (body === undefined) return user;
  if (method === "PUT") {
    const changes = changesOf(body, now);
    const updated = accounts.update(user, changes);
    if (changes.password !== undefined) sessions.close(id);
    return updated;
  }
  if (body.flag("should_soft_delete")) {
    throw new AuthError("validation_failed", "The development Auth has no soft deletion.");
  }
  accounts.remove(user);
  sessions.close(id);
  return {};
}

function changesOf(body: AuthBody, now: number): Changes {
  const changes = {
    ...body.credentials(),
    confirmsEmail: body.flag("email_confirm"),
    role: body.text("role"),
    app_metadata: body.object("app_metadata"),
    user_metadata: body.object("user_metadata"),
    banned_until: bannedUntil(body.text("ban_duration"), now),
  };
  const unknown = Object.keys(body.members).find((name) => !KNOWN.includes(name));
  if (unknown === undefined) return changes;
  throw new AuthError("validation_failed", `The development Auth does not support ${unknown}.`);
}

function bannedUntil(duration: string | undefined, now: number): string | undefined {
  if (duration === undefined || duration === "none") return duration && "";
  const [whole, h, m, s] = /^(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?$/.exec(duration) ?? [];
  if (!whole) throw new AuthError("validation_failed", "invalid format for ban duration: use 1h30m or none");
  const seconds = (Number(h ?? 0) * 60 + Number(m ?? 0)) * 60 + Number(s ?? 0);
  return new Date(now + seconds * 1000).toISOString();
}

function listUsers({ all }: Accounts, { pathname, searchParams }: URL): Response {
  const page = Number(searchParams.get("page") || 1);
  const perPage = Number(searchParams.get("per_page") || 50);
  if (!(page >= 1 && perPage >= 1)) throw new AuthError("validation_failed", "Bad Pagination Parameters");
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const link = (to: number, rel: string) => `<${pathname}?page=${to}&per_page=${perPage}>; rel="${rel}"`;
  const links = [...(page < last ? [link(page + 1, "next")] : []), link(last, "last")];
  const users = all.slice((page - 1) * perPage, page * perPage);
  const headers = { "X-Total-Count": `${all.length}`, "Link": links.join(", ") };
  return Response.json({ users, aud: "authenticated" }, { headers });
}
