/** What an upstream publishes, with JSON of every type in the place of any part: a coded answer, or no difference. */
import { assert } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { startIssuer } from "../support/issuer.ts";
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

/** Whatever odd JSON leads to is `200` or one of these codes, and never our own fault. */
async function assertCodes(codes: RegExp, codeFor: (json: string) => Promise<string>): Promise<void> {
  const check = async (json: string) => {
    const code = await codeFor(json);
    assert(code === "200" || codes.test(code), `${code} for ${json.slice(0, 200)}`);
  };
  await fc.assert(fc.asyncProperty(oddJwks, check), { numRuns: 60 });
}

Deno.test("odd JSON in the JWKS of Supabase Auth, or in SUPABASE_JWKS, is a coded answer", async () => {
  await using auth = new AuthStandIn([key.publicJwk]);
  const token = await userToken();
  const codes = /^401 USER_TOKEN_INVALID$/;
  await assertCodes(codes, (json) => {
    auth.jwks = () => new Response(json);
    return startFunctions({ url: auth.url, inline: [] }).code(token);
  });
  auth.jwks = undefined;
  await assertCodes(codes, (SUPABASE_JWKS) => {
    return startFunctions({ url: auth.url, environment: { SUPABASE_JWKS } }).code(token);
  });
});

Deno.test("odd JSON in another provider's Discovery document or JWKS is a coded answer", async () => {
  await using provider = await startIssuer();
  const { issuer, metadata } = provider;
  const token = await provider.sign({ aud: "app", sub: "u" });
  const codeWith = async (...answers: string[]) => {
    provider.broken = () => new Response(answers.length > 1 ? answers.shift() : answers[0]);
    return await startFunctions({ providers: [{ issuer, audience: "app" }] }).code(token);
  };
  const codes = /^(401 USER_TOKEN_INVALID|500 IDENTITY_PROVIDER_MISCONFIGURED)$/;
  await assertCodes(codes, (json) => codeWith(JSON.stringify(metadata), json));
  await assertCodes(codes, (json) => codeWith(json, json));
  await assertCodes(codes, (json) => codeWith(...Array(2).fill(withRawMember({ issuer }, "jwks_uri", json))));
});
