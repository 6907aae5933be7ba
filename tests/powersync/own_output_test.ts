/**
 * Binds the core to the rules: whatever the functions publish or sign, PowerSync accepts. Changed keys are in
 * tests/attacks/properties_test.ts.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { checkJwks } from "../../scripts/powersync/jwks.ts";
import { json } from "../support/any_text.ts";
import { startFunctions } from "../support/functions.ts";
import { base64, projectKeys, PUBLISHABLE_KEY, userClaims } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import { assertAccepted } from "./token_check.ts";
import { CASES } from "./verdicts.ts";

const keys = await Promise.all(
  ["RS256", "RS512", "ES256", "ES384", "EdDSA"].map((alg) => makeKey(alg, `key-${alg}`)),
);
const GOOD_KEY = base64(keys[2]?.privateJwk);

/** Every rule holds for what is published: none fails, and none warns. */
async function assertPublishesGoodKeys(environment: Readonly<Record<string, string>>): Promise<void> {
  const { status, body } = await startFunctions({ environment }).ask("powersync-jwks");
  assertEquals(status, 200, JSON.stringify(body));
  assertEquals(checkJwks(body).filter(({ outcome }) => outcome !== "passed"), []);
}

Deno.test("every JWKS of PowerSync's verdicts, set as an extra key, leaves the published JWKS good", async () => {
  const sets = new Set(CASES.flatMap(({ jwks }) => jwks?.trim() ? [jwks] : []));
  for (const set of sets) {
    await assertPublishesGoodKeys({ POWERSYNC_PRIVATE_KEY: GOOD_KEY, POWERSYNC_PUBLIC_KEY: set });
  }
});

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const url = fc.tuple(fc.constantFrom("http", "https"), fc.domain(), text).map(([scheme, host, path]) =>
  `${scheme}://${host}/${encodeURIComponent(path)}`
);
const settings = fc.record({
  key: fc.constantFrom(...keys),
  url: fc.oneof(url, url.map((text) => `${text}/`)),
  audiences: fc.array(url, { maxLength: 3 }),
  issuer: text,
  lifetime: fc.integer({ min: 0, max: 90_000 }),
});
const anyClaims = fc.oneof(
  { weight: 4, arbitrary: fc.record({ sub: text, parameters: fc.dictionary(text, json) }) },
  { weight: 2, arbitrary: fc.record({ sub: text, role: json, parameters: json }) },
  { weight: 1, arbitrary: fc.record({ sub: json, nbf: fc.integer() }, { requiredKeys: ["sub"] }) },
  { weight: 1, arbitrary: fc.record({ sub: text, filler: fc.string({ minLength: 5000, maxLength: 9000 }) }) },
);

Deno.test("whatever the settings and claims.ts are, PowerSync accepts every token that is signed", async () => {
  let signed = 0;
  const seconds = fc.integer({ min: 1_000_000_000, max: 4_000_000_000 });
  await fc.assert(
    fc.asyncProperty(settings, anyClaims, seconds, async (set, claims, nowSeconds) => {
      const functions = startFunctions({
        claims: () => claims,
        environment: {
          POWERSYNC_PRIVATE_KEY: base64(set.key.privateJwk),
          POWERSYNC_URL: set.url,
          POWERSYNC_AUDIENCE: set.audiences.join(", "),
          POWERSYNC_ISSUER: set.issuer,
          POWERSYNC_TOKEN_TTL: `${set.lifetime}`,
        },
      });
      functions.clock.ms = nowSeconds * 1000 + 999;
      const user = await sign(userClaims({ iat: nowSeconds, exp: nowSeconds + 3600 }), {
        key: projectKeys.ES256,
      });
      const { body: jwks } = await functions.ask("powersync-jwks");
      const answers = [
        await functions.ask("powersync-auth", { Authorization: `Bearer ${user}` }),
        await functions.ask("powersync-auth-anonymous", { apikey: PUBLISHABLE_KEY }),
      ];
      for (const { status, body } of answers) {
        if (status !== 200) continue;
        signed++;
        // PowerSync is configured with one of the audiences; without any, it is the instance's URL.
        const [audience = body.powersync_url] = set.audiences.toReversed();
        assertAccepted(await checkToken(body.token, { jwks, audiences: [audience], nowSeconds }));
      }
    }),
    { numRuns: 100 },
  );
  assert(signed > 40, `${signed} were signed`);
});
