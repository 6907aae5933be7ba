/** The app of app.js in its own process, with its own database, against a backend. */
import { type Backend, withBackend } from "../harness/backend.ts";
import { ClientProcess } from "../harness/client_process.ts";
import { inSdks } from "./project.ts";

interface AppOptions {
  /** supabase-js' `processLock`, as Supabase's React Native quickstart has it. */
  readonly lock?: "process" | "default";
  /** The connector's limit for a request, in milliseconds. */
  readonly timeoutMs?: number;
}

export class App extends ClientProcess {
  /** Runs the body of an async function in the app, and returns what it returns. */
  async run(code: string): Promise<unknown> {
    return (await this.call("run", { code })).value;
  }

  /** Waits until the status shows an error. */
  async shows(name: "downloadError" | "uploadError", text: string): Promise<void> {
    await this.event("status", (event) => `${event[name]}`.includes(text));
  }
}

/** Starts a backend and an app for one test. */
export async function withApp(
  test: (app: App, backend: Backend) => Promise<void>,
  { lock = "default", timeoutMs = 15_000, ...options }: AppOptions & { readonly secrets?: string } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await withBackend(async (backend) => {
      await using app = new App({
        program: inSdks("node_modules/node24/bin/node"),
        args: ["app.js"],
        folder: inSdks("app"),
        environment: {
          SUPABASE_URL: backend.proxy.url,
          SUPABASE_KEY: backend.publishableKey,
          DATABASE_FOLDER: folder,
          APP_LOCK: lock,
          TIMEOUT_MS: `${timeoutMs}`,
        },
      });
      await test(app, backend);
    }, options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let users = 0;

/** Code that signs a new user up, and returns their ID. */
export function signUp(): string {
  const credentials = JSON.stringify({ email: `user-${++users}@example.com`, password: "correct horse" });
  return `const { data, error } = await app.supabase.auth.signUp(${credentials});
    if (error) throw error;
    return data.user.id;`;
}

/** Code that waits until the local database has the row of one user and no other. */
export function hasRow(user: unknown): string {
  return `for await (const { rows } of app.database.watch('SELECT id FROM notes')) {
    const ids = rows._array.map(({ id }) => id);
    if (ids.length === 1 && ids[0] === ${JSON.stringify(user)}) return;
  }`;
}
