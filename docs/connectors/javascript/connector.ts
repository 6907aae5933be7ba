// Web and Capacitor. React Native: "@powersync/react-native"; Node: "@powersync/node". Each SDK has its own version of
// these types.
import { UpdateType } from "@powersync/web";
import type {
  CommonPowerSyncDatabase,
  CrudEntry,
  PowerSyncBackendConnector,
  PowerSyncCredentials,
} from "@powersync/web";
import type { SupabaseClient } from "@supabase/supabase-js";

/** Longer than the functions wait for Supabase Auth or an identity provider. */
const TIMEOUT_MS = 15_000;

/** Postgres' classes "data exception" and "constraint violation", and row level security. */
const NEVER_ACCEPTED = /^(22|23)...$|^42501$/;

const NO_ROW = "NO_ROW";

/** Returns the signed-in user's access token, null if nobody is signed in. Throws if it cannot be renewed for now. */
export type AccessToken = () => Promise<string | null>;

/** A local change that the database will never take as it is. */
export interface RefusedChange {
  readonly entry: CrudEntry;
  /** Postgres' code. NO_ROW if the row does not exist, or this user may not change it. */
  readonly code: string;
  readonly message: string;
}

export interface ConnectorOptions {
  readonly supabase: SupabaseClient;
  /** Who syncs. Your app chooses: nobody becomes "anonymous" because a session has ended. */
  readonly user: AccessToken | "anonymous";
  /**
   * Gets the changes that were refused. Once it returns, they leave the upload queue, and the next sync undoes them
   * locally. Save them for the user or your support. If it throws, the whole transaction is tried again.
   */
  readonly onRefused: (changes: readonly RefusedChange[]) => Promise<void>;
  /** The limit for each request. */
  readonly timeoutMs?: number;
}

/** The access token of supabase-js' session. */
export function supabaseSession(supabase: SupabaseClient): AccessToken {
  return async () => {
    const { data, error } = await supabase.auth.getSession();
    if (error === null) return data.session?.access_token ?? null;
    // Supabase Auth refused to renew the session: the user has to sign in again.
    if (error.status === 400 || error.status === 403) return null;
    throw error;
  };
}

/** What the function answered instead of a token. `code` and `hint` are explained in docs/errors.md. */
export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly status: number;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  /** The word that claims.ts gave to `refusal`. */
  readonly reason: string | undefined;

  constructor(status: number, { code, message, hint, reason }: Record<string, string | undefined>) {
    super([`${code ?? status}: ${message ?? "no message"}`, hint].join(" ").trim());
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.reason = reason;
  }
}

export class SupabaseConnector implements PowerSyncBackendConnector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** `signal`: newer SDKs pass it, and abort it when they disconnect. Older ones wait for the answer. */
  async fetchCredentials(signal?: AbortSignal): Promise<PowerSyncCredentials | null> {
    const headers = await this.#authorization(signal);
    if (headers === null) return null;
    const name = this.#options.user === "anonymous" ? "powersync-auth-anonymous" : "powersync-auth";
    return await this.#limited(async (signal) => {
      const { data, error, response } = await this.#options.supabase.functions.invoke(name, {
        method: "GET",
        headers,
        signal,
      });
      if (error !== null) return await this.#noToken(error, response);
      if (typeof data?.token !== "string" || typeof data.endpoint !== "string") throw notOurs(200, data);
      return { endpoint: data.endpoint, token: data.token, expiresAt: new Date(data.expires_at) };
    }, signal);
  }

  async uploadData(database: CommonPowerSyncDatabase): Promise<void> {
    const transaction = await database.getNextCrudTransaction();
    if (transaction === null) return;
    const headers = await this.#authorization();
    if (headers === null) throw new Error("Nobody is signed in: local changes wait in the upload queue.");
    const refused: RefusedChange[] = [];
    for (const entry of transaction.crud) {
      const change = await this.#limited((signal) => this.#write(entry, headers, signal));
      if (change === undefined || change.code === NO_ROW && isDeletedIn(transaction.crud, entry)) continue;
      refused.push(change);
    }
    if (refused.length > 0) await this.#options.onRefused(refused);
    await transaction.complete();
  }

  /** Null if nobody is signed in. */
  async #authorization(signal?: AbortSignal): Promise<Record<string, string> | null> {
    const { user } = this.#options;
    if (user === "anonymous") return {};
    const token = await this.#limited(async () => await user(), signal);
    return token ? { Authorization: `Bearer ${token}` } : null;
  }

  /** Null if the user has to sign in again. Everything else is thrown, and the SDK tries again. */
  async #noToken(error: unknown, response: Response | undefined): Promise<null> {
    // No connection.
    if (response === undefined) throw error;
    const text = await response.text();
    const answer = parseObject(text);
    if (typeof answer?.message !== "string") throw notOurs(response.status, text);
    if (answer.code === "USER_TOKEN_INVALID" || answer.code === "USER_TOKEN_EXPIRED") return null;
    throw new TokenError(response.status, answer);
  }

  /** Returns the change if it is refused for good, and throws if it is to be tried again. */
  async #write(
    entry: CrudEntry,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<RefusedChange | undefined> {
    const { id, op, opData = {} } = entry;
    // An update to the same values. PostgREST would count no row.
    if (op === UpdateType.PATCH && Object.keys(opData).length === 0) return undefined;
    const table = this.#options.supabase.from(entry.table);
    const request = op === UpdateType.PUT
      ? table.upsert({ ...opData, id }, { count: "exact" })
      : op === UpdateType.PATCH
      ? table.update(opData, { count: "exact" }).eq("id", id)
      : table.delete({ count: "exact" }).eq("id", id);
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    const { error, status, count } = await request.abortSignal(signal);
    if (error === null) {
      // supabase-js takes an empty 404, for example, for a success.
      if (count === null) throw new Error("This is not PostgREST's answer. The change is tried again.");
      // Row level security hides the rows that a user may not change: Postgres then changes none.
      if (op !== UpdateType.PATCH || count !== 0) return undefined;
      return {
        entry,
        code: NO_ROW,
        message: `There is no ${entry.table} ${id} that this user may change.`,
      };
    }
    // 401: the session has ended. Whoever signs in may have the right.
    const isRefused = NEVER_ACCEPTED.test(error.code) &&
      (status !== 401 || headers.Authorization === undefined);
    if (!isRefused) throw error;
    return { entry, code: error.code, message: error.message };
  }

  /** Ends work after a time, or when `outer` aborts, including work that supabase-js does not end itself. */
  #limited<Result>(work: (signal: AbortSignal) => Promise<Result>, outer?: AbortSignal): Promise<Result> {
    const limit = new AbortController();
    const ms = this.#options.timeoutMs ?? TIMEOUT_MS;
    return new Promise<Result>((resolve, reject) => {
      const end = (reason: string) => {
        reject(new Error(reason));
        limit.abort();
      };
      const timer = setTimeout(() => end(`No answer within ${ms} ms.`), ms);
      const onDisconnect = () => end("PowerSync was disconnected.");
      if (outer?.aborted) onDisconnect();
      outer?.addEventListener("abort", onDisconnect);
      work(limit.signal).then(resolve, reject).finally(() => {
        clearTimeout(timer);
        outer?.removeEventListener("abort", onDisconnect);
      });
    });
  }
}

/** When a transaction is tried again, its rows may be deleted already. */
function isDeletedIn(entries: readonly CrudEntry[], { table, id }: CrudEntry): boolean {
  return entries.some((entry) => entry.op === UpdateType.DELETE && entry.table === table && entry.id === id);
}

function parseObject(text: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, string> : undefined;
  } catch {
    return undefined;
  }
}

/** From a proxy, a captive portal, or another function. */
function notOurs(status: number, answer: unknown): TokenError {
  const withoutToken = (name: string, value: unknown) => name === "token" ? "…" : value;
  const text = typeof answer === "string" ? answer : JSON.stringify(answer, withoutToken);
  const shown = text.slice(0, 2_000).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 200);
  return new TokenError(status, { message: `This is not the function's answer: ${shown}` });
}
