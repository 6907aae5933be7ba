/**
 * An app on the real @powersync/node and supabase-js, with the documented connector. Each line on standard input is code
 * to run in it; each line on standard output is an event.
 */
import { createInterface } from "node:readline";

/** Not import declarations: `deno check`, which covers this folder, has none of these. */
const load = (module) => import(module);
const { column, PowerSyncDatabase, Schema, Table } = await load("@powersync/node");
const { createClient, processLock } = await load("@supabase/supabase-js");
const { SupabaseConnector, supabaseSession } = await load("./connector.ts");
const { followUser } = await load("./follow-user.ts");
const { limitedFetch } = await load("./limited-fetch.ts");

const { SUPABASE_URL, SUPABASE_KEY, DATABASE_FOLDER, APP_LOCK, TIMEOUT_MS } = process.env;

const say = (event, details = {}) => console.log(JSON.stringify({ event, ...details }));

/** Where the session is stored, so that a test can make it expire. */
const stored = new Map();
const supabase = createClient(SUPABASE_URL, SUPABASE_KEY, {
  global: { fetch: limitedFetch },
  auth: {
    autoRefreshToken: false,
    storageKey: "session",
    storage: {
      getItem: (name) => stored.get(name) ?? null,
      setItem: (name, value) => void stored.set(name, value),
      removeItem: (name) => void stored.delete(name),
    },
    ...(APP_LOCK === "process" ? { lock: processLock } : {}),
  },
});

const database = new PowerSyncDatabase({
  schema: new Schema({ notes: new Table({ body: column.text }) }),
  database: { dbFilename: "app.db", dbLocation: DATABASE_FOLDER, implementation: { type: "node:sqlite" } },
});
database.registerListener({
  statusChanged: ({ connected, connecting, dataFlowStatus }) => {
    const { downloadError, uploadError } = dataFlowStatus;
    const errors = { downloadError: downloadError?.message, uploadError: uploadError?.message };
    say("status", { connected, connecting, ...errors });
  },
});

const onRefused = (changes) => {
  if (app.failsToTake) return Promise.reject(new Error("The app's own storage is full."));
  say("refused", { changes: changes.map(({ entry, code }) => `${entry.op} ${entry.id} ${code}`) });
  return Promise.resolve();
};
const connectorOf = (user) =>
  new SupabaseConnector({ supabase: app.supabase, user, onRefused, timeoutMs: Number(TIMEOUT_MS) });
/** Tries again sooner than after the SDK's 5 s. */
const connect = (connector) => database.connect(connector, { retryDelayMs: 100, crudUploadThrottleMs: 10 });

const app = {
  createClient: (options) => createClient(SUPABASE_URL, SUPABASE_KEY, options),
  supabase,
  database,
  connect,
  connectorOf,
  failsToTake: false,
  /** Waits until the upload queue is empty. */
  uploaded: async () => {
    for await (const { rows } of database.watch("SELECT count(*) AS count FROM ps_crud")) {
      if (rows._array[0].count === 0) return;
    }
  },
  /** A connector as an SDK sees it that passes no signal, so that disconnecting waits for it. */
  withoutSignal: (connector) => ({
    fetchCredentials: () => connector.fetchCredentials(),
    uploadData: (database) => connector.uploadData(database),
  }),
  follow: (connector) =>
    followUser(supabase, {
      connect: () => {
        say("connect");
        return connect(connector);
      },
      disconnect: () => {
        say("disconnect");
        return database.disconnect();
      },
    }),
  /** Makes the session look expired, so that supabase-js refreshes it when it is next asked for it. */
  expire: () => {
    const session = JSON.parse(stored.get("session"));
    stored.set("session", JSON.stringify({ ...session, expires_at: Math.floor(Date.now() / 1000) - 10 }));
  },
};

app.signedIn = connectorOf(supabaseSession(supabase));
app.anonymous = connectorOf("anonymous");

const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({ input: process.stdin })) {
  const { code, number } = JSON.parse(line);
  new AsyncFunction("app", code)(app).then(
    (value) => say("done", { number, value }),
    (error) => say("done", { number, error: `${error?.stack ?? error}` }),
  );
}
