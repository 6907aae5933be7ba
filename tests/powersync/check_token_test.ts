import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { compactVerify, type JWK } from "jose";
import { POWERSYNC_CODES } from "../../scripts/powersync/codes.ts";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { verdictOf } from "../../scripts/powersync/result.ts";
import { makeKey, sign, type TestKey, unsigned } from "../support/signing.ts";
import {
  assertAccepted,
  assertRefused,
  AUDIENCE,
  check,
  checkClaims,
  GOOD,
  JWKS,
  key,
  NOW,
} from "./token_check.ts";

Deno.test("a good token passes every rule, each with its own sentence", async () => {
  const results = await checkClaims({});
  assertAccepted(results);
  assertEquals(new Set(results.map(({ rule }) => rule)).size, results.length);
  assert(results.every(({ outcome, seen }) => outcome === "passed" && seen.endsWith(".")));
});

for (const alg of ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"]) {
  Deno.test(`a token signed with ${alg} is accepted`, async () => {
    const made = await makeKey(alg, "powersync-b");
    assertAccepted(await check(await sign(GOOD, { key: made }), { jwks: { keys: [made.publicJwk] } }));
  });
}

for (const alg of ["none", "PS256", "Ed25519", "ES256K", "RSA-OAEP", undefined, 7]) {
  Deno.test(`the header's alg ${alg} is refused`, async () => {
    assertRefused(await check(unsigned({ alg, kid: key.kid }, GOOD)), "token-algorithm", "PSYNC_S2101");
  });
}

Deno.test("a token of 16 KB meets HTTP 431, one a little below passes", async () => {
  const empty = (await sign({ ...GOOD, filler: "" }, { key })).length;
  const room = Math.floor((16 * 1024 - empty) * 3 / 4);
  assertAccepted(await checkClaims({ filler: "x".repeat(room - 4) }));
  assertRefused(await checkClaims({ filler: "x".repeat(room + 4) }), "token-size", "HTTP 431");
});

for (
  const [what, token] of [
    ["two parts", "e30.e30"],
    ["four parts", "e30.e30.e30.e30"],
    ["no JSON in the header", "bm9wZQ.e30.e30"],
    ["a payload that is an array", unsigned({ alg: "ES256" }, [])],
    ["quotes around it", `"${unsigned({ alg: "ES256" }, GOOD)}"`],
    ["nothing in it", ""],
  ] as const
) {
  Deno.test(`a token with ${what} is malformed`, async () => {
    assertRefused(await check(token), "token-form", "PSYNC_S2101");
  });
}

Deno.test("an unknown kid is refused, and the known ones are named", async () => {
  const other = await makeKey("ES256", "powersync-other");
  const results = await check(await sign(GOOD, { key: other }));
  assertRefused(results, "key-found", "PSYNC_S2101");
  assertStringIncludes(verdictOf(results).because?.seen ?? "", '"powersync-a"');
});

Deno.test("a known kid is final: another key that would verify is not tried", async () => {
  const impostor = await makeKey("ES256", "powersync-a");
  const jwks = { keys: [key.publicJwk, impostor.publicJwk] };
  assertRefused(await check(await sign(GOOD, { key: impostor }), { jwks }), "signature", "PSYNC_S2101");
});

Deno.test("a token without kid fails when the keys have one", async () => {
  const token = await sign(GOOD, { key: { ...key, kid: undefined } });
  assertRefused(await check(token), "key-found", "PSYNC_S2101");
});

for (const kid of [undefined, ""]) {
  Deno.test(`a JWK whose kid is ${kid ?? "missing"} is a wildcard`, async () => {
    const wildcard = kid === undefined ? omit(key.publicJwk, "kid") : { ...key.publicJwk, kid };
    const jwks = { keys: [(await makeKey("ES256")).publicJwk, wildcard] };
    assertAccepted(await check(await sign(GOOD, { key }), { jwks }));
    assertAccepted(await check(await sign(GOOD, { key: { ...key, kid: undefined } }), { jwks }));
    const stranger = await makeKey("ES256", "stranger");
    assertRefused(await check(await sign(GOOD, { key: stranger }), { jwks }), "key-found", "PSYNC_S2101");
  });
}

Deno.test("the key's alg, when present, equals the token's", async () => {
  const rsa = await makeKey("RS256", "powersync-rsa");
  const token = await sign(GOOD, { key: rsa });
  assertAccepted(await check(token, { jwks: { keys: [omit(rsa.publicJwk, "alg")] } }));
  const jwks = { keys: [{ ...rsa.publicJwk, alg: "RS512" }] };
  assertRefused(await check(token, { jwks }), "key-algorithm", "PSYNC_S2101");
});

Deno.test("a changed payload fails the signature", async () => {
  const [header, , signature] = (await sign(GOOD, { key })).split(".");
  const [, payload] = (await sign({ ...GOOD, sub: "somebody else" }, { key })).split(".");
  assertRefused(await check(`${header}.${payload}.${signature}`), "signature", "PSYNC_S2101");
});

Deno.test("a shared secret counts only when configured statically", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const shared = { kty: "oct", alg: "HS256", kid: "dev", k: Buffer.from(secret).toString("base64url") };
  const made: TestKey = {
    alg: "HS256",
    kid: "dev",
    privateKey: await hmacKey(secret),
    privateJwk: shared,
    publicJwk: shared,
  };
  const token = await sign(GOOD, { key: made });
  assert(await compactVerify(token, createSecretKey(secret)));
  const given = { audiences: [AUDIENCE], nowSeconds: NOW };
  assertAccepted(await checkToken(token, { staticJwks: { keys: [shared] }, ...given }));
  assertRefused(
    await checkToken(token, { jwks: { keys: [shared, key.publicJwk] }, ...given }),
    "key-found",
    "PSYNC_S2101",
  );
});

Deno.test("a set that PowerSync cannot import gives the set's own code", async () => {
  const token = await sign(GOOD, { key });
  const spoiled = { keys: [key.publicJwk, { ...key.publicJwk, kid: "bad", x: "AAAA" }] };
  assertRefused(await check(token, { jwks: spoiled }), "key-found", "PSYNC_S2201");
  assertRefused(await check(token, { jwks: { message: "not found" } }), "key-found", "PSYNC_S2204");
});

Deno.test("without a JWKS the verdict is open, and every other rule is still checked", async () => {
  const given = { audiences: [AUDIENCE], nowSeconds: NOW };
  assertEquals(verdictOf(await checkToken(await sign(GOOD, { key }), given)).outcome, "undecided");
  assertRefused(
    await checkToken(await sign({ ...GOOD, aud: "x" }, { key }), given),
    "aud-accepted",
    "PSYNC_S2105",
  );
});

Deno.test("several faults are all told, and the first of PowerSync's order gives the code", async () => {
  const results = await checkClaims({ exp: NOW - 600, aud: "x", parameters: [] });
  const codes = results.filter(({ outcome }) => outcome === "failed").map(({ code }) => code);
  assertEquals(codes, ["PSYNC_S2103", "PSYNC_S2105", "PSYNC_S2101"]);
  assertEquals(verdictOf(results).code, "PSYNC_S2103");
});

Deno.test("no text holds key material or a whole token", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const leaked = { ...rsa.privateKey.export({ format: "jwk" }), alg: "RS256", kid: "leaked" };
  const token = await sign({ ...GOOD, aud: "a".repeat(500) }, { key });
  const texts = JSON.stringify(await check(token, { jwks: { keys: [leaked, ...JWKS.keys] } }));
  for (const part of [...token.split("."), ...secretStrings(leaked), ...secretStrings(key.publicJwk)]) {
    assertFalse(texts.includes(part));
  }
});

Deno.test("every code is in the table once, with its cause and its fix", () => {
  assertEquals(new Set(POWERSYNC_CODES.map(({ code }) => code)).size, POWERSYNC_CODES.length);
  for (const { raisedFor, cause, fix } of POWERSYNC_CODES) {
    assert(raisedFor !== "" && cause !== "" && fix !== "");
  }
});

function omit(jwk: JWK, member: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => name !== member));
}

function secretStrings(jwk: object): string[] {
  const names = ["n", "d", "p", "q", "dp", "dq", "qi", "x", "y"];
  return Object.entries(jwk).flatMap(([name, value]) =>
    names.includes(name) && typeof value === "string" ? [value] : []
  );
}

function hmacKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
