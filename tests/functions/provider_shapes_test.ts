/**
 * Each provider of docs/identity-providers.md, as a local issuer that signs tokens with that provider's documented claims and
 * key type. None of this talks to the live provider.
 */
import { assertEquals } from "@std/assert";
import { type Issuer, startIssuer, withIssuers } from "../support/issuer.ts";
import { PROVIDER_SHAPES, type ProviderShape } from "../support/provider_shapes.ts";
import { startFunction } from "../support/provider_function.ts";

function settingsOf(shape: ProviderShape, provider: Issuer): Record<string, unknown> {
  const keys = shape.jwks === undefined ? {} : { jwks_uri: provider.jwksUri };
  return { issuer: provider.issuer, ...keys, ...shape.settings };
}

for (const shape of PROVIDER_SHAPES) {
  Deno.test(`${shape.name}: its user gets a token, one for somebody else does not`, async () => {
    await withIssuers([startIssuer(shape.alg)], async (provider) => {
      provider.keys = provider.keys.map((key) => ({ ...key, publicJwk: { ...key.publicJwk, ...shape.jwk } }));
      provider.issuer = shape.issuer?.(provider.url) ?? provider.url;
      provider.metadata = { issuer: provider.issuer, jwks_uri: provider.jwksUri };
      const { userOf, seen } = startFunction([settingsOf(shape, provider)]);
      const prefix = shape.settings.subject_prefix ?? `${provider.issuer}|`;
      assertEquals(
        await userOf(await provider.sign(shape.claims, shape.header)),
        `${prefix}${shape.subject}`,
      );
      assertEquals([seen.user?.role, seen.user?.isAnonymous], ["authenticated", false]);
      const foreign = await provider.sign({ ...shape.claims, ...shape.foreign }, shape.header);
      assertEquals(await userOf(foreign), "401 USER_TOKEN_INVALID");
    });
  });
}

Deno.test("a user whom Firebase signed in anonymously is anonymous here too", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf, seen } = startFunction([{
      issuer: provider.issuer,
      audience: "p",
      jwks_uri: provider.jwksUri,
    }]);
    await userOf(await provider.sign({ aud: "p", sub: "x", firebase: { sign_in_provider: "anonymous" } }));
    assertEquals(seen.user?.isAnonymous, true);
  });
});

Deno.test("keys published without `alg` and `use` verify, as Entra ID publishes them", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    provider.keys = provider.keys.map((key) => {
      const { alg: _, use: __, ...publicJwk } = key.publicJwk;
      return { ...key, publicJwk };
    });
    const { userOf } = startFunction([{ issuer: provider.issuer, audience: "p", subject_prefix: "" }]);
    assertEquals(await userOf(await provider.sign({ aud: "p", sub: "x" })), "x");
  });
});
