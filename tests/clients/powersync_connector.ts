import type {
  CommonPowerSyncDatabase,
  PowerSyncBackendConnector,
  PowerSyncCredentials,
} from "npm:@powersync/common@2.3.0";
import { FunctionsHttpError, type SupabaseClient } from "@supabase/supabase-js";

/** Longer than the functions' own time-out for their neighbours. */
const TIMEOUT_MS = 15_000;

export interface ConnectorOptions {
  /** Whether callers who have not signed in sync as well, with a token of powersync-auth-anonymous. */
  anonymous: boolean;
  /** Your way of writing local changes to your backend. */
  upload: (database: CommonPowerSyncDatabase) => Promise<void>;
}

export class SupabaseConnector implements PowerSyncBackendConnector {
  constructor(private readonly supabase: SupabaseClient, private readonly options: ConnectorOptions) {}

  async fetchCredentials(): Promise<PowerSyncCredentials | null> {
    const { data: { session }, error: sessionError } = await this.supabase.auth.getSession();
    // The session could not be renewed: that makes nobody anonymous. PowerSync tries again.
    if (sessionError !== null) throw sessionError;
    if (session === null && !this.options.anonymous) return null;
    const name = session === null ? "powersync-auth-anonymous" : "powersync-auth";
    const { data, error } = await this.supabase.functions.invoke(name, { timeout: TIMEOUT_MS });
    if (error === null) {
      return { endpoint: data.endpoint, token: data.token, expiresAt: new Date(data.expires_at) };
    }
    // No connection, a time-out: PowerSync tries again after some seconds.
    if (!(error instanceof FunctionsHttpError)) throw error;
    const response: Response = error.context;
    // The session is no longer good: not signed in, until your app signs in again.
    if (response.status === 401) {
      await response.body?.cancel();
      return null;
    }
    // 503: PowerSync tries again. 403 and 500: the text says what to do; show it to the developer. What is no JSON
    // comes from something between, a proxy for example.
    const { code = response.status, message = "", hint = "" } = await response.json().catch(() => ({}));
    throw new Error(`${code}: ${message} ${hint}`);
  }

  uploadData(database: CommonPowerSyncDatabase): Promise<void> {
    return this.options.upload(database);
  }
}
