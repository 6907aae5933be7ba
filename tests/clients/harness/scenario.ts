/** Scenarios that are the same for every SDK, and what runs them. */
import { assertEquals } from "@std/assert";
import { type Backend, withBackend } from "./backend.ts";
import type { Device } from "./device.ts";
import type { Fault } from "./faults.ts";
import type { Provider } from "./provider.ts";

/** How an SDK and its connector differ from the others, as docs/clients.md says. */
export interface Sdk {
  /** How often it asks for credentials at each renewal. */
  readonly asksPerRenewal: number;
  /** Whether it renews a token before its end. */
  readonly renewsEarly: boolean;
  /** What its errors say. */
  readonly texts: {
    /** The download error after null. */
    readonly notSignedIn: string;
    /** The upload error while nobody is signed in. */
    readonly uploadsWait: string;
    readonly reset: string;
    readonly hang: string;
    /** An access token that does not come. */
    readonly noAccessToken: string;
  };
  /** What happens to a refresh without ending the session, and the error meanwhile. First: a 503. */
  readonly failedRefreshes: readonly (readonly [Fault, string])[];
  /** Whether its library refreshes sessions by itself, so that the driver has to set a session's end. */
  readonly setsSessionEnd?: true;
  /** What the app has to do when the session was ended, where no event tells the connector. */
  sessionEnded?(device: Device): Promise<void>;
}

/** What a scenario runs: one app, and a backend of its own. */
export interface Scene extends Backend {
  readonly device: Device;
  readonly provider: Provider;
  readonly sdk: Sdk;
}

/** By the sentence that each shows. */
export type Scenarios = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

/** Scenarios wait most of the time: SDKs try again after 5 seconds. */
const AT_ONCE = 4;

/** Runs each scenario as a step, several at once; with TEST_SCENARIO only those whose names match. */
export async function runScenarios(
  t: Deno.TestContext,
  scenarios: Scenarios,
  { sdk, provider, start }: {
    readonly sdk: Sdk;
    readonly provider: Provider;
    readonly start: (backend: Backend) => Device;
  },
): Promise<void> {
  const chosen = new RegExp(Deno.env.get("TEST_SCENARIO") ?? "");
  const waiting = Object.entries(scenarios).filter(([name]) => chosen.test(name));
  const runWaiting = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, run] = next;
      await t.step({
        name,
        fn: () =>
          withBackend(async (backend) => {
            await using device = start(backend);
            await run({ ...backend, device, provider, sdk });
          }, provider),
        // Others run at the same time.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
}

export const ADA = { email: "ada@example.com", password: "correct horse" };
export const BOB = { email: "bob@example.com", password: "battery staple" };

/** Makes a user of Supabase Auth, without the app. */
export async function signUp(
  { supabase }: Backend,
  credentials: typeof ADA,
): Promise<{ readonly user: string; readonly token: string }> {
  const { data, error } = await supabase().auth.signUp(credentials);
  assertEquals(error, null);
  return { user: data.user?.id ?? "", token: data.session?.access_token ?? "" };
}

/** Opens the app, signs a new user in, and returns their ID once they sync. */
export async function syncAsAda(scene: Scene): Promise<string> {
  const { device, sync } = scene;
  const { user } = await signUp(scene, ADA);
  await device.call("open");
  await device.call("signIn", ADA);
  assertEquals((await sync.stream(0)).user, user);
  return user;
}

/**
 * Makes a session that is refreshed at its next use, as when a phone wakes up after a long time, and its refresh fail.
 *
 * @param autoRefresh Whether the library refreshes it by itself, where it can.
 */
export async function expire(
  { device, proxy, sdk }: Scene,
  fault: Fault,
  autoRefresh = false,
): Promise<void> {
  if (!sdk.setsSessionEnd) {
    proxy.endsSessions = true;
    await device.call("refresh");
    proxy.endsSessions = false;
  }
  proxy.fail("refresh", fault);
  if (sdk.setsSessionEnd) await device.call("expire", { autoRefresh });
}
