/** The connector of docs/connectors/javascript, in the real SDK with its real SQLite and the real supabase-js. */
import type { Backend } from "./harness/backend.ts";
import { ClientProcess } from "./harness/client_process.ts";
import { Device } from "./harness/device.ts";
import { hang, status } from "./harness/faults.ts";
import { startProvider } from "./harness/provider.ts";
import { runScenarios, type Sdk } from "./harness/scenario.ts";
import { JAVASCRIPT } from "./javascript/only.ts";
import { inSdks, installSdks, removeSdks } from "./javascript/project.ts";
import "./javascript/types.ts";
import { ANSWERING } from "./scenarios/answering.ts";
import { FOLLOWING } from "./scenarios/following.ts";
import { UPLOADING } from "./scenarios/uploading.ts";

const TIMEOUT_MS = 2_000;

const SDK: Sdk = {
  // It throws the first answer away.
  asksPerRenewal: 2,
  renewsEarly: true,
  texts: {
    notSignedIn: "Not signed in",
    uploadsWait: "Nobody is signed in: local changes wait in the upload queue.",
    reset: "Failed to send a request to the Edge Function",
    hang: "No answer within 300 ms.",
    noAccessToken: `No answer within ${TIMEOUT_MS} ms.`,
  },
  failedRefreshes: [status(503), hang].map((fault) => [fault, `No answer within ${TIMEOUT_MS} ms.`]),
};

/** `lock`: supabase-js' `processLock` is what Supabase's React Native quickstart has. */
function startApp({ dev, proxy, publishableKey }: Backend, lock: "default" | "process"): Device {
  const folder = `${dev.folder}/app`;
  Deno.mkdirSync(folder);
  return new Device(
    new ClientProcess({
      program: inSdks("node_modules/node24/bin/node"),
      args: ["app.js"],
      folder: inSdks("app"),
      environment: {
        SUPABASE_URL: proxy.url,
        SUPABASE_KEY: publishableKey,
        DATABASE_FOLDER: folder,
        APP_LOCK: lock,
        TIMEOUT_MS: `${TIMEOUT_MS}`,
      },
    }),
  );
}

Deno.test.beforeAll(installSdks);
Deno.test.afterAll(removeSdks);

const ALL = { ...FOLLOWING, ...ANSWERING, ...UPLOADING, ...JAVASCRIPT };

for (const [lock, scenarios] of [["default", ALL], ["process", FOLLOWING]] as const) {
  Deno.test(`JavaScript, ${lock} lock: the connector holds in the real PowerSync SDK`, async (t) => {
    await using provider = await startProvider();
    await runScenarios(t, scenarios, {
      sdk: SDK,
      provider,
      start: (backend) => startApp(backend, lock),
    });
  });
}
