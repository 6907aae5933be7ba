import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { checkDeployedKeys } from "../../scripts/doctor/jwks.ts";
import { checkSecrets } from "../../scripts/doctor/secrets.ts";
import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { base64 } from "../support/project.ts";
import { makeKey, type TestKey } from "../support/signing.ts";

const key = await makeKey("RS256", "powersync-0123456789");
const twin = await makeKey("RS256", "powersync-0123456789");
const dev = await makeKey("ES256", "dev-0123456789");
const weak = { ...key.privateJwk, e: "Aw" };
const URL_SET = "https://x.powersync.journeyapps.com";

const GOOD = {
  POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
  POWERSYNC_PUBLIC_KEY: base64(key.publicJwk),
  POWERSYNC_URL: URL_SET,
};
const secret = ({ privateJwk }: TestKey) => ({ POWERSYNC_PRIVATE_KEY: base64(privateJwk) });

async function look(variables: Record<string, string>, local = false) {
  return await checkSecrets(
    { path: ".env.production", variables: { ...GOOD, ...variables }, local },
    { nowSeconds: Date.now() / 1000, supabaseUrl: undefined, isHere: false },
  );
}

Deno.test("good secrets pass, and the check says which key signs", async () => {
  const checks = await look({});
  assertEquals(checks.filter(({ status }) => status !== "passed"), []);
  assert(checks[0]?.seen.includes("powersync-0123456789"));
});

Deno.test("a setting under a misspelt name is not looked for under the right one", async () => {
  const { POWERSYNC_URL, ...others } = GOOD;
  for (const name of ["POWERSYNC_ULR", "powersync_url"]) {
    const variables = { ...others, [name]: POWERSYNC_URL };
    const checks = await checkSecrets(
      { path: ".env.production", variables, local: false },
      { nowSeconds: 0, supabaseUrl: undefined, isHere: false },
    );
    const failures = checks.filter(({ status }) => status === "failed");
    assertEquals(failures.map(({ cause, change }) => [cause, change?.rename]), [
      ["name-misspelt", [name, "POWERSYNC_URL"]],
    ]);
  }
});

Deno.test("for a deployment on this computer, its URL is no fault, but what else is wrong is", async () => {
  const local = "http://127.0.0.1:8080";
  const cases: [Record<string, string>, CauseId[]][] = [
    [{ POWERSYNC_URL: local, POWERSYNC_AUDIENCE: local }, []],
    [{ POWERSYNC_URL: `${local}/sync/stream` }, ["url-has-path"]],
    [{ POWERSYNC_URL: "http://sync.acme.io" }, ["url-http-public"]],
    [{ ...secret(dev), POWERSYNC_PUBLIC_KEY: "" }, ["local-key"]],
  ];
  for (const [variables, expected] of cases) {
    const checks = await checkSecrets(
      { path: ".env.production", variables: { ...GOOD, ...variables }, local: false },
      { nowSeconds: 0, supabaseUrl: local, isHere: true },
    );
    assertEquals(checks.flatMap(({ cause }) => cause ?? []), expected);
  }
});

Deno.test("another key under the same ID is told from one that is missing", () => {
  const { kid = "" } = key;
  const published = [{ ...key.publicJwk, kid, kty: "RSA", alg: "RS256", use: "sig" } as PublishedKey];
  const [same] = checkDeployedKeys(published, { keys: [twin.publicJwk] });
  assertMatch(`${same?.seen}`, /has a different key under the `kid` powersync-0123456789 of the file/);
  const [missing] = checkDeployedKeys(published, { keys: [dev.publicJwk] });
  assertMatch(`${missing?.seen}`, /has dev-0123456789, but not powersync-0123456789 of the file\./);
});

const CASES: [CauseId, Record<string, string>][] = [
  ["POWERSYNC_PRIVATE_KEY_MISSING", { POWERSYNC_PRIVATE_KEY: "" }],
  ["KEY_MALFORMED", { POWERSYNC_PRIVATE_KEY: base64(key.privateJwk).slice(0, 900) }],
  ["secret-not-a-jwk", { POWERSYNC_PRIVATE_KEY: "-----BEGIN SOMETHING-----" }],
  ["secrets-swapped", {
    POWERSYNC_PRIVATE_KEY: base64(key.publicJwk),
    POWERSYNC_PUBLIC_KEY: base64(key.privateJwk),
  }],
  ["KEY_IS_PUBLIC", { POWERSYNC_PRIVATE_KEY: base64(key.publicJwk) }],
  ["KEY_IS_PRIVATE", { POWERSYNC_PUBLIC_KEY_OLD: base64(twin.privateJwk) }],
  ["KEY_IS_SYMMETRIC", { POWERSYNC_PRIVATE_KEY: base64({ kty: "oct", k: "AAAA" }) }],
  ["KEY_UNSUPPORTED", { POWERSYNC_PRIVATE_KEY: base64({ ...key.privateJwk, alg: "PS256" }) }],
  ["KEY_TOO_WEAK", { POWERSYNC_PRIVATE_KEY: base64(weak) }],
  ["KEY_INCONSISTENT", { POWERSYNC_PRIVATE_KEY: base64({ ...key.privateJwk, d: twin.privateJwk.d }) }],
  ["KEY_ID_DUPLICATE", { POWERSYNC_PRIVATE_KEY_2: base64(twin.privateJwk) }],
  ["KEY_PAIR_MISMATCH", { POWERSYNC_PUBLIC_KEY: base64(twin.publicJwk) }],
  ["local-key", { ...secret(dev), POWERSYNC_PUBLIC_KEY: "" }],
  ["POWERSYNC_URL_MISSING", { POWERSYNC_URL: "" }],
  ["url-placeholder", { POWERSYNC_URL: "https://<instance>.powersync.journeyapps.com" }],
  ["POWERSYNC_URL_INVALID", { POWERSYNC_URL: "powersync" }],
  ["url-trailing-slash", { POWERSYNC_URL: `${URL_SET}/` }],
  ["url-has-path", { POWERSYNC_URL: `${URL_SET}/sync` }],
  ["url-http-public", { POWERSYNC_URL: "http://sync.example.com" }],
  ["POWERSYNC_TOKEN_TTL_INVALID", { POWERSYNC_TOKEN_TTL: "86401" }],
  ["POWERSYNC_AUDIENCE_INVALID", { POWERSYNC_AUDIENCE: "," }],
  ["issuer-supabase", { POWERSYNC_ISSUER: "https://x.supabase.co/auth/v1" }],
];

for (const [number, [cause, variables]] of CASES.entries()) {
  Deno.test(`${cause} is named when it is in the file (case ${number})`, async () => {
    const checks = await look(variables);
    const found = checks.find((check) => check.cause === cause);
    assert(found?.seen, JSON.stringify(checks));
    const shown = JSON.stringify(checks);
    for (const jwk of [key.privateJwk, twin.privateJwk, dev.privateJwk]) assert(!shown.includes(`${jwk.d}`));
    for (const value of Object.values(variables)) assert(value.length < 100 || !shown.includes(value));
  });
}

Deno.test("what is for this computer only passes in the file for it", async () => {
  const checks = await look({
    ...secret(dev),
    POWERSYNC_PUBLIC_KEY: "",
    POWERSYNC_URL: "http://localhost:8080",
  }, true);
  assertEquals(checks.filter(({ status }) => status !== "passed"), []);
});
