import { assertEquals } from "@std/assert";
import { importJWK, type JWTPayload, SignJWT } from "jose";
import { PUBLISHABLE_KEY, signLegacyToken, userClaims, withAuth } from "../support/project.ts";
import { bearer, startAuth, userKeys } from "../support/signed_in_caller.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";

const userKey = userKeys.ES256;

Deno.test("ES256, RS256 and EdDSA tokens are verified with inline keys, without asking anybody", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, { inline: Object.values(userKeys) });
    for (const key of Object.values(userKeys)) assertEquals(await code(await bearer({}, key)), "200");
    assertEquals(await code((await bearer()).replace("Bearer", "bEaReR")), "200");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("SUPABASE_JWKS may be a bare array", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, { environment: { SUPABASE_JWKS: JSON.stringify([userKey.publicJwk]) } });
    assertEquals(await code(await bearer()), "200");
  });
});

Deno.test("claims of a verified token that are no Supabase user's are refused without asking anybody", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, { inline: [userKey] });
    const past = Math.floor(Date.now() / 1000) - 1;
    const cases: [JWTPayload, string][] = [
      [{ role: "anon" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "service_role" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "supabase_admin" }, "USER_TOKEN_IS_API_KEY"],
      [{ role: "" }, "USER_TOKEN_INVALID"],
      [{ aud: "anon" }, "USER_TOKEN_INVALID"],
      [{ aud: ["x"] }, "USER_TOKEN_INVALID"],
      [{ sub: "auth0|1" }, "USER_TOKEN_INVALID"],
      [{ sub: "" }, "USER_TOKEN_INVALID"],
      [{ iss: "https://tenant.auth0.com/" }, "USER_TOKEN_INVALID"],
      [{ iss: "https://evil.example/?/auth/v1" }, "USER_TOKEN_INVALID"],
      [{ exp: past }, "USER_TOKEN_EXPIRED"],
      [{ nbf: past + 3600 }, "USER_TOKEN_INVALID"],
    ];
    for (const [claims, expected] of cases) {
      assertEquals([claims, await code(await bearer(claims))], [claims, `401 ${expected}`]);
      // The legacy way checks the same before it asks.
      const legacy = await signLegacyToken(userClaims(claims));
      assertEquals([claims, await code(`Bearer ${legacy}`)], [claims, `401 ${expected}`]);
    }
    for (const missing of ["exp", "iss", "sub", "aud", "role"]) {
      const { [missing]: _, ...claims } = userClaims();
      const token = await sign(claims, { key: userKey });
      assertEquals([missing, await code(`Bearer ${token}`)], [missing, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(await code(await bearer({ aud: ["x", "authenticated"], role: "editor" })), "200");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("POWERSYNC_USER_ISSUER is then the one issuer that is accepted", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, {
      inline: [userKey],
      environment: { POWERSYNC_USER_ISSUER: "https://me" },
    });
    assertEquals(await code(await bearer({ iss: "https://me" })), "200");
    assertEquals(await code(await bearer()), "401 USER_TOKEN_INVALID");
  });
});

Deno.test("what is no token of the project's keys is refused without asking anybody", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code } = startAuth(auth, { inline: [userKey] });
    const imposter = await makeKey("ES256", "es");
    const noKid = await makeKey("ES256");
    const claims = userClaims();
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: "HS384", kid: "es" })
      .sign(new TextEncoder().encode(JSON.stringify(userKey.publicJwk)));
    const tokens = [
      await sign(claims, { key: imposter }),
      await sign(claims, { key: noKid }),
      confused,
      unsigned({ alg: "none" }, claims),
      unsigned({ alg: "ES256", kid: "es" }, claims),
      unsigned({ alg: 7, kid: "es" }, claims),
      `${await sign(claims, { key: userKey })}A`,
      "a.b.c",
      "x".repeat(20_000),
    ];
    for (const token of tokens) assertEquals(await code(`Bearer ${token}`), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("an API key in place of a token has its own code; another scheme is no token", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, { inline: [userKey] });
    // Keys in the form of a JWT have neither `sub` nor `aud`; newer ones are signed like a user's token.
    const jwtKeys = ["anon", "service_role"].map((role) => ({ role, iss: "supabase", exp: 4_000_000_000 }));
    const signed = await Promise.all(jwtKeys.map((claims) => sign(claims, { key: userKey })));
    const legacy = await Promise.all(jwtKeys.map((claims) => signLegacyToken(claims)));
    for (const key of [PUBLISHABLE_KEY, "sb_secret_x", ...signed, ...legacy]) {
      assertEquals(await code(`Bearer ${key}`), "401 USER_TOKEN_IS_API_KEY");
    }
    for (const header of ["", "Basic dTpw", "Bearer", "Bearer a b", "Token x"]) {
      assertEquals(await code(header), "401 USER_TOKEN_MISSING");
    }
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("only ES256, RS256 and EdDSA with a kid are signatures of a user's token, whatever a key could verify", async () => {
  const { alg: _, ...anyAlgorithm } = userKeys.RS256.publicJwk;
  const p384 = await makeKey("ES384", "p384");
  await withAuth([], async (auth) => {
    const environment = {
      SUPABASE_JWKS: JSON.stringify([anyAlgorithm, p384.publicJwk, userKey.publicJwk]),
    };
    const { code } = startAuth(auth, { environment });
    assertEquals(await code(await bearer({}, userKeys.RS256)), "200");
    for (const alg of ["PS256", "RS384", "RS512"]) {
      const key = await importJWK({ ...userKeys.RS256.privateJwk, alg }, alg);
      const token = await new SignJWT(userClaims()).setProtectedHeader({ alg, kid: "rs" }).sign(key);
      assertEquals([alg, await code(`Bearer ${token}`)], [alg, "401 USER_TOKEN_INVALID"]);
    }
    assertEquals(await code(await bearer({}, p384)), "401 USER_TOKEN_INVALID");
    assertEquals(await code(await bearer({}, { ...userKey, kid: undefined })), "401 USER_TOKEN_INVALID");
    assertEquals(auth.calls, { jwks: 0, user: 0 });
  });
});

Deno.test("a token longer than headers may be is not even decoded, however well it is signed", async () => {
  await withAuth([], async (auth) => {
    const { code } = startAuth(auth, { inline: [userKey] });
    const withNote = (length: number) => bearer({ user_metadata: { note: "x".repeat(length) } });
    assertEquals(await code(await withNote(11_000)), "200");
    assertEquals(await code(await withNote(13_000)), "401 USER_TOKEN_INVALID");
  });
});
