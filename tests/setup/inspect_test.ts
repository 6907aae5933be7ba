import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { assertUsable, inspect } from "../../scripts/setup/inspect.ts";
import { type Setting, SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";
import { findingsOf } from "../support/findings.ts";

const pair = await makeKeyPair("ES256");
const other = await makeKeyPair("ES256", { kid: pair.kid });
const dev = await makeKeyPair("ES256", { prefix: "dev-" });
const CLOUD = "https://x.powersync.journeyapps.com";
const GOOD = {
  POWERSYNC_PRIVATE_KEY: encodeSecret(pair.privateJwk),
  POWERSYNC_PUBLIC_KEY: encodeSecret(pair.publicJwk),
  POWERSYNC_URL: CLOUD,
};
const LOCAL = {
  POWERSYNC_PRIVATE_KEY: encodeSecret(dev.privateJwk),
  POWERSYNC_URL: "http://localhost:8080",
  POWERSYNC_SHARED_KEY: encodeSecret({ kty: "oct", kid: "s", k: "A".repeat(43) }),
};

Deno.test("a good set has no findings, and what Supabase sets itself may be missing", async () => {
  assertEquals(await findingsOf(GOOD), []);
});

Deno.test("a deployment must not get what is for this computer only", async () => {
  assertEquals(await findingsOf(LOCAL, { place: "local" }), []);
  assertEquals(await findingsOf(LOCAL), [
    "error local-url POWERSYNC_URL",
    "error local-key POWERSYNC_PRIVATE_KEY",
    "error local-shared-key POWERSYNC_SHARED_KEY",
  ]);
});

Deno.test("every setting of the functions is inspected", async () => {
  for (const [name, { read, required, byPlatform }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    if (read !== undefined || name === "POWERSYNC_IDENTITY_PROVIDERS") {
      // No setting with a code of its own takes a lone comma.
      assertEquals(await findingsOf({ ...GOOD, [name]: "," }), [`error ${name}_INVALID ${name}`]);
    }
    if (required && !byPlatform) {
      assertEquals(await findingsOf({ ...GOOD, [name]: "" }), [`error ${name}_MISSING ${name}`]);
    }
  }
});

const FOUND: readonly (readonly [finding: string, set: Record<string, string>])[] = [
  ["error POWERSYNC_PRIVATE_KEY_MISSING POWERSYNC_PRIVATE_KEY", { POWERSYNC_PRIVATE_KEY: " " }],
  ["error KEY_PAIR_MISMATCH POWERSYNC_PUBLIC_KEY", { POWERSYNC_PUBLIC_KEY: encodeSecret(other.publicJwk) }],
  ["error KEY_ID_DUPLICATE POWERSYNC_PRIVATE_KEY_2", {
    POWERSYNC_PRIVATE_KEY_2: encodeSecret(other.privateJwk),
  }],
  ["error secret-not-a-jwk POWERSYNC_PRIVATE_KEY_2", { POWERSYNC_PRIVATE_KEY_2: "sb_secret_abcdefgh" }],
  ["error secret-not-a-jwk POWERSYNC_PUBLIC_KEY_OLD", {
    POWERSYNC_PUBLIC_KEY_OLD: "-----BEGIN PUBLIC KEY-----",
  }],
  ["error secrets-swapped POWERSYNC_PRIVATE_KEY", {
    POWERSYNC_PRIVATE_KEY: GOOD.POWERSYNC_PUBLIC_KEY,
    POWERSYNC_PUBLIC_KEY: GOOD.POWERSYNC_PRIVATE_KEY,
  }],
  ["error POWERSYNC_URL_INVALID POWERSYNC_URL", { POWERSYNC_URL: "https://user:password@your-host.example" }],
  ["warning issuer-supabase POWERSYNC_ISSUER", { POWERSYNC_ISSUER: "https://x.supabase.co/auth/v1" }],
  ["error POWERSYNC_IDENTITY_PROVIDERS_INVALID POWERSYNC_IDENTITY_PROVIDERS", {
    POWERSYNC_IDENTITY_PROVIDERS: "[{}]",
  }],
  // The value to set instead is known where there is only one.
  ["error POWERSYNC_TOKEN_TTL_INVALID POWERSYNC_TOKEN_TTL 600", { POWERSYNC_TOKEN_TTL: "10m" }],
  ["error POWERSYNC_TOKEN_TTL_INVALID POWERSYNC_TOKEN_TTL 3600", { POWERSYNC_TOKEN_TTL: "1 h" }],
  ["error POWERSYNC_TOKEN_TTL_INVALID POWERSYNC_TOKEN_TTL 60", { POWERSYNC_TOKEN_TTL: "30" }],
  ["error POWERSYNC_TOKEN_TTL_INVALID POWERSYNC_TOKEN_TTL 86400", { POWERSYNC_TOKEN_TTL: "604800" }],
  ["error POWERSYNC_TOKEN_TTL_INVALID POWERSYNC_TOKEN_TTL", { POWERSYNC_TOKEN_TTL: "long" }],
  ["error POWERSYNC_SESSION_CHECK_INVALID POWERSYNC_SESSION_CHECK server", {
    POWERSYNC_SESSION_CHECK: "Server",
  }],
  ["error POWERSYNC_SESSION_CHECK_INVALID POWERSYNC_SESSION_CHECK", { POWERSYNC_SESSION_CHECK: "on" }],
];

for (const [finding, variables] of FOUND) {
  Deno.test(`${finding} is found, and nothing secret is shown`, async () => {
    assertEquals(await findingsOf({ ...GOOD, ...variables }), [finding]);
    const shown = JSON.stringify(await inspect({ ...GOOD, ...variables }, { place: "deployment" }));
    for (const secret of [pair.privateJwk.d, other.privateJwk.d, "user:password", "abcdefgh"]) {
      assertFalse(shown.includes(`${secret}`));
    }
  });
}

/** A legacy API key of Supabase. */
const legacyKey = (role: string) =>
  ['{"alg":"HS256"}', JSON.stringify({ iss: "supabase", ref: "ref", role }), "hunter2"].map((part) =>
    btoa(part).replace(/=+$/, "")
  ).join(".");

for (
  const [value, words] of [
    ["-----BEGIN PRIVATE KEY-----\nMIGHhunter2", "it is a private key in PEM form."],
    ["-----BEGIN PUBLIC KEY-----\nMIGHhunter2", "it is a public key in PEM form."],
    ["sb_secret_hunter2", "it is a secret API key of Supabase."],
    ["'sb_publishable_hunter2'", "it is a publishable API key of Supabase."],
    [legacyKey("service_role"), "or a legacy API key of Supabase. It is Supabase's service_role key."],
    [`POWERSYNC_PRIVATE_KEY=${legacyKey("anon")}`, "API key of Supabase. It is Supabase's anon key."],
    [legacyKey("authenticated"), "it is a JWT: a token, or a legacy API key of Supabase."],
  ] as const
) {
  Deno.test(`what is pasted in the place of a key is named exactly, and not shown: ${words}`, async () => {
    const [found] = await inspect({ ...GOOD, POWERSYNC_PRIVATE_KEY: value }, { place: "deployment" });
    assertEquals([found?.id, found?.severity, found?.mendable], ["secret-not-a-jwk", "error", undefined]);
    assert(found?.message.endsWith(words), found?.message);
    assertFalse(/hunter2|aHVudGVyMg/.test(`${found?.message}`));
  });
}

Deno.test("an entry for Supabase Auth leaves the list of providers, and the others stay", async () => {
  const acme = { issuer: "https://acme.eu.auth0.com/", audience: "app" };
  const supabaseUrl = "https://abcdefghijklmnopqrst.supabase.co";
  for (const others of [[], [acme]]) {
    const list = [...others, { issuer: `${supabaseUrl}/auth/v1/`, audience: "authenticated" }];
    const set = { ...GOOD, POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify(list) };
    const invalid = "error POWERSYNC_IDENTITY_PROVIDERS_INVALID POWERSYNC_IDENTITY_PROVIDERS";
    const found = await findingsOf(set, { place: "deployment", supabaseUrl });
    assertEquals(found, [`${invalid} ${JSON.stringify(others)}`]);
  }
});

Deno.test("a secret API key in the place of one for clients is an error, and not shown", async () => {
  const keys = { "a secret API key": "sb_secret_hunter2", service_role: legacyKey("service_role") };
  for (const name of ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS"]) {
    const isList = name.endsWith("S");
    for (const [kind, key] of Object.entries(keys)) {
      const value = isList ? JSON.stringify({ default: "sb_publishable_x", web: key }) : `"${key}"`;
      for (const place of ["local", "deployment"] as const) {
        assertEquals(await findingsOf({ ...GOOD, [name]: value }, { place }), [
          `error api-key-is-secret ${name}`,
        ]);
        const [found] = await inspect({ ...GOOD, [name]: value }, { place });
        assert(found?.message.includes(kind));
        assertFalse(/hunter2|aHVudGVyMg/.test(JSON.stringify(found)));
      }
    }
    const open = isList ? `{"default":"${legacyKey("anon")}"}` : "sb_publishable_x";
    assertEquals(await findingsOf({ ...GOOD, [name]: open }), []);
  }
});

Deno.test("a command is refused for what it needs and cannot use, but not for what is missing", async () => {
  const broken = {
    POWERSYNC_TOKEN_TTL: "1h",
    POWERSYNC_PRIVATE_KEY_2: "e30",
    POWERSYNC_SHARED_KEY: "e30",
    POWER_SYNC_URL: CLOUD,
  };
  const assertNeeded = (name: string) => assertUsable(broken, { file: ".env", names: [name] });
  await assertNeeded("POWERSYNC_AUDIENCE");
  await assertUsable({}, { file: ".env", names: ["POWERSYNC_URL", "POWERSYNC_PRIVATE_KEY"] });
  for (
    const [name, says] of [
      ["POWERSYNC_TOKEN_TTL", ".env: POWERSYNC_TOKEN_TTL cannot"],
      ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVATE_KEY_2 cannot"],
      ["POWERSYNC_SHARED_KEY", "is not an HS256 key"],
      [
        "POWERSYNC_URL",
        ".env: The functions do not read POWER_SYNC_URL: they read POWERSYNC_URL. Rename it to POWERSYNC_URL.",
      ],
    ] as const
  ) {
    await assertRejects(() => assertNeeded(name), CommandError, says);
  }
});
