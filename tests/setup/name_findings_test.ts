import { assertEquals } from "@std/assert";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { findingsOf } from "../support/findings.ts";

const KEY = encodeSecret((await makeKeyPair("ES256")).privateJwk);
const CLOUD = "https://65a1b2c3d4e5f60718293a4b.powersync.journeyapps.com";
const URL_VALUE = "https://sync.example.org";
const BASE = { POWERSYNC_PRIVATE_KEY: KEY, POWERSYNC_URL: URL_VALUE };

/** The words of a list. */
const words = (text: string) => text.trim().split(/\s+/);

const MISSPELT = {
  POWERSYNC_URL: words(`
    POWER_SYNC_URL powersync_url PowersyncUrl powerSyncUrl POWERSYNCURL POWERSYNC__URL
    POWERSYC_URL POWERSYNCE_URL PWOERSYNC_URL POWERSYNC_ULR POWERSYNC_URI POWERSYNC_URLS`),
  POWERSYNC_PRIVATE_KEY: words(`
    POWERSYNC_PRIVATEKEY POWERSYNC_PRIVTE_KEY POWERSYNC_PRIVAT_KEY powersync_private_key
    POWER_SYNC_PRIVATE_KEY POWERSYNC_PRIVATE_KEYS POWERSYNC_PIRVATE_KEY POWERSYNC_KEY`),
};

Deno.test("a misspelt name of what is required is the only error: its value is not missing", async () => {
  for (const [known, names] of Object.entries(MISSPELT)) {
    for (const name of names) {
      const set = { ...BASE, [known]: "", [name]: known === "POWERSYNC_URL" ? URL_VALUE : KEY };
      assertEquals(await findingsOf(set), [`error name-misspelt ${name} ${known}`]);
    }
  }
});

Deno.test("the value of a misspelt name is checked as well", async () => {
  assertEquals(await findingsOf({ POWERSYNC_PRIVATEKEY: "e30=", POWER_SYNC_URL: "https://<instance>" }), [
    "error name-misspelt POWERSYNC_PRIVATEKEY POWERSYNC_PRIVATE_KEY",
    "error name-misspelt POWER_SYNC_URL POWERSYNC_URL",
    "error KEY_MALFORMED POWERSYNC_PRIVATE_KEY",
    "error url-placeholder POWERSYNC_URL",
  ]);
});

Deno.test("a misspelt name of what has a default, or is there under its own name, is a warning", async () => {
  for (
    const [name, known] of [
      ["POWERSYNC_TTL", "POWERSYNC_TOKEN_TTL"],
      ["POWERSYNC_TOKENTTL", "POWERSYNC_TOKEN_TTL"],
      ["POWERSYNC_AUDIANCE", "POWERSYNC_AUDIENCE"],
      ["POWERSYNC_PROVIDERS", "POWERSYNC_IDENTITY_PROVIDERS"],
      ["POWERSYNC_IDENTITY_PROVIDER", "POWERSYNC_IDENTITY_PROVIDERS"],
      ["POWERSYNC_PUBLIC_KEYS", "POWERSYNC_PUBLIC_KEY"],
      ["POWERSYNC_ISUER", "POWERSYNC_ISSUER"],
      ["powersync_url", "POWERSYNC_URL"],
    ] as const
  ) {
    assertEquals(await findingsOf({ ...BASE, [name]: "x" }), [`warning name-misspelt ${name} ${known}`]);
  }
});

const OWN = words(`
  STRIPE_KEY DATABASE_URL URL KEY PRIVATE_KEY PUBLIC_KEY APP_URL SITE_URL PS_URL
  POWERSYNC_DB_URL POWERSYNC_DATABASE_URL POWERSYNC_API_URL POWERSYNC_PORT POWERSYNC_TOKEN
  POWERSYNC_CONFIG_B64 POWERSYNC_ENV POWERSYNC_KEY POWERSYNC_URL_2 POWERSYNC_URL_STAGING
  SUPABASE_SERVICE_ROLE_KEY SUPABASE_DB_URL SUPABASE_SECRET_KEYS SUPABASE_JWT_SECRET
  VITE_POWERSYNC_URL NEXT_PUBLIC_POWERSYNC_URL EXPO_PUBLIC_SUPABASE_URL VITE_SUPABASE_ANON_KEY
  POWERSYNC_PRIVATE_KEY_OLD JWT_ISSUER JWT_AUDIENCE TOKEN_TTL AUTH_URL A`);

Deno.test("other names are the project's own", async () => {
  const second = encodeSecret((await makeKeyPair("ES256")).privateJwk);
  for (const name of OWN) assertEquals([name, await findingsOf({ ...BASE, [name]: second })], [name, []]);
  assertEquals(await findingsOf({ ...BASE, POWER_SYNC_URL: "" }), []);
});

Deno.test("when the signing key is missing, one of PowerSync's under another name is the one to rename", async () => {
  const names = "POWERSYNC_SIGNING_KEY POWERSYNC_JWT_PRIVATE_KEY POWERSYNC_PRIVATE_JWK PRIVATE_KEY";
  for (const name of words(names)) {
    const set = { POWERSYNC_URL: URL_VALUE, [name]: KEY };
    assertEquals(await findingsOf(set), [`error name-misspelt ${name} POWERSYNC_PRIVATE_KEY`]);
  }
  const { privateJwk } = await makeKeyPair("ES256", { kid: "web-push" });
  const ofTheApp = { POWERSYNC_URL: URL_VALUE, VAPID_PRIVATE_JWK: encodeSecret(privateJwk) };
  assertEquals(await findingsOf(ofTheApp), ["error POWERSYNC_PRIVATE_KEY_MISSING POWERSYNC_PRIVATE_KEY"]);
});

for (
  const [what, name, value, correct] of [
    ["the address of a Cloud instance", "SYNC_ENDPOINT", CLOUD, CLOUD],
    ["the URL that an app has under its own name", "VITE_POWERSYNC_URL", URL_VALUE, URL_VALUE],
    ["not a database", "POWERSYNC_DB_URL", "postgresql://u:p@h/d", undefined],
  ] as const
) {
  Deno.test(`when POWERSYNC_URL is missing, ${what} is the one to set`, async () => {
    const set = { POWERSYNC_PRIVATE_KEY: KEY, [name]: value };
    const missing = ["error", "POWERSYNC_URL_MISSING", "POWERSYNC_URL", correct ?? []].flat();
    assertEquals(await findingsOf(set), [missing.join(" ")]);
  });
}
