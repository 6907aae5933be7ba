/** The connector of docs/connectors/rust, inside the real `powersync` crate. */
import type { Backend } from "./harness/backend.ts";
import { ClientProcess } from "./harness/client_process.ts";
import { Device } from "./harness/device.ts";
import { authError, hang, status } from "./harness/faults.ts";
import { startProvider } from "./harness/provider.ts";
import { runScenarios, type Sdk } from "./harness/scenario.ts";
import { buildRunner } from "./rust/runner.ts";
import { ANSWERING } from "./scenarios/answering.ts";
import { FOLLOWING } from "./scenarios/following.ts";
import { UPLOADING } from "./scenarios/uploading.ts";

/** For each request of the connector; the default is 15 s. */
const TIMEOUT_MS = 2_000;

const runner = await buildRunner();
if ("missing" in runner) console.error(`Left out: the Rust connector, which needs ${runner.missing}.`);

const SDK: Sdk = {
  asksPerRenewal: 1,
  // A token's end costs a pause, and the next connection has a new token.
  renewsEarly: false,
  texts: {
    notSignedIn: "Not signed in",
    uploadsWait: "Not signed in",
    reset: "error sending request",
    hang: "operation timed out",
    noAccessToken: "The session did not answer in time",
  },
  failedRefreshes: [
    [authError(503, "unexpected_failure"), "HTTP status server error (503"],
    // A gateway, for example because the API key was changed.
    [status(401), "Auth: 401"],
    [hang, "The session did not answer in time"],
  ],
  async sessionEnded(device) {
    await device.shows("downloadError", "Not signed in");
    await device.call("sessionEnded");
  },
};

function startApp(program: string, { dev, proxy, publishableKey, sync }: Backend): Device {
  const environment = {
    RUNNER_SUPABASE_URL: proxy.url,
    RUNNER_PUBLISHABLE_KEY: publishableKey,
    RUNNER_POWERSYNC_URL: sync.url,
    RUNNER_TIMEOUT_MS: `${TIMEOUT_MS}`,
    RUNNER_FILE: `${dev.folder}/app.db`,
  };
  return new Device(new ClientProcess({ program, folder: dev.folder, environment }));
}

Deno.test({
  name: "Rust: the connector holds in the real PowerSync SDK",
  ignore: "missing" in runner,
  async fn(t) {
    if ("missing" in runner) return;
    await using provider = await startProvider();
    await runScenarios(t, { ...FOLLOWING, ...ANSWERING, ...UPLOADING }, {
      sdk: SDK,
      provider,
      start: (backend) => startApp(runner.program, backend),
    });
  },
});
