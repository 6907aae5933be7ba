import { column, PowerSyncDatabase, Schema, Table } from "@powersync/web";
import { createClient } from "@supabase/supabase-js";
import { type RefusedChange, SupabaseConnector, supabaseSession } from "./connector";
import { followUser } from "./follow-user";
import { limitedFetch } from "./limited-fetch";

const supabase = createClient("https://<project ref>.supabase.co", "<publishable key>", {
  global: { fetch: limitedFetch },
});
const database = new PowerSyncDatabase({
  schema: new Schema({
    notes: new Table({ body: column.text }),
    // Stays on this device.
    refused_changes: new Table({ change: column.text, message: column.text }, { localOnly: true }),
  }),
  database: { dbFilename: "app.db" },
});

async function onRefused(changes: readonly RefusedChange[]): Promise<void> {
  for (const { entry, message } of changes) {
    await database.execute(
      "INSERT INTO refused_changes (id, change, message) VALUES (uuid(), ?, ?)",
      [JSON.stringify(entry.toJSON()), message],
    );
  }
}

const signedIn = new SupabaseConnector({ supabase, onRefused, user: supabaseSession(supabase) });
followUser(supabase, {
  connect: () => database.connect(signedIn),
  disconnect: () => database.disconnect(),
});

/** For a button such as "Continue without an account". Signing in connects as the user. */
export async function continueWithoutAccount(): Promise<void> {
  // supabase-js would go on sending the token of a session that is left.
  await supabase.auth.signOut({ scope: "local" });
  await database.connect(new SupabaseConnector({ supabase, onRefused, user: "anonymous" }));
}

export async function signOut({ isShared }: { isShared: boolean }): Promise<void> {
  // With another scope, signing out needs the network.
  await supabase.auth.signOut({ scope: "local" });
  // On a shared device. Changes that were not uploaded are lost.
  if (isShared) await database.disconnectAndClear();
}
