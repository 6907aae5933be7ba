/** What an upstream publishes, with JSON of every type in the place of any part: a coded answer, or no difference. */
import { assert, assertEquals } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { environmentOf, startFunctions } from "../support/functions.ts";
import { startIssuer } from "../support/issuer.ts";
import { captureLog } from "../support/log.ts";
import { projectKeys, userToken } from "../support/project.ts";
import { withRawMember } from "./jws.ts";

const key = projectKeys.ES256;
const DEEP = "[".repeat(20_000) + "]".repeat(20_000);

/** A JWKS with any JSON in the place of the whole, of its list, of a key or of a member. */
const oddJwks = fc.tuple(
  fc.oneof(fc.json({ maxDepth: 4 }), fc.constantFrom(DEEP, '{"toString":1}', '{"length":-1}', '["ES256"]')),
  fc.constantFrom(
    ...["whole", "keys", "key"],
    ...["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "d", "n", "x5c", "__proto__", "toString"],
  ),
).map(([json, place]) => {
  if (place === "whole") return json;
  if (place === "keys") return `{"keys":${json}}`;
  return `{"keys":[${place === "key" ? json : withRawMember({ ...key.publicJwk }, place, json)}]}`;
});

/** Whatever `outcome` answers for odd JSON, it is `200`, one of these codes, and nothing that is logged as our own fault. */
async function assertCodes(
  outcome: (json: string) => Promise<string>,
  { numRuns, codes }: { numRuns: number; codes: RegExp },
): Promise<void> {
  const log = await captureLog(async () => {
    await fc.assert(
      fc.asyncProperty(oddJwks, async (json) => {
        const code = await outcome(json);
        assert(code === "200" || codes.test(code), `${code} for ${json.slice(0, 200)}`);
      }),
      { numRuns },
    );
  });
  assertEquals(log.filter((line) => line.includes("INTERNAL_ERROR")), []);
}

Deno.test("odd JSON in the JWKS of Supabase Auth, or in SUPABASE_JWKS, is a coded answer", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const token = await userToken();
  const codes = /^401 USER_TOKEN_INVALID$/;
  await assertCodes((json) => {
    auth.jwks = () => new Response(json);
    return startFunctions({ url: auth.url, inline: [] }).code(token);
  }, { numRuns: 60, codes });
  auth.jwks = undefined;
  await assertCodes((json) => {
    const whole = { ...environmentOf({ url: auth.url }), SUPABASE_JWKS: json };
    return startFunctions({ whole }).code(token);
  }, { numRuns: 60, codes });
});

Deno.test("odd JSON in another provider's Discovery document or JWKS is a coded answer", async () => {
  await using provider = await startIssuer();
  const token = await provider.sign({ aud: "app", sub: "u" });
  const start = () => startFunctions({ providers: [{ issuer: provider.issuer, audience: "app" }] });
  const codes = /^(401 USER_TOKEN_INVALID|500 IDENTITY_PROVIDER_MISCONFIGURED)$/;
  for (const isJwks of [true, false]) {
    await assertCodes((json) => {
      let asked = 0;
      provider.broken = () => isJwks && asked++ === 0 ? Response.json(provider.metadata) : new Response(json);
      return start().code(token);
    }, { numRuns: 60, codes });
  }
  const place = { issuer: provider.issuer };
  await assertCodes((json) => {
    provider.broken = () => new Response(withRawMember(place, "jwks_uri", json));
    return start().code(token);
  }, { numRuns: 60, codes });
});
