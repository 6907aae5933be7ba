/** A device that runs the Rust connector, and what tests do with it. */
import { assertEquals } from "@std/assert";
import { type Backend, withBackend } from "../harness/backend.ts";
import { ClientProcess } from "../harness/client_process.ts";
import { buildRunner } from "./runner.ts";

export const PASSWORD = "correct horse";

/** For each request of the connector; the default is 15 s. */
const TIMEOUT_MS = 2_000;

const runner = await buildRunner();
if ("missing" in runner) console.error(`Left out: the Rust connector, which needs ${runner.missing}.`);

export function rustTest(
  name: string,
  test: (backend: Backend, client: ClientProcess) => Promise<void>,
): void {
  Deno.test({
    name: `Rust: ${name}`,
    ignore: "missing" in runner,
    fn: () =>
      withBackend(async (backend) => {
        await using client = startClient(backend);
        await test(backend, client);
      }),
  });
}

/** A device of its own. */
export function startClient(
  { dev, proxy, publishableKey, sync }: Backend,
  key = publishableKey,
): ClientProcess {
  if ("missing" in runner) throw new Error(runner.missing);
  return new ClientProcess({
    program: runner.program,
    args: [],
    environment: {
      RUNNER_SUPABASE_URL: proxy.url,
      RUNNER_PUBLISHABLE_KEY: key,
      RUNNER_POWERSYNC_URL: sync.url,
      RUNNER_TIMEOUT_MS: `${TIMEOUT_MS}`,
      RUNNER_FILE: `${dev.folder}/${crypto.randomUUID()}.db`,
    },
  });
}

/** Makes a user, and returns the ID. */
export async function signUp({ supabase }: Backend, email: string): Promise<string> {
  const { data, error } = await supabase().auth.signUp({ email, password: PASSWORD });
  assertEquals(error, null);
  return `${data.user?.id}`;
}

export async function signIn(client: ClientProcess, email: string): Promise<void> {
  await client.call("signIn", { email, password: PASSWORD });
  await client.call("follow");
}

/** Waits for a download error that has this text. */
export async function downloadError(client: ClientProcess, text: string): Promise<void> {
  await client.event("status", ({ downloadError }) => `${downloadError ?? ""}`.includes(text));
}

/** Does something, and waits until the upload queue is empty after it. */
export async function uploaded(client: ClientProcess, act: () => unknown): Promise<void> {
  const from = client.events.length;
  await act();
  await client.event("queue", (event) => event.length === 0 && client.events.indexOf(event) >= from);
}
