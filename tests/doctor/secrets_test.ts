import { assert, assertEquals } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/causes.ts";
import { checkSecrets } from "../../scripts/doctor/secrets.ts";
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
    Date.now() / 1000,
  );
}

Deno.test("good secrets pass, and the check says which key signs", async () => {
  const checks = await look({});
  assertEquals(checks.filter(({ status }) => status !== "passed"), []);
  assert(checks[0]?.seen.includes("powersync-0123456789"));
});

const CASES: [CauseId, Record<string, string>][] = [
  ["secret-missing", { POWERSYNC_PRIVATE_KEY: "" }],
  ["secret-truncated", { POWERSYNC_PRIVATE_KEY: base64(key.privateJwk).slice(0, 900) }],
  ["secret-not-a-jwk", { POWERSYNC_PRIVATE_KEY: "-----BEGIN SOMETHING-----" }],
  ["secrets-swapped", {
    POWERSYNC_PRIVATE_KEY: base64(key.publicJwk),
    POWERSYNC_PUBLIC_KEY: base64(key.privateJwk),
  }],
  ["secret-is-public", { POWERSYNC_PRIVATE_KEY: base64(key.publicJwk) }],
  ["secret-is-private", { POWERSYNC_PUBLIC_KEY_OLD: base64(twin.privateJwk) }],
  ["secret-symmetric", { POWERSYNC_PRIVATE_KEY: base64({ kty: "oct", k: "AAAA" }) }],
  ["secret-unsupported", { POWERSYNC_PRIVATE_KEY: base64({ ...key.privateJwk, alg: "PS256" }) }],
  ["secret-too-weak", { POWERSYNC_PRIVATE_KEY: base64(weak) }],
  ["secret-inconsistent", { POWERSYNC_PRIVATE_KEY: base64({ ...key.privateJwk, d: twin.privateJwk.d }) }],
  ["secret-kid-duplicate", { POWERSYNC_PRIVATE_KEY_2: base64(twin.privateJwk) }],
  ["secret-pair-mismatch", { POWERSYNC_PUBLIC_KEY: base64(twin.publicJwk) }],
  ["secrets-local-only", { ...secret(dev), POWERSYNC_PUBLIC_KEY: "" }],
  ["url-missing", { POWERSYNC_URL: "" }],
  ["url-placeholder", { POWERSYNC_URL: "https://<instance>.powersync.journeyapps.com" }],
  ["url-invalid", { POWERSYNC_URL: "powersync" }],
  ["url-trailing-slash", { POWERSYNC_URL: `${URL_SET}/` }],
  ["url-has-path", { POWERSYNC_URL: `${URL_SET}/sync` }],
  ["url-http-public", { POWERSYNC_URL: "http://sync.example.com" }],
  ["lifetime-out-of-range", { POWERSYNC_TOKEN_TTL: "86401" }],
  ["setting-invalid", { POWERSYNC_AUDIENCE: "," }],
  ["issuer-supabase", { POWERSYNC_ISSUER: "https://x.supabase.co/auth/v1" }],
];

for (const [number, [cause, variables]] of CASES.entries()) {
  Deno.test(`${cause} is named when it is in the file (case ${number})`, async () => {
    const checks = await look(variables);
    const found = checks.find((check) => check.cause === cause);
    assert(found?.fix !== undefined, JSON.stringify(checks));
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
