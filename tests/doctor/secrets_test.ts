import { assert, assertEquals } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/check.ts";
import type { EnvChange } from "../../scripts/doctor/fix-context.ts";
import { checkSecrets, type Surroundings } from "../../scripts/doctor/secrets.ts";
import { base64 } from "../support/project.ts";
import { makeKey, type TestKey } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");
const twin = await makeKey("RS256", "powersync-0123456789");
const dev = await makeKey("ES256", "dev-0123456789");
const INSTANCE = "https://x.powersync.journeyapps.com";
const HERE = "http://127.0.0.1:8080";

type Variables = Readonly<Record<string, string>>;

const GOOD: Variables = {
  POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
  POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  POWERSYNC_URL: INSTANCE,
};

interface Options extends Partial<Surroundings> {
  readonly local?: boolean;
  readonly change?: EnvChange;
}

/** What is found, and nothing secret. */
async function look(changes: Variables, { local = false, ...surroundings }: Options = {}) {
  const variables = { ...GOOD, ...changes };
  const known = { nowSeconds: 0, supabaseUrl: undefined, isHere: false, ...surroundings };
  const checks = await checkSecrets({ path: ".env.production", variables, local }, known);
  const shown = JSON.stringify(checks);
  for (const jwk of [key.privateJwk, twin.privateJwk, dev.privateJwk]) assert(!shown.includes(`${jwk.d}`));
  for (const value of Object.values(changes)) assert(value.length < 100 || !shown.includes(value));
  return checks;
}

Deno.test("good secrets pass, and the check says which key signs", async () => {
  const checks = await look({});
  assertEquals(checks.filter(({ status }) => status !== "passed"), []);
  assert(checks[0]?.seen.includes("powersync-0123456789"));
});

const signsWith = (jwk: unknown) => ({ POWERSYNC_PRIVATE_KEY: base64(jwk) });
const devKey = (key: TestKey) => ({ ...signsWith(key.privateJwk), POWERSYNC_PUBLIC_KEY: "" });
const own = { issuer: "https://x.supabase.co/auth/v1", audience: "authenticated" };
const other = { issuer: "https://a.example", audience: "api" };
const providers = (value: string) => ({ POWERSYNC_IDENTITY_PROVIDERS: value });

/** What is found first, and nothing where all is well; the changes of the good file, and what is known beside it. */
const CASES: readonly (readonly [cause: CauseId | undefined, changes: Variables, options?: Options])[] = [
  ["POWERSYNC_PRIVATE_KEY_MISSING", { POWERSYNC_PRIVATE_KEY: "" }],
  ["KEY_MALFORMED", { POWERSYNC_PRIVATE_KEY: base64(key.privateJwk).slice(0, 900) }],
  ["secret-not-a-jwk", { POWERSYNC_PRIVATE_KEY: "-----BEGIN SOMETHING-----" }],
  ["secrets-swapped", { ...signsWith(key.publicJwk), POWERSYNC_PUBLIC_KEY: base64(key.privateJwk) }],
  ["KEY_IS_PUBLIC", signsWith(key.publicJwk)],
  ["KEY_IS_PRIVATE", { POWERSYNC_PUBLIC_KEY_OLD: base64(twin.privateJwk) }],
  ["KEY_IS_SYMMETRIC", signsWith({ kty: "oct", k: "AAAA" })],
  ["KEY_UNSUPPORTED", signsWith({ ...key.privateJwk, alg: "PS256" })],
  ["KEY_TOO_WEAK", signsWith({ ...key.privateJwk, e: "Aw" })],
  ["KEY_INCONSISTENT", signsWith({ ...key.privateJwk, d: twin.privateJwk.d })],
  ["KEY_ID_DUPLICATE", { POWERSYNC_PRIVATE_KEY_2: base64(twin.privateJwk) }],
  ["KEY_PAIR_MISMATCH", { POWERSYNC_PUBLIC_KEY: base64(twin.publicJwk) }],
  ["local-key", devKey(dev)],
  ["POWERSYNC_URL_MISSING", { POWERSYNC_URL: "" }],
  ["url-placeholder", { POWERSYNC_URL: "https://<instance>.powersync.journeyapps.com" }],
  ["POWERSYNC_URL_INVALID", { POWERSYNC_URL: "powersync" }],
  ["url-trailing-slash", { POWERSYNC_URL: `${INSTANCE}/` }],
  ["url-has-path", { POWERSYNC_URL: `${INSTANCE}/sync` }],
  ["url-http-public", { POWERSYNC_URL: "http://sync.example.com" }],
  ["POWERSYNC_TOKEN_TTL_INVALID", { POWERSYNC_TOKEN_TTL: "86401" }],
  ["POWERSYNC_AUDIENCE_INVALID", { POWERSYNC_AUDIENCE: "," }],
  ["issuer-supabase", { POWERSYNC_ISSUER: "https://x.supabase.co/auth/v1" }],
  // A setting under a misspelt name is not looked for under the right one.
  ...["POWERSYNC_ULR", "powersync_url"].map((name) =>
    ["name-misspelt", { POWERSYNC_URL: "", [name]: INSTANCE }, {
      change: { rename: [name, "POWERSYNC_URL"] },
    }] as const
  ),
  // For a deployment on this computer, its URL is no fault, but what else is wrong is.
  [undefined, { POWERSYNC_URL: HERE, POWERSYNC_AUDIENCE: HERE }, { supabaseUrl: HERE, isHere: true }],
  ["url-has-path", { POWERSYNC_URL: `${HERE}/sync/stream` }, { supabaseUrl: HERE, isHere: true }],
  ["url-http-public", { POWERSYNC_URL: "http://sync.acme.io" }, { supabaseUrl: HERE, isHere: true }],
  ["local-key", devKey(dev), { supabaseUrl: HERE, isHere: true }],
  // What is for this computer only passes in the file for it.
  [undefined, { ...devKey(dev), POWERSYNC_URL: "http://localhost:8080" }, { local: true }],
  // The project's own issuer leaves the list of providers, and no other does.
  ...[[], [other]].map((left) =>
    ["POWERSYNC_IDENTITY_PROVIDERS_INVALID", providers(base64([own, ...left])), {
      supabaseUrl: "https://x.supabase.co",
      change: { set: providers(JSON.stringify(left)) },
    }] as const
  ),
];

for (const [number, [cause, changes, { change, ...options } = {}]] of CASES.entries()) {
  Deno.test(`${cause ?? "nothing"} is found in the file (case ${number})`, async () => {
    const checks = await look(changes, options);
    const found = checks.filter(({ status }) => status !== "passed");
    assertEquals(found.map((check) => check.cause), cause === undefined ? [] : [cause]);
    for (const { seen } of found) assert(seen);
    if (change !== undefined) assertEquals(found[0]?.change, change);
  });
}
