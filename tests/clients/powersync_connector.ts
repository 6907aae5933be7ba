import type {
  CommonPowerSyncDatabase,
  PowerSyncBackendConnector,
  PowerSyncCredentials,
} from "npm:@powersync/common@2.3.0";
import { FunctionsHttpError, type SupabaseClient } from "@supabase/supabase-js";

/** Longer than the functions wait for Supabase Auth or an identity provider. */
const TIMEOUT_MS = 15_000;

export interface ConnectorOptions {
  /** Whether users who have not signed in sync as well, with a token of powersync-auth-anonymous. */
  anonymous: boolean;
  /** Writes local changes to your backend. */
  upload: (database: CommonPowerSyncDatabase) => Promise<void>;
}

export class SupabaseConnector implements PowerSyncBackendConnector {
  constructor(private readonly supabase: SupabaseClient, private readonly options: ConnectorOptions) {}

  async fetchCredentials(): Promise<PowerSyncCredentials | null> {
    const { data: { session }, error: sessionError } = await this.supabase.auth.getSession();
    // The session could not be refreshed, but the user did not sign out: PowerSync tries again.
    if (sessionError !== null) throw sessionError;
    if (session === null && !this.options.anonymous) return null;
    const name = session === null ? "powersync-auth-anonymous" : "powersync-auth";
    const { data, error } = await this.supabase.functions.invoke(name, { timeout: TIMEOUT_MS });
    if (error !== null) return await notSignedIn(error);
    return { endpoint: data.endpoint, token: data.token, expiresAt: new Date(data.expires_at) };
  }

  uploadData(database: CommonPowerSyncDatabase): Promise<void> {
    return this.options.upload(database);
  }
}

/** 401 means that the user must sign in again. Every other error is thrown, and PowerSync tries again. */
async function notSignedIn(error: unknown): Promise<null> {
  // No connection, or a timeout.
  if (!(error instanceof FunctionsHttpError)) throw error;
  const response: Response = error.context;
  if (response.status === 401) {
    await response.body?.cancel();
    return null;
  }
  // 403 and 500 need a developer: show them code, message and hint. A proxy's answer may not be JSON.
  const { code = response.status, message = "", hint = "" } = await response.json().catch(() => ({}));
  throw new Error(`${code}: ${message} ${hint}`);
}
