import { assertEquals, assertFalse } from "@std/assert";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { inspect, type Place } from "../../scripts/setup/inspect.ts";
import { inspectPowerSyncUrl } from "../../scripts/setup/powersync-url.ts";
import { WRAPPERS } from "../support/pasted.ts";

const ID = "6a6c503191ecf2aec48ee8ad";
const CLOUD = `https://${ID}.powersync.journeyapps.com`;

/** Each finding: its rule, a ? for a warning, and the value to set instead. */
function found(url: string, place: Place = "deployment"): string[] {
  return inspectPowerSyncUrl("POWERSYNC_URL", url, { place }).map(({ id, severity, correct }) =>
    `${id}${severity === "warning" ? "?" : ""}${correct === undefined ? "" : ` ${correct}`}`
  );
}

for (
  const [url, ...expected] of [
    // Not filled in.
    ["https://<instance>.powersync.journeyapps.com", "url-placeholder"],
    ["<instance URL>", "url-placeholder"],
    ["https://your-instance.powersync.journeyapps.com", "url-placeholder"],
    ["https://your_instance_id.powersync.journeyapps.com", "url-placeholder"],
    ["https://yourdomain.com", "url-placeholder"],
    ["https://powersync.your-company.com", "url-placeholder"],
    ["https://my-your-powersync-host", "url-placeholder"],
    ["your-powersync-url", "url-placeholder"],
    ["https://instance-id.powersync.journeyapps.com", "url-placeholder"],
    ["https://INSTANCE_ID.powersync.journeyapps.com", "url-placeholder"],
    ["https://INSTANCE.powersync.journeyapps.com", "url-placeholder"],
    ["https://$INSTANCE.powersync.journeyapps.com", "url-placeholder"],
    ["https://${INSTANCE}.powersync.journeyapps.com", "url-placeholder"],
    ["https://$(cat instance)", "url-placeholder"],
    ["$POWERSYNC_URL", "url-placeholder"],
    ["{{powersync_url}}", "url-placeholder"],
    ["https://{{ instance }}.powersync.journeyapps.com", "url-placeholder"],
    ["https://{instance}.powersync.journeyapps.com", "url-placeholder"],
    ["https://[instance].powersync.journeyapps.com", "url-placeholder"],
    ["https://%INSTANCE%.powersync.journeyapps.com", "url-placeholder"],
    ["https://xxxx.powersync.journeyapps.com", "url-placeholder"],
    ["https://xxxxxxxx-xxxx-xxxx.powersync.journeyapps.com", "url-placeholder"],
    ["https://....powersync.journeyapps.com", "url-placeholder"],
    ["https://…", "url-placeholder"],
    ["https://example.com", "url-placeholder"],
    ["changeme", "url-placeholder"],
    // Another address.
    ["https://dashboard.powersync.com", "url-dashboard"],
    ["https://dashboard.powersync.com/org/6a1/project/6a2", "url-dashboard"],
    [`https://dashboard.powersync.com/org/6a1/project/6a2/${ID}`, `url-dashboard ${CLOUD}`],
    [`https://dashboard.powersync.com/org/6a1/project/6a2/instance/${ID}/x`, `url-dashboard ${CLOUD}`],
    ["https://powersync.com", "url-dashboard"],
    ["https://docs.powersync.com/installation", "url-dashboard"],
    ["https://powersync.journeyapps.com/org/1/app/2", "url-dashboard"],
    ["https://abcdefghijklmnopqrst.supabase.co", "url-supabase"],
    ["https://supabase.com/dashboard/project/abcdefghijklmnopqrst", "url-supabase"],
    ["https://api.example.org/functions/v1/powersync-jwks", "url-supabase"],
    ["http://localhost:8080", "local-url"],
    ["https://127.0.0.1", "local-url"],
    ["http://[::1]:8080", "local-url"],
    ["http://host.docker.internal:8080", "local-url"],
    // A network of one's own.
    ["http://powersync:8080", "url-private?"],
    ["http://10.1.2.3:8080", "url-private?"],
    ["https://192.168.1.20", "url-private?"],
    ["http://powersync.internal", "url-private?"],
    // Another form.
    [`${CLOUD}/`, `url-trailing-slash? ${CLOUD}`],
    [`${CLOUD}/sync/stream`, `url-has-path ${CLOUD}`],
    [`${CLOUD}/api/`, `url-has-path ${CLOUD}`],
    [`${CLOUD}:443`, `url-not-exact ${CLOUD}`],
    [CLOUD.replace(ID, ID.toUpperCase()), `url-not-exact ${CLOUD}`],
    [CLOUD.replace("https", "http"), `url-http-public ${CLOUD}`],
    ["http://sync.example.org", "url-http-public https://sync.example.org"],
    ["http://sync.example.org:8080", "url-http-public"],
    ["https://sync.example.org/", "url-trailing-slash? https://sync.example.org"],
    ["https://sync.example.org/powersync", "url-has-path?"],
    ["https://sync.example.org/powersync/sync/stream", "url-has-path https://sync.example.org/powersync"],
    ["http://10.1.2.3/probes/liveness", "url-private?", "url-has-path http://10.1.2.3"],
    // Not a URL.
    [`${ID}.powersync.journeyapps.com`, `POWERSYNC_URL_INVALID ${CLOUD}`],
    [`${ID}.powersync.journeyapps.com/`, `POWERSYNC_URL_INVALID ${CLOUD}`],
    [ID, `POWERSYNC_URL_INVALID ${CLOUD}`],
    ["sync.example.org/powersync", "POWERSYNC_URL_INVALID https://sync.example.org/powersync"],
    ["localhost:8080", "POWERSYNC_URL_INVALID http://localhost:8080"],
    ["wss://sync.example.org", "POWERSYNC_URL_INVALID https://sync.example.org"],
    ["htps://sync.example.org", "POWERSYNC_URL_INVALID https://sync.example.org"],
    ["https:/sync.example.org", "POWERSYNC_URL_INVALID https://sync.example.org"],
    ["https:\\\\sync.example.org", "POWERSYNC_URL_INVALID"],
    ["//sync.example.org", "POWERSYNC_URL_INVALID https://sync.example.org"],
    ["https://https://sync.example.org", "POWERSYNC_URL_INVALID https://sync.example.org"],
    [`${CLOUD}?token=x`, `POWERSYNC_URL_INVALID ${CLOUD}`],
    [`${CLOUD},${CLOUD}`, "POWERSYNC_URL_INVALID"],
    [`${CLOUD} # mine`, "POWERSYNC_URL_INVALID"],
    ["postgresql://postgres:hunter2@db.example.org:5432/postgres", "POWERSYNC_URL_INVALID"],
    ["https://user:hunter2@your-instance.example.org", "POWERSYNC_URL_INVALID"],
    ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2hunter2hunter2hunter2", "POWERSYNC_URL_INVALID"],
    ["sb_secret_hunter2", "POWERSYNC_URL_INVALID"],
    ["0", "POWERSYNC_URL_INVALID"],
  ] as const
) {
  Deno.test(`a deployment's POWERSYNC_URL=${url}: ${expected.join(", ")}`, () => {
    assertEquals(found(url), expected);
    assertFalse(JSON.stringify(inspectPowerSyncUrl("X", url, { place: "deployment" })).includes("hunter2"));
  });
}

const GOOD = [
  CLOUD,
  "https://x.powersync.journeyapps.com",
  "https://instance.powersync.journeyapps.com",
  "https://sync.example.com",
  "https://powersync.example",
  "https://powersync.track-your-run.app",
  "https://static.1.2.3.4.clients.your-server.de",
  "https://xxl.example.org",
  "https://todo.example.org:8443",
  "https://sync.my-instance.example.org",
  "https://203.0.113.7",
  "https://[2001:db8::1]",
  "https://powersync.mydashboard.com",
  "https://supabase.example.org",
];

Deno.test("a URL that is in order has no finding, however it was pasted", () => {
  for (const url of GOOD) {
    assertEquals([url, found(url), found(url, "local")], [url, [], []]);
    for (const [, wrap] of Object.values(WRAPPERS)) assertEquals(found(wrap(url, "POWERSYNC_URL")), []);
  }
  assertEquals(found(""), []);
});

Deno.test("on this computer, http and private addresses are in order; what is not an instance is not", () => {
  const inOrder = [
    "http://localhost:8080",
    "http://127.0.0.1:8080",
    "http://powersync:8080",
    "http://10.1.2.3",
  ];
  for (const url of [...inOrder, "http://sync.example.org"]) assertEquals(found(url, "local"), []);
  for (
    const [url, finding] of [
      ["https://<instance>.powersync.journeyapps.com", "url-placeholder"],
      ["https://dashboard.powersync.com", "url-dashboard"],
      ["http://127.0.0.1:54321/functions/v1/powersync-auth", "url-supabase"],
      ["localhost:8080", "POWERSYNC_URL_INVALID http://localhost:8080"],
      ["http://localhost:8080/", "url-trailing-slash? http://localhost:8080"],
    ] as const
  ) {
    assertEquals(found(url, "local"), [finding]);
  }
});

const KEY = encodeSecret((await makeKeyPair("ES256")).privateJwk);

async function ofAudience(audience: string): Promise<string[]> {
  const variables = { POWERSYNC_PRIVATE_KEY: KEY, POWERSYNC_URL: CLOUD, POWERSYNC_AUDIENCE: audience };
  const findings = await inspect(variables, { place: "deployment" });
  return findings.map(({ id, name, severity, correct }) =>
    `${name}: ${id}${severity === "warning" ? "?" : ""}${correct === undefined ? "" : ` ${correct}`}`
  );
}

Deno.test("an audience that is a URL must be one that an instance can have", async () => {
  for (
    const [audience, finding] of [
      ["https://<instance>.powersync.journeyapps.com", "url-placeholder"],
      ["<audience>", "url-placeholder"],
      ["${POWERSYNC_URL}", "url-placeholder"],
      ["https://dashboard.powersync.com", "url-dashboard"],
      ["https://abcdefghijklmnopqrst.supabase.co", "url-supabase"],
      ["http://localhost:8080", "local-url"],
      [`${CLOUD}/`, `url-trailing-slash? ${CLOUD}`],
      [`${CLOUD}/sync`, `url-has-path ${CLOUD}`],
      [`app,${CLOUD}/`, `url-trailing-slash? app,${CLOUD}`],
      // PowerSync needs one that fits.
      ["app, http://localhost:8080", "local-url? app"],
      ["app,https://<instance>.example", "url-placeholder app"],
    ] as const
  ) {
    assertEquals(await ofAudience(audience), [`POWERSYNC_AUDIENCE: ${finding}`]);
  }
});

Deno.test("any other audience is in order", async () => {
  const texts = [
    "powersync",
    "powersync-dev,powersync",
    "your-app",
    "urn:app",
    "$1",
    "http://sync.example.org",
  ];
  const urls = [
    CLOUD,
    `${CLOUD},app`,
    "https://sync.example.org/",
    "https://sync.example.org/a/",
    "http://sync:80",
  ];
  for (const audience of [...texts, ...urls]) {
    assertEquals([audience, await ofAudience(audience)], [audience, []]);
  }
});
