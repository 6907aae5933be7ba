import type { SupabaseClient } from "@supabase/supabase-js";
import { PowerSyncAuthError } from "./errors.ts";
import { once, oneInFlight } from "./once.ts";
import { isJsonObject } from "./secret.ts";
import { fetchUpstream, type UpstreamOptions } from "./upstream.ts";

/** Open questions of one isolate. Hosted isolates have 256 MB; a flood of forged tokens must not fill them. */
const MAX_QUESTIONS = 64;
/** Those of them that are about key IDs which the Auth server has not confirmed: anybody can invent key IDs. */
const MAX_UNCONFIRMED = 16;
/** Longer than an answer takes: a few API keys that are refused at once, and the time limit of an upstream. */
const MAX_ANSWER_MS = 15_000;
/** Confirmed key IDs to remember. A rotation adds one. */
const MAX_CONFIRMED_KIDS = 16;

interface AuthServerOptions extends UpstreamOptions {
  readonly supabaseUrl: string;
  readonly apiKeys: () => readonly string[];
}

type Answer = { readonly id: string } | Refusal;
type Refusal = "auth-session-ended" | "auth-user-deleted" | "auth-user-banned" | "auth-refused";

/** Auth's own codes for what became of a session or user; its other codes refuse the token itself. */
const REFUSALS = new Map<string, Refusal>([
  ["session_not_found", "auth-session-ended"],
  ["session_expired", "auth-session-ended"],
  ["user_not_found", "auth-user-deleted"],
  ["user_banned", "auth-user-banned"],
]);

export type AuthServer = ReturnType<typeof authServer>;

/**
 * The project's Auth server. It knows what a token alone does not tell: that its user signed out or was deleted.
 * Questions are bounded in number and time, and equal ones are shared.
 *
 * @returns A function that asks whose a token is, or why it is refused; `unknownKid` is its key ID where no published key
 * has it. It throws `AUTH_SERVER_UNAVAILABLE`, `AUTH_SERVER_LIMIT_REACHED`, `USER_TOKEN_TOO_LARGE`, and
 * `SUPABASE_PUBLISHABLE_KEYS_INVALID` when the gateway refuses all of our own API keys.
 */
export function authServer(options: AuthServerOptions) {
  const ask = userLookup(options);
  const waiting = { limitMs: MAX_ANSWER_MS, now: options.now };
  /** Questions without an answer yet, by token. */
  const open = new Map<string, { newKid: string | undefined; askedAt: number; ask: () => Promise<Answer> }>();
  const confirmed = new Set<string>();

  function newQuestion(token: string, unknownKid: string | undefined) {
    const newKid = unknownKid !== undefined && confirmed.has(unknownKid) ? undefined : unknownKid;
    const unconfirmed = [...open.values()].filter((question) => question.newKid !== undefined).length;
    if (open.size >= MAX_QUESTIONS || (newKid !== undefined && unconfirmed >= MAX_UNCONFIRMED)) {
      throw new PowerSyncAuthError("AUTH_SERVER_LIMIT_REACHED", { retryAfterSeconds: 1 });
    }
    const question = { newKid, askedAt: options.now(), ask: oneInFlight(() => ask(token), waiting) };
    open.set(token, question);
    return question;
  }

  return async (
    { token, unknownKid }: { token: string; unknownKid?: string | undefined },
  ): Promise<Answer> => {
    for (const [other, { askedAt }] of open) {
      // An answer that is lost must not keep its place.
      if (Math.abs(options.now() - askedAt) >= MAX_ANSWER_MS) open.delete(other);
    }
    // PowerSync's JS SDK asks twice for each renewal.
    const question = open.get(token) ?? newQuestion(token, unknownKid);
    try {
      const answer = await question.ask();
      if (question.newKid !== undefined && typeof answer !== "string") {
        confirmed.add(question.newKid);
        const [oldest = ""] = confirmed;
        if (confirmed.size > MAX_CONFIRMED_KIDS) confirmed.delete(oldest);
      }
      return answer;
    } finally {
      if (open.get(token) === question) open.delete(token);
    }
  };
}

/** Asks with supabase-js, which is loaded for the first question; its clients have neither storage nor timers. */
function userLookup(
  { supabaseUrl, apiKeys, now, limits }: AuthServerOptions,
): (token: string) => Promise<Answer> {
  const connect = once(async (): Promise<SupabaseClient[]> => {
    const { createClient } = await import("@supabase/supabase-js");
    return apiKeys().map((apiKey) =>
      createClient(supabaseUrl, apiKey, {
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
        // Never to another place than the one that was asked: the token goes along.
        global: { fetch: (input, init) => fetchUpstream(input, { ...init, redirect: "manual" }, limits) },
      })
    );
  });
  return async (token) => {
    const clients = await connect();
    // Of several publishable keys one may have been revoked: the one that serves comes first from then on.
    for (const client of [...clients]) {
      const answer = await answerOf(client, { token, now });
      if (answer !== undefined) return answer;
      clients.push(...clients.splice(clients.indexOf(client), 1));
    }
    throw new PowerSyncAuthError("SUPABASE_PUBLISHABLE_KEYS_INVALID", {
      message: "The gateway in front of Supabase Auth refused the API key of the function.",
      hint: "Check that the project's publishable key is active; legacy keys may be disabled.",
    });
  };
}

/**
 * Only Auth's own code in the body refuses a token: a gateway's 401 means our API key, and the answer is `undefined`.
 * Never decide by the text of an error, which repeats the caller's key ID.
 */
async function answerOf(
  client: SupabaseClient,
  { token, now }: { token: string; now: () => number },
): Promise<Answer | undefined> {
  const { data, error } = await client.auth.getUser(token).catch(unavailable);
  if (error === null) return userOf(data.user, now());
  const { name, code = "", status = 0 } = error;
  if (name === "AuthSessionMissingError") return "auth-session-ended";
  if (status === 413 || status === 431) {
    throw new PowerSyncAuthError("USER_TOKEN_TOO_LARGE", { cause: error, why: { reason: "too-long" } });
  }
  // Auth writes its codes in lower case, gateways in upper case or not at all.
  if (/^[a-z_]+$/.test(code) && [400, 401, 403, 404].includes(status)) {
    return REFUSALS.get(code) ?? "auth-refused";
  }
  return status === 401 || status === 403 ? undefined : unavailable(error);
}

/** supabase-js passes on whatever JSON comes with a 2xx; only an ID tells whose token it is. */
function userOf(user: unknown, now: number): Answer {
  if (!isJsonObject(user) || typeof user.id !== "string") return unavailable(undefined);
  // Auth before 2.195 answers for a banned user too. What is not a time counts as a ban.
  const banned = user.banned_until ?? undefined;
  const isBanned = banned !== undefined && !(typeof banned === "string" && Date.parse(banned) <= now);
  return isBanned ? "auth-user-banned" : { id: user.id };
}

function unavailable(cause: unknown): never {
  const { status, code } = isJsonObject(cause) ? cause : {};
  const why = { reason: "auth-answer", found: { status, code } };
  throw new PowerSyncAuthError("AUTH_SERVER_UNAVAILABLE", { cause, why });
}
