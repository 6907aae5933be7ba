/** Which tokens of a trusted provider count: what they call themselves, for whom they are, and how long. */
import { assert, assertEquals } from "@std/assert";
import { CompactSign } from "jose";
import { type Issuer, startIssuer, withIssuers } from "../support/issuer.ts";
import { PUBLISHABLE_KEY, read } from "../support/project.ts";
import { startAnonymousFunction, startFunction } from "../support/provider_function.ts";
import { makeKey, unsigned } from "../support/signing.ts";

const CLAIMS = { aud: "app", sub: "user-1" };

const entry = ({ issuer, jwksUri }: Issuer, more: Record<string, unknown> = {}) => ({
  issuer,
  audience: "app",
  jwks_uri: jwksUri,
  subject_prefix: "",
  ...more,
});

Deno.test("another kind of token that the provider signs with the same keys is refused", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf } = startFunction([entry(provider)]);
    for (const typ of ["JWT", "jwt", "at+jwt", "application/at+jwt", undefined]) {
      assertEquals([typ, await userOf(await provider.sign(CLAIMS, { typ }))], [typ, "user-1"]);
    }
    for (const typ of ["logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "", 7, ["JWT"]]) {
      assertEquals([typ, await userOf(await provider.sign(CLAIMS, { typ }))], [
        typ,
        "401 USER_TOKEN_INVALID",
      ]);
    }
  });
});

Deno.test("where `algorithms` is set no other counts, however well the provider's key signs with it", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const token = await provider.sign(CLAIMS);
    const strict = startFunction([entry(provider, { algorithms: ["RS256", "EdDSA"] })]);
    assertEquals(await strict.userOf(token), "401 USER_TOKEN_INVALID");
    assertEquals(provider.calls.jwks, 0);
    const fitting = startFunction([entry(provider, { algorithms: ["RS256", "ES256"] })]);
    assertEquals(await fitting.userOf(token), "user-1");
  });
});

Deno.test("an `aud` that names others forbids a token, even where another claim names the audience", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf } = startFunction([entry(provider, { audience_claim: "azp", audience: ["app", "api"] })]);
    const outcome = async (claims: Record<string, unknown>) =>
      await userOf(await provider.sign({ sub: "user-1", ...claims }));
    assertEquals(await outcome({ azp: "app" }), "user-1");
    assertEquals(await outcome({ azp: "app", aud: ["x", "api"] }), "user-1");
    // A Clerk token from the template for another backend, for example, has the same azp.
    for (const aud of ["another-backend", ["x"], [], null, ""]) {
      assertEquals([aud, await outcome({ azp: "app", aud })], [aud, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(await outcome({ aud: "app" }), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("a subject that no PowerSync token can carry, and an endless lifetime, are refused", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf } = startFunction([entry(provider)]);
    for (const sub of ["a\nb", "\u0000", "\ud800", "", 42, ["user-1"], { id: "user-1" }]) {
      assertEquals([sub, await userOf(await provider.sign({ ...CLAIMS, sub }))], [
        sub,
        "401 USER_TOKEN_INVALID",
      ]);
    }
    for (const exp of [null, "9999999999", true]) {
      assertEquals([exp, await userOf(await provider.sign({ ...CLAIMS, exp }))], [
        exp,
        "401 USER_TOKEN_INVALID",
      ]);
    }
    const [key] = provider.keys;
    assert(key !== undefined);
    const endless = `{"iss":"${provider.issuer}","aud":"app","sub":"user-1","exp":1e309}`;
    const token = await new CompactSign(new TextEncoder().encode(endless))
      .setProtectedHeader({ alg: "ES256", kid: "provider-key-1" }).sign(key.privateKey);
    assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("no key is fetched for a token that says itself that it is of no use", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf } = startFunction([{ issuer: provider.issuer, audience: "app" }]);
    const useless = [
      await provider.sign({ ...CLAIMS, aud: "other" }),
      await provider.sign({ ...CLAIMS, sub: "" }),
      await provider.sign({ ...CLAIMS, exp: null }),
      await provider.sign(CLAIMS, { typ: "logout+jwt" }),
      unsigned({ alg: "none" }, { ...CLAIMS, iss: provider.issuer, exp: 4e9 }),
      unsigned({ alg: "HS256", kid: "provider-key-1" }, { ...CLAIMS, iss: provider.issuer, exp: 4e9 }),
    ];
    for (const token of useless) assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
    assertEquals(provider.calls, { discovery: 0, jwks: 0 });
  });
});

Deno.test("an anonymous user of another Supabase project stays anonymous, and is no user of this one", async () => {
  await withIssuers([startIssuer("ES256", "/auth/v1")], async (other) => {
    const { userOf, seen } = startFunction([{
      issuer: other.issuer,
      audience: "authenticated",
      jwks_uri: other.jwksUri,
    }]);
    const sub = "5c7a6c0e-0000-4000-8000-000000000001";
    const claims = { aud: "authenticated", sub, role: "service_role", is_anonymous: true };
    assertEquals(await userOf(await other.sign(claims)), `${other.issuer}|${sub}`);
    assertEquals([seen.user?.isAnonymous, seen.user?.role], [true, "authenticated"]);
  });
});

Deno.test("keys for encryption beside those for signatures, and the algorithm's new name, do no harm", async () => {
  await withIssuers([startIssuer("Ed25519")], async (provider) => {
    const encryption = await makeKey("RS256", "encryption");
    encryption.publicJwk.use = "enc";
    encryption.publicJwk.alg = "RSA-OAEP";
    provider.keys = [encryption, ...provider.keys];
    const { userOf } = startFunction([entry(provider)]);
    assertEquals(await userOf(await provider.sign(CLAIMS)), "user-1");
  });
});

Deno.test("powersync-auth-anonymous lets a trusted provider's user pass too, and nobody else's", async () => {
  await withIssuers([startIssuer("ES256"), startIssuer("ES256")], async (trusted, stranger) => {
    const handle = startAnonymousFunction([entry(trusted)]);
    const outcome = async (headers: Record<string, string>) => {
      const { status, body } = await read(await handle(new Request("http://localhost/", { headers })));
      return status === 200 ? body.user_id : `${status} ${body.code}`;
    };
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
    assertEquals(await outcome(bearer(await trusted.sign(CLAIMS))), "anonymous");
    assertEquals(
      await outcome(bearer(await trusted.sign({ ...CLAIMS, aud: "x" }))),
      "401 USER_TOKEN_INVALID",
    );
    assertEquals(await outcome(bearer(await stranger.sign(CLAIMS))), "401 USER_TOKEN_INVALID");
    assertEquals(await outcome({ apikey: PUBLISHABLE_KEY }), "anonymous");
  });
});
