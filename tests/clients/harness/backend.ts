/** All that a client talks to, on loopback: a Supabase project that can fail, and PowerSync. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { DEVELOPMENT_PUBLISHABLE_KEY } from "../../../scripts/setup/platform.ts";
import { type DevServer, withDevServer } from "../../support/dev_server.ts";
import { Proxy } from "./proxy.ts";
import { RowsStandIn } from "./rows_stand_in.ts";
import { SyncStandIn } from "./sync_stand_in.ts";

export interface Backend {
  /** `deno task dev` behind a proxy: `proxy.url` is the project's URL. */
  readonly proxy: Proxy;
  readonly publishableKey: string;
  /** The PowerSync instance. */
  readonly sync: SyncStandIn;
  /** What was uploaded. */
  readonly rows: RowsStandIn;
  /** The command itself. */
  readonly dev: DevServer;
  /** A supabase-js of the test's own, to make users with: it does not go through the proxy. */
  supabase(): SupabaseClient;
}

/** Starts a backend for one test; `secrets`: more lines for the functions' env file. */
export async function withBackend(
  test: (backend: Backend) => Promise<void>,
  { secrets = "" }: { readonly secrets?: string } = {},
): Promise<void> {
  const sync = new SyncStandIn();
  try {
    await withDevServer(async (dev) => {
      sync.jwks = await (await fetch(`${dev.origin}/functions/v1/powersync-jwks`)).json();
      const rows = new RowsStandIn();
      const proxy = new Proxy(dev.origin, (asked) => rows.answer(asked));
      const publishableKey = DEVELOPMENT_PUBLISHABLE_KEY;
      const auth = { persistSession: false, autoRefreshToken: false };
      const supabase = () => createClient(dev.origin, publishableKey, { auth });
      try {
        await test({ proxy, publishableKey, sync, rows, dev, supabase });
      } finally {
        await proxy.stop();
      }
    }, { file: `POWERSYNC_URL=${sync.url}\n${secrets}` });
  } finally {
    await sync.stop();
  }
}
