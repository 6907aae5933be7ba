import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRORS, PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import {
  type Environment,
  readApiKeys,
  readEnvironment,
  readKeySecrets,
  readSetting,
  type Setting,
  type SettingName,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { readTokenSettings } from "../../supabase/functions/_shared/powersync/token.ts";
import { assertTable } from "../support/table.ts";

const POWERSYNC_URL = "https://instance.powersync.journeyapps.com";
const SUPABASE_URL = "https://project.supabase.co";

function tokenSettings(environment: Environment = {}) {
  return readTokenSettings({ POWERSYNC_URL, ...environment });
}

/** The settings of a project's Supabase Auth. */
function userSettings(environment: Environment = {}) {
  const all = { SUPABASE_URL, ...environment };
  return {
    supabaseUrl: readSetting(all, "SUPABASE_URL"),
    inlineKeys: readSetting(all, "SUPABASE_JWKS"),
    issuer: readSetting(all, "POWERSYNC_USER_ISSUER"),
    sessionCheck: readSetting(all, "POWERSYNC_SESSION_CHECK"),
  };
}

/** Not plain http or https URLs. */
const NOT_URLS = [
  ...["instance.example", "ws://instance.example", "https://", "https://<instance>.example"],
  ...["https://instance.example?x", "https://instance.example#x", "https://user@instance.example"],
  ...["https://:password@instance.example", "https://instance\n.example", "https://instance .example"],
  "https://instänce.example",
];

function codeOf(read: () => unknown): string {
  return assertThrows(read, PowerSyncAuthError).code;
}

Deno.test("the defaults: the URL as audience, powersync-auth as issuer, 300 seconds, checks by token", () => {
  const [url, issuer, lifetimeSeconds] = [POWERSYNC_URL, "powersync-auth", 300];
  assertEquals(tokenSettings(), { url, audience: url, issuer, lifetimeSeconds });
  const user = { supabaseUrl: SUPABASE_URL, inlineKeys: [], issuer: undefined, sessionCheck: "token" };
  assertEquals<unknown>(userSettings(), user);
});

Deno.test("an empty secret, one of white space alone, or one of two quotation marks, counts as unset", () => {
  for (const empty of ["", "  ", "\n", '""', "''", "\ufeff"]) {
    assertEquals(
      tokenSettings({ POWERSYNC_AUDIENCE: empty, POWERSYNC_ISSUER: empty, POWERSYNC_TOKEN_TTL: empty }),
      tokenSettings(),
    );
    assertEquals(
      userSettings({ SUPABASE_JWKS: empty, POWERSYNC_USER_ISSUER: empty, POWERSYNC_SESSION_CHECK: empty }),
      userSettings(),
    );
    assertEquals(readSetting({ SB_EXECUTION_ID: empty }, "SB_EXECUTION_ID"), "unknown");
    assertEquals(readApiKeys({ SUPABASE_PUBLISHABLE_KEYS: empty, SUPABASE_ANON_KEY: "a" }), ["a"]);
    assertEquals(codeOf(() => tokenSettings({ POWERSYNC_URL: empty })), "POWERSYNC_URL_MISSING");
    assertEquals(codeOf(() => userSettings({ SUPABASE_URL: empty })), "SUPABASE_URL_MISSING");
    assertEquals(readKeySecrets({ POWERSYNC_PRIVATE_KEY: empty }), { signing: [], extra: [] });
  }
});

Deno.test("a URL loses its trailing slashes and nothing else, because PowerSync compares each character", () => {
  for (
    const url of [
      "https://I.example",
      "https://i.example:443",
      "http://localhost:8080",
      "https://i.example/x",
    ]
  ) {
    for (const text of [url, `${url}/`, `${url}//`]) {
      assertEquals(tokenSettings({ POWERSYNC_URL: text }).url, url);
      assertEquals(userSettings({ SUPABASE_URL: text }).supabaseUrl, url);
    }
  }
});

/** Texts that a setting refuses, each in an environment that is good besides. */
const INVALID: Partial<Record<SettingName, readonly string[]>> = {
  POWERSYNC_URL: NOT_URLS,
  SUPABASE_URL: NOT_URLS,
  POWERSYNC_AUDIENCE: [" , "],
  POWERSYNC_TOKEN_TTL: ["59", "86401", "0", "-60", "60.5", "1e3", "0x60", "5m", "1 000", "Infinity", "NaN"],
  POWERSYNC_SESSION_CHECK: ["Server", "true", "tokens"],
  SUPABASE_JWKS: ["{}", '{"keys":{}}', "[null]", '["a"]', "nothing", '{"keys":[{}]'],
};

for (const [name, texts] of Object.entries(INVALID)) {
  Deno.test(`${name}: a value that is not what it must be is refused`, async () => {
    const read = (text: string) =>
      codeOf(() => [tokenSettings({ [name]: text }), userSettings({ [name]: text })]);
    await assertTable(read, { [`${name}_INVALID`]: texts });
  });
}

Deno.test("each setting takes its values", () => {
  const audienceOf = (text: string) => tokenSettings({ POWERSYNC_AUDIENCE: text }).audience;
  assertEquals(["one", " one ,", "one,two , three"].map(audienceOf), ["one", "one", ["one", "two", "three"]]);
  assertEquals(tokenSettings({ POWERSYNC_ISSUER: "https://me/" }).issuer, "https://me/");
  assertEquals(userSettings({ POWERSYNC_USER_ISSUER: "https://auth.me/" }).issuer, "https://auth.me/");
  const lifetime = (seconds: number) => tokenSettings({ POWERSYNC_TOKEN_TTL: `${seconds}` }).lifetimeSeconds;
  assertEquals([60, 61, 3600, 86_400].map(lifetime), [60, 61, 3600, 86_400]);
  const check = (text: string) => userSettings({ POWERSYNC_SESSION_CHECK: text }).sessionCheck;
  assertEquals(["token", "server"].map(check), ["token", "server"]);
  const keys = (text: string) => userSettings({ SUPABASE_JWKS: text }).inlineKeys;
  assertEquals(['{"keys":[{"kid":"a"}]}', '[{"kid":"a"}]'].map(keys), [[{ kid: "a" }], [{ kid: "a" }]]);
  assertEquals(keys("[]"), []);
});

Deno.test("the key secrets are those of the two names, alone or with an underscore and more, sorted by name", () => {
  const environment = {
    ...{ POWERSYNC_PRIVATE_KEY_B: "b", POWERSYNC_PRIVATE_KEY_A: " a ", POWERSYNC_PRIVATE_KEY: "main" },
    ...{ POWERSYNC_PUBLIC_KEY_2: "2", POWERSYNC_PUBLIC_KEY_10: "10", POWERSYNC_PUBLIC_KEY: "" },
    ...{ POWERSYNC_PRIVATE_KEYS: "no", MY_POWERSYNC_PRIVATE_KEY: "no", powersync_public_key: "no" },
  };
  const { signing, extra } = readKeySecrets(environment);
  assertEquals([signing, extra].map((secrets) => secrets.map(({ name, value }) => `${name}=${value}`)), [
    ["POWERSYNC_PRIVATE_KEY=main", "POWERSYNC_PRIVATE_KEY_A=a", "POWERSYNC_PRIVATE_KEY_B=b"],
    ["POWERSYNC_PUBLIC_KEY_10=10", "POWERSYNC_PUBLIC_KEY_2=2"],
  ]);
});

Deno.test("the API keys are every publishable key, the singular one, and the legacy anon key", () => {
  const keys = { SUPABASE_PUBLISHABLE_KEYS: '{"default":"a","web":"b"}', SUPABASE_PUBLISHABLE_KEY: "c" };
  assertEquals(readApiKeys({ ...keys, SUPABASE_ANON_KEY: "d" }), ["a", "b", "c", "d"]);
  assertEquals(readApiKeys({ SUPABASE_PUBLISHABLE_KEYS: "{}", SUPABASE_ANON_KEY: "d" }), ["d"]);
  for (const none of [{}, { SUPABASE_PUBLISHABLE_KEYS: "{}" }]) {
    assertEquals(codeOf(() => readApiKeys(none)), "SUPABASE_PUBLISHABLE_KEYS_MISSING");
  }
  for (const unusable of ['["a"]', '{"default":""}', '{"default":"a","web":7}']) {
    const code = codeOf(() => readApiKeys({ SUPABASE_PUBLISHABLE_KEYS: unusable }));
    assertEquals([unusable, code], [unusable, "SUPABASE_PUBLISHABLE_KEYS_INVALID"]);
  }
});

Deno.test("the environment of Deno is what is read by default, else that of Node, else none, as it is then", () => {
  Deno.env.set("SB_EXECUTION_ID", "run-8");
  try {
    assertEquals(readSetting(readEnvironment(), "SB_EXECUTION_ID"), "run-8");
  } finally {
    Deno.env.delete("SB_EXECUTION_ID");
  }
  assertEquals(readSetting(readEnvironment(), "SB_EXECUTION_ID"), "unknown");
  const process = { env: { POWERSYNC_ISSUER: "node" } };
  assertEquals(readEnvironment({ process }), { POWERSYNC_ISSUER: "node" });
  const onDeno = {
    Deno: { env: { toObject: () => ({ a: "deno" }) } },
    get process(): never {
      throw new Error("Deno makes it when somebody looks at it.");
    },
  };
  assertEquals(readEnvironment(onDeno), { a: "deno" });
  assertEquals([readEnvironment({}), readEnvironment({ process: {} })], [{}, {}]);
});

Deno.test("no message and no hint names a tool or a place of one host", () => {
  const said = Object.values(ERRORS).flatMap(({ message, hint }) => [message, hint]);
  const settings = Object.values(SETTINGS).map(({ what }) => what);
  for (const text of [...said, ...settings]) assert(!/supabase secrets|Edge Function/i.test(text), text);
});

Deno.test("every setting says what it is for, and has a code for each fault that it can have", () => {
  for (const [name, { what, read, required }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    assert(what.endsWith("."), name);
    if (required) assert(`${name}_MISSING` in ERRORS, name);
    if (read !== undefined) assert(`${name}_INVALID` in ERRORS, name);
  }
});
