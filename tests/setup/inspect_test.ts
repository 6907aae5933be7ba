import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { assertUsable, inspect } from "../../scripts/setup/inspect.ts";
import { type Setting, SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";

const pair = await makeKeyPair("ES256");
const other = await makeKeyPair("ES256", { kid: pair.kid });
const dev = await makeKeyPair("ES256", { prefix: "dev-" });
const GOOD = {
  POWERSYNC_PRIVATE_KEY: encodeSecret(pair.privateJwk),
  POWERSYNC_PUBLIC_KEY: encodeSecret(pair.publicJwk),
  POWERSYNC_URL: "https://x.powersync.journeyapps.com",
};
const LOCAL = {
  POWERSYNC_PRIVATE_KEY: encodeSecret(dev.privateJwk),
  POWERSYNC_URL: "http://localhost:8080",
  POWERSYNC_SHARED_KEY: encodeSecret({ kty: "oct", kid: "s", k: "A".repeat(43) }),
};

async function idsOf(variables: Record<string, string>, place: "local" | "deployment" = "deployment") {
  return (await inspect(variables, { place })).map(({ id, name }) => `${name}: ${id}`);
}

Deno.test("a good set has no findings, and what Supabase sets itself may be missing", async () => {
  assertEquals(await idsOf(GOOD), []);
});

Deno.test("a deployment must not get what is for this computer only", async () => {
  assertEquals(await idsOf(LOCAL, "local"), []);
  assertEquals(await idsOf(LOCAL), [
    "POWERSYNC_URL: local-url",
    "POWERSYNC_PRIVATE_KEY: local-key",
    "POWERSYNC_SHARED_KEY: local-shared-key",
  ]);
});

Deno.test("every setting of the functions is inspected", async () => {
  for (const [name, { read, required, byPlatform }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    if (read !== undefined || name === "POWERSYNC_IDENTITY_PROVIDERS") {
      // No setting with a code of its own takes a lone comma.
      assertEquals(await idsOf({ ...GOOD, [name]: "," }), [`${name}: ${name}_INVALID`]);
    }
    if (required && !byPlatform) {
      assertEquals(await idsOf({ ...GOOD, [name]: "" }), [`${name}: ${name}_MISSING`]);
    }
  }
});

for (
  const [finding, variables] of [
    ["POWERSYNC_PRIVATE_KEY: POWERSYNC_PRIVATE_KEY_MISSING", { POWERSYNC_PRIVATE_KEY: " " }],
    ["POWERSYNC_PUBLIC_KEY: KEY_PAIR_MISMATCH", { POWERSYNC_PUBLIC_KEY: encodeSecret(other.publicJwk) }],
    ["POWERSYNC_PRIVATE_KEY_2: KEY_ID_DUPLICATE", {
      POWERSYNC_PRIVATE_KEY_2: encodeSecret(other.privateJwk),
    }],
    ["POWERSYNC_PRIVATE_KEY_2: secret-not-a-jwk", { POWERSYNC_PRIVATE_KEY_2: "sb_secret_abcdefgh" }],
    ["POWERSYNC_PUBLIC_KEY_OLD: secret-not-a-jwk", {
      POWERSYNC_PUBLIC_KEY_OLD: "-----BEGIN PUBLIC KEY-----",
    }],
    ["POWERSYNC_PRIVATE_KEY: secrets-swapped", {
      POWERSYNC_PRIVATE_KEY: GOOD.POWERSYNC_PUBLIC_KEY,
      POWERSYNC_PUBLIC_KEY: GOOD.POWERSYNC_PRIVATE_KEY,
    }],
    ["POWERSYNC_URL: url-placeholder", { POWERSYNC_URL: "https://your-instance.example" }],
    ["POWERSYNC_URL: POWERSYNC_URL_INVALID", { POWERSYNC_URL: "https://user:password@your-host.example" }],
    ["POWERSYNC_URL: url-trailing-slash", { POWERSYNC_URL: `${GOOD.POWERSYNC_URL}/` }],
    ["POWERSYNC_URL: url-has-path", { POWERSYNC_URL: `${GOOD.POWERSYNC_URL}/sync` }],
    ["POWERSYNC_URL: url-http-public", { POWERSYNC_URL: "http://sync.example.com" }],
    ["POWERSYNC_IDENTITY_PROVIDERS: POWERSYNC_IDENTITY_PROVIDERS_INVALID", {
      POWERSYNC_IDENTITY_PROVIDERS: "[{}]",
    }],
    ["POWERSYNC_ISSUER: issuer-supabase", { POWERSYNC_ISSUER: "https://x.supabase.co/auth/v1" }],
  ] as const
) {
  Deno.test(`${finding} is found, and nothing secret is shown`, async () => {
    const findings = await inspect({ ...GOOD, ...variables }, { place: "deployment" });
    const shown = JSON.stringify(findings);
    assert(findings.some(({ id, name }) => `${name}: ${id}` === finding), shown);
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

Deno.test("what is pasted in the place of a key is named exactly, and not shown", async () => {
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
    const [found] = await inspect({ ...GOOD, POWERSYNC_PRIVATE_KEY: value }, { place: "deployment" });
    assertEquals([found?.id, found?.severity, found?.mendable], ["secret-not-a-jwk", "error", undefined]);
    assert(found?.message.endsWith(words), found?.message);
    assertFalse(/hunter2|aHVudGVyMg/.test(`${found?.message}`));
  }
});

Deno.test("an entry for Supabase Auth leaves the list of providers, and the others stay", async () => {
  const other = { issuer: "https://acme.eu.auth0.com/", audience: "app" };
  const own = (url: string) => ({ issuer: `${url}/auth/v1/`, audience: "authenticated" });
  const supabaseUrl = "https://abcdefghijklmnopqrst.supabase.co";
  for (const others of [[], [other]]) {
    const list = JSON.stringify([...others, own(supabaseUrl)]);
    const findings = await inspect({ POWERSYNC_IDENTITY_PROVIDERS: list }, {
      place: "deployment",
      supabaseUrl,
    });
    const found = findings.find(({ name }) => name === "POWERSYNC_IDENTITY_PROVIDERS");
    assertEquals(found?.correct, JSON.stringify(others));
  }
});

Deno.test("a secret API key in the place of one for clients is an error, and not shown", async () => {
  for (const name of ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS"]) {
    for (
      const [key, kind] of [["sb_secret_hunter2", "a secret API key"], [
        legacyKey("service_role"),
        "service_role",
      ]]
    ) {
      const isList = name.endsWith("S");
      const value = isList ? JSON.stringify({ default: "sb_publishable_x", web: key }) : `"${key}"`;
      for (const place of ["local", "deployment"] as const) {
        const [found, ...more] = await inspect({ ...GOOD, [name]: value }, { place });
        assertEquals([found?.id, found?.name, found?.severity, more], [
          "api-key-is-secret",
          name,
          "error",
          [],
        ]);
        assert(found?.message.includes(`${kind}`));
        assertFalse(/hunter2|aHVudGVyMg/.test(JSON.stringify(found)));
      }
      const open = isList ? `{"default":"${legacyKey("anon")}"}` : "sb_publishable_x";
      assertEquals(await idsOf({ ...GOOD, [name]: open }), []);
    }
  }
});

Deno.test("the value to set instead is known where there is only one", async () => {
  for (
    const [name, value, correct] of [
      ["POWERSYNC_TOKEN_TTL", "10m", "600"],
      ["POWERSYNC_TOKEN_TTL", "1 h", "3600"],
      ["POWERSYNC_TOKEN_TTL", "30", "60"],
      ["POWERSYNC_TOKEN_TTL", "604800", "86400"],
      ["POWERSYNC_TOKEN_TTL", "long", undefined],
      ["POWERSYNC_SESSION_CHECK", "Server", "server"],
      ["POWERSYNC_SESSION_CHECK", "on", undefined],
    ] as const
  ) {
    const [found, ...more] = await inspect({ ...GOOD, [name]: value }, { place: "deployment" });
    assertEquals([found?.id, found?.correct, more], [`${name}_INVALID`, correct, []]);
  }
});

Deno.test("a command is refused for what it needs and cannot use, but not for what is missing", async () => {
  const broken = { POWERSYNC_TOKEN_TTL: "1h", POWERSYNC_PRIVATE_KEY_2: "e30", POWERSYNC_SHARED_KEY: "e30" };
  const names = (...wanted: string[]) => assertUsable(broken, { file: ".env", names: wanted });
  await names("POWERSYNC_URL", "POWERSYNC_AUDIENCE");
  await assertRejects(() => names("POWERSYNC_TOKEN_TTL"), CommandError, ".env: POWERSYNC_TOKEN_TTL cannot");
  await assertRejects(() => names("POWERSYNC_PRIVATE_KEY"), CommandError, "POWERSYNC_PRIVATE_KEY_2 cannot");
  await assertRejects(() => names("POWERSYNC_SHARED_KEY"), CommandError, "is not an HS256 key");
  const misspelt = { POWER_SYNC_URL: GOOD.POWERSYNC_URL };
  await assertRejects(
    () => assertUsable(misspelt, { file: ".env", names: ["POWERSYNC_URL"] }),
    CommandError,
    ".env: The functions do not read POWER_SYNC_URL: they read POWERSYNC_URL. Rename it to POWERSYNC_URL.",
  );
});
