/**
 * An app on the real @powersync/node and supabase-js, with the documented connector. Each line on standard input is a
 * command; each line on standard output is an event.
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

const supabase = createClient(SUPABASE_URL, SUPABASE_KEY, {
  global: { fetch: limitedFetch },
  auth: { autoRefreshToken: false, ...(APP_LOCK === "process" ? { lock: processLock } : {}) },
});

const database = new PowerSyncDatabase({
  schema: new Schema({ notes: new Table({ body: column.text, size: column.integer }) }),
  database: { dbFilename: "app.db", dbLocation: DATABASE_FOLDER, implementation: { type: "node:sqlite" } },
});
database.registerListener({
  statusChanged: ({ connected, connecting, dataFlowStatus }) => {
    const { downloadError, uploadError } = dataFlowStatus;
    const errors = { downloadError: downloadError?.message, uploadError: uploadError?.message };
    say("status", { connected, connecting, ...errors });
  },
});

database.watch("SELECT id FROM notes ORDER BY id", [], {
  onResult: ({ rows }) => say("notes", { ids: rows._array.map(({ id }) => id).join(", ") }),
});

let savesRefused = true;
const onRefused = (changes) => {
  say("refused", { changes: changes.map(({ entry, code }) => `${entry.op} ${entry.id} ${code}`).join(", ") });
  return savesRefused ? Promise.resolve() : Promise.reject(new Error("The disk is full"));
};

const connectorOf = (user, timeoutMs = Number(TIMEOUT_MS)) =>
  new SupabaseConnector({ supabase: app.supabase, user, onRefused, timeoutMs });

/** Tries again sooner than after the SDK's 5 s. Passes no signal, as older SDKs, so disconnecting waits for the answer. */
const connect = (connector) => {
  say("connect");
  const older = {
    fetchCredentials: () => connector.fetchCredentials(),
    uploadData: (database) => connector.uploadData(database),
  };
  return database.connect(older, { retryDelayMs: 100, crudUploadThrottleMs: 10 });
};
const disconnect = () => {
  say("disconnect");
  return database.disconnect();
};

/** What Auth answered; an error is thrown. */
const succeed = async (answer) => {
  const { data, error } = await answer;
  if (error) throw error;
  return data;
};

const provided = { user: "", token: "" };
const providerToken = () => {
  if (provided.token === "fails") throw new Error("The provider cannot be reached");
  if (provided.token === "hangs") return new Promise(() => {});
  return Promise.resolve(provided.token || null);
};

const session = supabaseSession(supabase);
const app = { supabase, session, database, connectorOf, connect };
app.signedIn = connectorOf(session);
app.anonymous = connectorOf("anonymous");

const AsyncFunction = (async () => {}).constructor;

const commands = {
  run: ({ code }) => new AsyncFunction("app", code)(app),
  open: () => void followUser(supabase, { connect: () => connect(app.signedIn), disconnect }),
  openWithProvider: () => {
    app.supabase = createClient(SUPABASE_URL, SUPABASE_KEY, { accessToken: providerToken });
    app.signedIn = connectorOf(providerToken);
  },
  provide: ({ user, token }) => {
    const isSame = provided.user === user;
    Object.assign(provided, { user, token });
    if (!isSame) void (user === "" ? disconnect() : connect(app.signedIn));
  },
  signIn: ({ email, password }) => succeed(supabase.auth.signInWithPassword({ email, password })),
  signInAnonymously: () => succeed(supabase.auth.signInAnonymously()),
  becomePermanent: ({ email, password }) => succeed(supabase.auth.updateUser({ email, password })),
  refresh: () => succeed(supabase.auth.refreshSession()),
  signOut: async () => void await supabase.auth.signOut(),
  syncAnonymously: () => connect(app.anonymous),
  write: ({ statements }) =>
    database.writeTransaction(async (transaction) => {
      for (const statement of statements) await transaction.execute(statement);
    }),
  saveRefused: ({ works }) => void (savesRefused = works),
  queue: async () => (await database.getUploadQueueStats()).count,
  uploaded: async () => {
    for await (const { rows } of database.watch("SELECT id FROM ps_crud")) if (rows.length === 0) return;
  },
  ask: async ({ token, timeoutMs }) => {
    const user = token === "" ? "anonymous" : () => Promise.resolve(token);
    try {
      return await connectorOf(user, timeoutMs).fetchCredentials();
    } catch ({ message, status, code, hint, reason }) {
      return { error: message, status, code, hint, reason };
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, number, ...details } = JSON.parse(line);
  (async () => await commands[command](details))().then(
    (result) => say("done", { number, result }),
    (error) => say("done", { number, error: `${error?.stack ?? error}` }),
  );
}
