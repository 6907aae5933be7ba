/**
 * Each provider of docs/identity-providers.md, as an issuer on loopback that signs tokens with that provider's
 * documented claims and key type. Nothing here talks to the live provider.
 */
import { assertEquals } from "@std/assert";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { makeKey } from "../support/signing.ts";
import { PROVIDER_SHAPES, type ProviderShape } from "../support/provider_shapes.ts";

/** What most providers sign with. */
const rsa = await makeKey("RS256", "provider-key-1");

function settingsOf(shape: ProviderShape, provider: Issuer): Record<string, unknown> {
  const keys = shape.jwks === undefined ? {} : { jwks_uri: provider.jwksUri };
  return { issuer: provider.issuer, ...keys, ...shape.settings };
}

for (const shape of PROVIDER_SHAPES) {
  Deno.test(`${shape.name}: its user gets a token, a token for another audience does not`, async () => {
    await using provider = await startIssuer();
    const key = shape.alg === undefined ? rsa : await makeKey(shape.alg, rsa.kid);
    provider.keys = [{ ...key, publicJwk: { ...key.publicJwk, ...shape.jwk } }];
    provider.issuer = shape.issuer?.(provider.url) ?? provider.url;
    provider.metadata = { issuer: provider.issuer, jwks_uri: provider.jwksUri };
    const { userOf, seen } = startFunctions({ providers: [settingsOf(shape, provider)] });
    const { subject_prefix: prefix = `${provider.issuer}|`, subject_claim: claim = "sub" } = shape.settings;
    const user = `${prefix}${shape.claims[`${claim}`]}`;
    assertEquals(await userOf(await provider.sign(shape.claims, shape.header)), user);
    assertEquals([seen.user?.role, seen.user?.isAnonymous], ["authenticated", false]);
    const foreign = await provider.sign({ ...shape.claims, ...shape.foreign }, shape.header);
    assertEquals(await userOf(foreign), "401 USER_TOKEN_INVALID");
  });
}
