import { assert, assertEquals, assertFalse } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import { deployedKey, withDeployment } from "../support/deployment.ts";
import { makeKey, sign } from "../support/signing.ts";

const other = await makeKey("ES256", "other");
const rsa = await makeRsaKey();
const NOW = () => Date.now() / 1000;

/** One RSA key that its JWKS states for RS256, and that signs with RS512 as well. */
async function makeRsaKey() {
  const key = await makeKey("RS512", "rsa");
  return { ...key, publicJwk: { ...key.publicJwk, alg: "RS256" } };
}

Deno.test("each fault of a token is named with its code", async () => {
  const now = Math.floor(NOW());
  const good = { sub: "u", aud: "https://a.example", iat: now, exp: now + 300 };
  const { sub: _sub, ...noSubject } = good;
  const { aud: _aud, ...noAudience } = good;
  const header = (changes: Record<string, unknown>) => sign(good, { key: deployedKey, header: changes });
  const claims = (changes: Record<string, unknown>) => sign({ ...good, ...changes }, { key: deployedKey });
  const cases: [CauseId, string, string | undefined][] = [
    ["aud-accepted", await claims({ aud: "https://a.example/" }), "PSYNC_S2105"],
    ["aud-present", await sign(noAudience, { key: deployedKey }), "PSYNC_S2105"],
    ["lifetime", await claims({ exp: now + 90_000 }), "PSYNC_S2104"],
    ["exp-not-passed", await claims({ iat: now - 900, exp: now - 600 }), "PSYNC_S2103"],
    ["nbf-reached", await claims({ nbf: now + 600 }), "PSYNC_S2101"],
    ["sub-present", await sign(noSubject, { key: deployedKey }), "PSYNC_S2101"],
    ["iat-number", await claims({ iat: "now" }), "PSYNC_S2101"],
    ["parameters-object", await claims({ parameters: [] }), "PSYNC_S2101"],
    ["token-is-unpublished-key", await header({ kid: "nobody" }), "PSYNC_S2101"],
    ["signature", await sign(good, { key: other, header: { kid: deployedKey.kid } }), "PSYNC_S2101"],
    ["sub-text", await claims({ sub: 42 }), undefined],
    ["iss-not-supabase", await claims({ iss: "https://x.supabase.co" }), undefined],
    ["token-is-not-a-token", "a.b", "PSYNC_S2101"],
    ["token-size", await claims({ text: "x".repeat(17_000) }), "HTTP 431"],
    ["key-algorithm", await sign(good, { key: { ...rsa, alg: "RS512" } }), "PSYNC_S2101"],
    ["token-algorithm", await sign(good, { key: await makeKey("PS256", deployedKey.kid) }), "PSYNC_S2101"],
  ];
  await withDeployment(async (deployment) => {
    deployment.instead["powersync-jwks"] = () =>
      Response.json({ keys: [deployedKey.publicJwk, rsa.publicJwk] });
    for (const [cause, token, code] of cases) {
      const { checks } = await examine({
        file: undefined,
        token,
        audiences: ["https://a.example"],
        jwksUrl: `${deployment.url}/functions/v1/powersync-jwks`,
        now: NOW,
        slowMs: 3_000,
        timeoutMs: 5_000,
      });
      const found = checks.find((check) => check.cause === cause);
      assertEquals([cause, found?.cause, found?.code], [cause, cause, code]);
      assert(found?.hint);
      assertFalse(JSON.stringify(checks).includes(token), "the token is shown");
    }
  });
});
