/** `inspect` beside the functions themselves: what makes them answer with an error is an error before the upload. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { inspect } from "../../scripts/setup/inspect.ts";
import { environmentOf, FUNCTION_NAMES, startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { WRAPPERS } from "../support/pasted.ts";
import { PUBLISHABLE_KEY, USER_ISSUER, userToken } from "../support/project.ts";

const { privateJwk, publicJwk } = await makeKeyPair("ES256");
const rsa1024 = { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
const weak = await crypto.subtle.generateKey({ ...rsa1024, hash: "SHA-256" }, true, ["sign", "verify"]);
const TOKEN = await userToken();
const KEY = encodeSecret(privateJwk);
const provider = (issuer: string) => JSON.stringify([{ issuer, audience: "app" }]);

/** Values of the variables that a person sets, most of them wrong. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  POWERSYNC_PRIVATE_KEY: [
    "",
    KEY,
    JSON.stringify(privateJwk),
    encodeSecret(publicJwk),
    encodeSecret(await crypto.subtle.exportKey("jwk", weak.privateKey)),
    encodeSecret({ ...privateJwk, alg: "ES256K" }),
    encodeSecret({ ...privateJwk, d: privateJwk.d?.replace(/^./, "A") }),
    encodeSecret({ kty: "oct", k: "A".repeat(43), kid: "s" }),
    encodeSecret([privateJwk, publicJwk, publicJwk]),
    "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----",
    KEY.slice(0, 100),
    btoa(KEY),
    "00".repeat(32),
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2ln",
    "sb_secret_abc",
    "e30=",
    "null",
    JSON.stringify(privateJwk).replaceAll('"', "“"),
    "<base64 of the private JWK>",
  ],
  POWERSYNC_URL: [
    "",
    "https://x.powersync.journeyapps.com",
    "x.powersync.journeyapps.com",
    "https://<instance>.powersync.journeyapps.com",
    "https://user:password@x.example",
    "https://x.example?a=b",
    "ftp://x.example",
    "https://x.example y",
  ],
  POWERSYNC_AUDIENCE: ["app", ",", '["app"]', '"a","b"', "https://a.example,b"],
  POWERSYNC_TOKEN_TTL: ["600", "1h", "0", "59", "86401", "-1", "6e2", "600s"],
  POWERSYNC_SESSION_CHECK: ["token", "server", "Server", "yes"],
  POWERSYNC_OAUTH_CLIENTS: ["a,b", ",", '["a"]'],
  POWERSYNC_USER_ISSUER: ["https://x.example/auth/v1", "anything"],
  POWERSYNC_IDENTITY_PROVIDERS: [
    provider("https://id.example"),
    provider("http://id.example"),
    provider(USER_ISSUER),
    provider(`${USER_ISSUER}/`),
    provider("http://127.0.0.1:9/auth/v1"),
    provider("http://127.0.0.1:9/auth/v1/"),
    provider("https://id.example").replaceAll('"', "'"),
    "[{}]",
    "{}",
    "https://id.example",
  ],
  SUPABASE_PUBLISHABLE_KEYS: ['{"default":"sb_publishable_test"}', "sb_publishable_test", "[]"],
  SUPABASE_URL: ["http://127.0.0.1:9", "127.0.0.1", "ref"],
};

/** Whether any function answers with an error of the set-up. */
async function isRefused(environment: Record<string, string>): Promise<boolean> {
  const { ask } = startFunctions({ whole: environment });
  const headers = { apikey: PUBLISHABLE_KEY, Authorization: `Bearer ${TOKEN}` };
  const answers = await Promise.all(FUNCTION_NAMES.map((name) => ask(name, headers)));
  return answers.some(({ status }) => status === 500);
}

Deno.test("what the functions refuse is an error, whatever stands around the value", async () => {
  let refused = 0;
  await captureLog(async () => {
    for (const [name, values] of Object.entries(VALUES)) {
      for (const value of values) {
        for (const how of ["white space", "smart quotes", "a whole line"]) {
          const text = WRAPPERS[how]?.[1](value, name) ?? "";
          const environment = { ...environmentOf(), [name]: text };
          if (!await isRefused(environment)) continue;
          refused++;
          const findings = await inspect(environment, { place: "deployment" });
          const errors = findings.filter(({ severity }) => severity === "error");
          assert(errors.some((error) => error.name === name), `${name}=${text}`);
        }
      }
    }
  });
  assert(refused > 100, `${refused}`);
});

Deno.test("a provider that claims the project's own issuer is found by the project's URL or by its user issuer", async () => {
  const variables = { POWERSYNC_PRIVATE_KEY: KEY, POWERSYNC_URL: "https://x.powersync.journeyapps.com" };
  const issuer = "https://ref.supabase.co/auth/v1";
  const POWERSYNC_IDENTITY_PROVIDERS = provider(`${issuer}/`);
  const idsWith = async (own: Record<string, string>, supabaseUrl?: string) => {
    const set = { ...variables, POWERSYNC_IDENTITY_PROVIDERS, ...own };
    return (await inspect(set, { place: "deployment", supabaseUrl })).map(({ id }) => id);
  };
  assertEquals(await idsWith({}), []);
  const found = ["POWERSYNC_IDENTITY_PROVIDERS_INVALID"];
  assertEquals(await idsWith({}, "https://ref.supabase.co/"), found);
  assertEquals(await idsWith({ SUPABASE_URL: "https://ref.supabase.co" }), found);
  assertEquals(await idsWith({ POWERSYNC_USER_ISSUER: issuer }), found);
  assertEquals(await idsWith({}, "https://other.supabase.co"), []);
});

const other = encodeSecret((await makeKeyPair("EdDSA")).privateJwk);
const rsa = encodeSecret((await makeKeyPair("RS256")).privateJwk);
const PUBLIC = encodeSecret(publicJwk);
const POWERSYNC_URL = "https://6a6c503191ecf2aec48ee8ad.powersync.journeyapps.com";
const BASE = { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: KEY };
const inLines = Buffer.from(JSON.stringify(privateJwk, null, 2)).toString("base64url");

/** Sets that are in order, as projects have them. */
const GOOD: readonly Record<string, string>[] = [
  BASE,
  { ...BASE, POWERSYNC_PUBLIC_KEY: PUBLIC },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: rsa, POWERSYNC_PUBLIC_KEY_OLD: PUBLIC },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY_20261125: KEY },
  { ...BASE, POWERSYNC_PRIVATE_KEY_20261125_2: other },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: JSON.stringify(privateJwk) },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: `“${KEY}”` },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: KEY.replace(/.{64}/g, "$&\n") },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: inLines },
  { POWERSYNC_URL, POWERSYNC_PRIVATE_KEY: JSON.stringify([{ ...privateJwk, key_ops: ["sign", "verify"] }]) },
  { ...BASE, POWERSYNC_AUDIENCE: "powersync,https://sync.example.org/" },
  { ...BASE, POWERSYNC_TOKEN_TTL: "3600", POWERSYNC_SESSION_CHECK: "server", POWERSYNC_ISSUER: "my-app" },
  { ...BASE, POWERSYNC_USER_ISSUER: "https://auth.example.org/auth/v1", POWERSYNC_USER_AUDIENCE: "app" },
  { ...BASE, POWERSYNC_IDENTITY_PROVIDERS: provider("https://my-app.eu.auth0.com/") },
  { ...BASE, POWERSYNC_OAUTH_CLIENTS: "3f1c7f6a-0000-4000-8000-000000000001" },
  {
    ...BASE,
    POWERSYNC_DB_URL: "postgresql://u:p@db.example.org/x",
    VITE_POWERSYNC_URL: "x",
    STRIPE_KEY: "s",
  },
  { ...BASE, PRIVATE_KEY: "-----BEGIN", JWT_SECRET: "s", POWERSYNC_KEY: "mine", POWERSYNC_TOKEN: "x" },
  { ...BASE, SUPABASE_SERVICE_ROLE_KEY: "sb_secret_x", SUPABASE_DB_URL: "p", PS_PORT: "80" },
  { ...BASE, SUPABASE_ANON_KEY: "sb_publishable_x" },
  { ...BASE, SUPABASE_URL: "https://ref.supabase.co", SUPABASE_PUBLISHABLE_KEYS: '{"a":"sb_publishable_x"}' },
  { ...BASE, POWERSYNC_URL: "https://sync.example.org" },
  { ...BASE, POWERSYNC_URL_2: "https://other.example.org", POWERSYNC_AUDIENCE: "" },
];

Deno.test("sets that are in order have no finding, and the functions take them", async () => {
  await captureLog(async () => {
    for (const variables of GOOD) {
      assertEquals([variables, await inspect(variables, { place: "deployment" })], [variables, []]);
      assertEquals(await inspect(variables, { place: "local" }), []);
      const platform = { SUPABASE_URL: "http://127.0.0.1:9", SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY };
      assertEquals(await isRefused({ ...platform, ...variables }), false);
    }
  });
});
