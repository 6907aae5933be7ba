import { assert, assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { base64, logged, startAuthStandIn, userClaims } from "../support/project.ts";
import { type Issuer, startIssuer, withIssuers } from "../support/issuer.ts";
import { startFunction, supabaseKey } from "../support/provider_function.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";

const entry = ({ issuer, jwksUri }: Issuer, more: Record<string, unknown> = {}) => ({
  issuer,
  audience: "app",
  jwks_uri: jwksUri,
  ...more,
});
const CLAIMS = { aud: "app", sub: "user-1" };
const USER_ID = "5c7a6c0e-0000-4000-8000-000000000001";

Deno.test("a trusted provider's user gets a token; the subject cannot be taken for anybody else's", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf, seen } = startFunction([entry(provider)]);
    assertEquals(await userOf(await provider.sign(CLAIMS)), `${provider.issuer}|user-1`);
    assertEquals([seen.user?.provider, seen.user?.role, seen.user?.isAnonymous], [
      provider.issuer,
      "authenticated",
      false,
    ]);
    assertEquals(seen.user?.claims.aud, "app");
    assertEquals(
      await userOf(await provider.sign({ ...CLAIMS, sub: USER_ID })),
      `${provider.issuer}|${USER_ID}`,
    );
    assertEquals(await userOf(await sign(userClaims(), { key: supabaseKey })), USER_ID);
  });
});

Deno.test("subject_claim and subject_prefix say who the user is; the list may be base64", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const list = [entry(provider, { subject_claim: "uid", subject_prefix: "" })];
    const { userOf } = startFunction(base64(list));
    assertEquals(await userOf(await provider.sign({ ...CLAIMS, uid: "me" })), "me");
    for (const uid of ["", 7, null, undefined, ["me"]]) {
      assertEquals(await userOf(await provider.sign({ ...CLAIMS, uid })), "401 USER_TOKEN_INVALID");
    }
  });
});

Deno.test("audience, expiry, start and algorithm are checked strictly, with 60 s of tolerance", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf } = startFunction([entry(provider, { audience: ["app", "web"], algorithms: ["RS256"] })]);
    const now = Math.floor(Date.now() / 1000);
    const outcome = async (claims: Record<string, unknown>) =>
      (await userOf(await provider.sign({ ...CLAIMS, ...claims }))).replace(/^http.*/, "200");
    assertEquals(await outcome({ aud: ["x", "web"] }), "200");
    for (const aud of ["other", "app/", "", ["x"], undefined, 7]) {
      assertEquals([aud, await outcome({ aud })], [aud, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(await outcome({ exp: now - 50 }), "200");
    assertEquals(await outcome({ exp: now - 70 }), "401 USER_TOKEN_EXPIRED");
    assertEquals(await outcome({ exp: undefined }), "401 USER_TOKEN_INVALID");
    assertEquals(await outcome({ exp: "soon" }), "401 USER_TOKEN_INVALID");
    assertEquals(await outcome({ nbf: now + 50 }), "200");
    assertEquals(await outcome({ nbf: now + 70 }), "401 USER_TOKEN_INVALID");
    provider.keys = [await makeKey("RS384", "provider-key-1")];
    assertEquals(await outcome({}), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("without jwks_uri the keys are found by Discovery, once for concurrent requests", async () => {
  await withIssuers([startIssuer("RS256", "/realms/app/")], async (provider) => {
    const { userOf } = startFunction([{ issuer: provider.issuer, audience: "app" }]);
    const token = await provider.sign(CLAIMS);
    const users = await Promise.all(Array.from({ length: 8 }, () => userOf(token)));
    assertEquals([...new Set(users)], [`${provider.issuer}|user-1`]);
    assertEquals(provider.calls, { discovery: 1, jwks: 1 });
  });
});

Deno.test("a Discovery document of another issuer, with unsafe keys, or broken is a 503, and is asked for again", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf, clock } = startFunction([{ issuer: provider.issuer, audience: "app" }]);
    const token = await provider.sign(CLAIMS);
    const good = provider.metadata;
    const documents = [
      { ...good, issuer: `${provider.issuer}/` },
      { ...good, jwks_uri: "http://keys.example/jwks" },
      { ...good, jwks_uri: 7 },
      {},
    ];
    const outages = [
      () => new Response("<html>"),
      () => Response.redirect(provider.jwksUri),
      () => new Response(null, { status: 500 }),
    ];
    await logged(async () => {
      for (const document of documents) {
        provider.metadata = document;
        clock.ms += 1000;
        assertEquals(await userOf(token), "503 IDENTITY_PROVIDER_UNAVAILABLE");
      }
      const asked = provider.calls.discovery;
      assertEquals(await userOf(token), "503 IDENTITY_PROVIDER_UNAVAILABLE");
      assertEquals(provider.calls.discovery, asked, "a failure is not repeated at once");
      for (const outage of outages) {
        provider.broken = outage;
        clock.ms += 1000;
        assertEquals(await userOf(token), "503 IDENTITY_PROVIDER_UNAVAILABLE");
      }
    });
    [provider.broken, provider.metadata] = [undefined, good];
    clock.ms += 1000;
    assertEquals(await userOf(token), `${provider.issuer}|user-1`);
  });
});

Deno.test("a rotated key is found after a cool-down; unknown kids cannot make us fetch more", async () => {
  await withIssuers([startIssuer()], async (provider) => {
    const { userOf, clock } = startFunction([entry(provider)]);
    assertEquals(await userOf(await provider.sign(CLAIMS)), `${provider.issuer}|user-1`);
    provider.keys = [...provider.keys, await makeKey("RS256", "provider-key-2")];
    const token = await provider.sign(CLAIMS);
    for (let request = 0; request < 5; request++) assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
    assertEquals(provider.calls.jwks, 1);
    clock.ms += 31_000;
    assertEquals(await userOf(token), `${provider.issuer}|user-1`);
    assertEquals(provider.calls.jwks, 2);
  });
});

Deno.test("a provider that is down is a 503 for its own users and touches nobody else's", async () => {
  await withIssuers([startIssuer(), startIssuer()], async (up, down) => {
    const { userOf } = startFunction([entry(up), entry(down)]);
    down.broken = () => new Response(null, { status: 500 });
    await logged(async () =>
      assertEquals(await userOf(await down.sign(CLAIMS)), "503 IDENTITY_PROVIDER_UNAVAILABLE")
    );
    assertEquals(await userOf(await up.sign(CLAIMS)), `${up.issuer}|user-1`);
    assertEquals(await userOf(await sign(userClaims(), { key: supabaseKey })), USER_ID);
  });
});

Deno.test("no provider's key verifies another's token, nor Supabase's, and no header leads to other keys", async () => {
  const auth = startAuthStandIn();
  auth.user = () => Response.json({ error_code: "bad_jwt", msg: "invalid JWT" }, { status: 403 });
  await withIssuers([startIssuer("ES256"), startIssuer("ES256")], async (a, b) => {
    const { userOf } = startFunction([entry(a), entry(b)], auth.url);
    const [aKey] = a.keys;
    assert(aKey !== undefined);
    const attacks = [
      // Both providers call their key the same.
      await a.sign({ ...CLAIMS, iss: b.issuer }),
      await b.sign({ ...CLAIMS, iss: a.issuer }),
      await a.sign(userClaims()),
      await sign({ ...userClaims(), ...CLAIMS, iss: a.issuer }, { key: supabaseKey }),
      await a.sign({ ...CLAIMS, iss: `${a.issuer}/` }),
      await a.sign({ ...CLAIMS, iss: `${a.issuer}/auth/v1` }),
      unsigned({ alg: "none" }, { ...CLAIMS, iss: a.issuer }),
      unsigned({ alg: "ES256", kid: "provider-key-1" }, { ...CLAIMS, iss: a.issuer }),
      await new SignJWT({ ...CLAIMS, iss: a.issuer }).setExpirationTime("1h")
        .setProtectedHeader({ alg: "HS256", kid: "provider-key-1" })
        .sign(new TextEncoder().encode(JSON.stringify(aKey.publicJwk))),
      await sign({ ...CLAIMS, iss: a.issuer, exp: 4e9 }, {
        key: await makeKey("ES256", "evil"),
        header: { jku: `${b.url}/evil`, x5u: `${b.url}/evil`, jwk: (await makeKey("ES256")).publicJwk },
      }),
    ];
    await userOf(await b.sign(CLAIMS));
    const asked = { ...b.calls };
    for (const [number, token] of attacks.entries()) {
      assertEquals([number, await userOf(token)], [number, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(b.calls, asked, "no header of a token is followed");
    assertEquals(auth.calls.user, 1, "Supabase is asked about the one token that claims to be of its user");
  });
  await auth.close();
});

Deno.test("malformed entries are configuration errors that name the entry and the field", async () => {
  const good = { issuer: "https://id.example", audience: "app" };
  const cases: [unknown, string][] = [
    ["{", "JSON"],
    [{}, "not a list"],
    [[7], "entry 1 is not an object"],
    [[good, { audience: "app" }], "`issuer` of entry 2"],
    [[{ issuer: "https://id.example" }], "`audience` of entry 1"],
    [[{ ...good, audience: [] }], "`audience` of entry 1"],
    [[{ ...good, audience: [7] }], "`audience` of entry 1"],
    [[{ ...good, jwks_uri: "http://id.example/jwks" }], "`jwks_uri` of entry 1"],
    [[{ ...good, issuer: "http://id.example" }], "`issuer` of entry 1"],
    [[{ ...good, algorithms: ["HS256"] }], "`algorithms` of entry 1"],
    [[{ ...good, algorithms: "RS256" }], "`algorithms` of entry 1"],
    [[{ ...good, subject_claim: "" }], "`subject_claim` of entry 1"],
    [[{ ...good, subject_prefix: 7 }], "`subject_prefix` of entry 1"],
    [[{ ...good, audience_claim: "sub" }], "`audience_claim` of entry 1"],
    [[{ ...good, issuer: "https://id.example/a|b" }], "`issuer` of entry 1"],
    [[{ ...good, jwksUri: "https://id.example/jwks" }], "entry 1 has a field other"],
    [[good, good], "entry 2 has the `issuer` of entry 1"],
  ];
  for (const [providers, told] of cases) {
    await logged(async () => {
      const { status, body } = await startFunction(providers).call(
        await sign(userClaims(), { key: supabaseKey }),
      );
      assertEquals([status, body.code], [500, "POWERSYNC_IDENTITY_PROVIDERS_INVALID"]);
      assert(`${body.message}`.includes(told), `${body.message} should tell ${told}`);
      assert(!`${body.message}`.includes("example"), "no value is repeated");
    });
  }
});
