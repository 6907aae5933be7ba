import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing, publicJwks, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const PRIVATE = "POWERSYNC_PRIVATE_KEY";
const PUBLIC = "POWERSYNC_PUBLIC_KEY";
const rsa = await makeKey("RS256", "powersync-0123456789");
const ec = await makeKey("ES256", "ec");
const PUBLIC_MEMBERS = ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"];

function load(signing: Record<string, unknown>, extra: Record<string, unknown> = {}) {
  const secrets = (values: Record<string, unknown>) =>
    Object.entries(values).map(([name, value]) => ({
      name,
      value: typeof value === "string" ? value : base64(value),
    }));
  return loadKeyRing({ signing: secrets(signing), extra: secrets(extra) });
}

async function weakRsaJwk(): Promise<JsonWebKey> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, hash: "SHA-256" };
  const pair = await crypto.subtle.generateKey(
    { ...algorithm, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
  return await crypto.subtle.exportKey("jwk", pair.privateKey);
}

async function problemOf(jwk: unknown, as: "signing" | "extra" = "signing"): Promise<string | undefined> {
  const ring = as === "signing" ? await load({ [PRIVATE]: jwk }) : await load({}, { [PUBLIC]: jwk });
  assertEquals(ring.signing.length + ring.published.length, 0);
  const [problem] = ring.problems;
  assert(problem !== undefined && problem.error.message.includes(as === "signing" ? PRIVATE : PUBLIC));
  return problem.error.code;
}

for (const alg of ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"]) {
  Deno.test(`${alg}: the public half is published with allow-listed members alone`, async () => {
    const { privateJwk, publicJwk } = await makeKey(alg, "k");
    const ring = await load({ [PRIVATE]: { ...privateJwk, nbf: 5, x5c: ["secret"], note: "secret" } });
    assertEquals(ring.problems, []);
    const [published] = publicJwks(ring).keys;
    assert(Object.keys(published ?? {}).every((member) => PUBLIC_MEMBERS.includes(member)));
    assertEquals({ ...published }, { ...publicJwk, kid: "k", alg, use: "sig" });
    assertEquals(signingKeyAt(ring, 10).alg, alg);
    assertFalse(signingKeyAt(ring, 10).privateKey.extractable);
  });
}

for (
  const [form, encode] of Object.entries({
    "base64": base64,
    "base64url without padding": (jwk: JWK) =>
      base64(jwk).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
    "base64 in lines": (jwk: JWK) => base64(jwk).replace(/(.{76})/g, "$1\n"),
    "JSON": (jwk: JWK) => ` ${JSON.stringify(jwk)}\n`,
  })
) {
  Deno.test(`a secret may be ${form}`, async () => {
    const ring = await load({ [PRIVATE]: encode(rsa.privateJwk) });
    assertEquals(signingKeyAt(ring, 0).kid, "powersync-0123456789");
  });
}

Deno.test("a missing kid becomes the RFC 7638 thumbprint, and a missing alg follows from the key", async () => {
  for (const [alg, pair] of [["RS256", rsa], ["ES256", ec]] as const) {
    const { kid: _, alg: __, ...bare } = pair.privateJwk;
    const ring = await load({ [PRIVATE]: bare });
    const thumbprint = await calculateJwkThumbprint(pair.publicJwk);
    assertEquals(signingKeyAt(ring, 0).kid, thumbprint);
    assertEquals(publicJwks(ring).keys.map(({ kid, alg }) => [kid, alg]), [[thumbprint, alg]]);
  }
});

Deno.test("Ed25519 as alg becomes EdDSA, which is the name PowerSync knows", async () => {
  const { privateJwk } = await makeKey("EdDSA");
  const ring = await load({ [PRIVATE]: { ...privateJwk, alg: "Ed25519" } });
  assertEquals(publicJwks(ring).keys[0]?.alg, "EdDSA");
});

Deno.test("key_ops and use as `supabase gen signing-key` prints them do not keep a key from signing", async () => {
  const jwk = { ...ec.privateJwk, use: "sig", key_ops: ["sign", "verify"], ext: true };
  assertEquals(signingKeyAt(await load({ [PRIVATE]: jwk }), 0).alg, "ES256");
});

Deno.test("each unusable signing key has its code", async () => {
  const weak = await weakRsaJwk();
  // The hosted runtime cannot make one; what matters is that its curve is refused before it is looked at.
  const p521 = { kty: "EC", crv: "P-521", x: "AQAB", y: "AQAB", d: "AQAB" };
  const { d, p, q, n } = rsa.privateJwk;
  const other = (await makeKey("RS256")).privateJwk;
  const otherEc = (await makeKey("ES256")).privateJwk;
  const cases: [string, unknown, string][] = [
    ["a public key", rsa.publicJwk, "KEY_IS_PUBLIC"],
    ["a symmetric key", { kty: "oct", k: "c2VjcmV0" }, "KEY_IS_SYMMETRIC"],
    ["P-521", p521, "KEY_UNSUPPORTED"],
    ["PS256", { ...rsa.privateJwk, alg: "PS256" }, "KEY_UNSUPPORTED"],
    ["another curve's alg", { ...ec.privateJwk, alg: "ES384" }, "KEY_UNSUPPORTED"],
    ["an encryption key", { ...rsa.privateJwk, use: "enc" }, "KEY_UNSUPPORTED"],
    ["an unknown key type", { ...rsa.privateJwk, kty: "AKP" }, "KEY_UNSUPPORTED"],
    ["1024 bits", weak, "KEY_TOO_WEAK"],
    ["an exponent of 3", { ...rsa.privateJwk, e: "Aw" }, "KEY_TOO_WEAK"],
    ["an edited n", { ...rsa.privateJwk, n: other.n }, "KEY_INCONSISTENT"],
    ["an edited d", { ...rsa.privateJwk, d: other.d }, "KEY_INCONSISTENT"],
    ["swapped members", { ...rsa.privateJwk, d: p, p: d }, "KEY_INCONSISTENT"],
    ["an edited q", { ...rsa.privateJwk, q: other.q }, "KEY_INCONSISTENT"],
    ["an edited dp", { ...rsa.privateJwk, dp: rsa.privateJwk.dq }, "KEY_INCONSISTENT"],
    ["an edited qi", { ...rsa.privateJwk, qi: q }, "KEY_INCONSISTENT"],
    ["p = 1 and q = n", { ...rsa.privateJwk, p: "AQ", q: n }, "KEY_INCONSISTENT"],
    ["no primes", { kty: "RSA", n, e: "AQAB", d }, "KEY_MALFORMED"],
    ["another EC key's d", { ...ec.privateJwk, d: otherEc.d }, "KEY_INCONSISTENT"],
    ["a point off the curve", { ...ec.privateJwk, y: otherEc.y }, "KEY_MALFORMED"],
    ["a cut coordinate", { ...ec.privateJwk, x: ec.privateJwk.x?.slice(0, -3) }, "KEY_MALFORMED"],
    ["no kty", { kid: "x" }, "KEY_MALFORMED"],
    ["an array", [rsa.privateJwk], "KEY_MALFORMED"],
    ["an empty kid", { ...rsa.privateJwk, kid: "" }, "KEY_MALFORMED"],
    ["a number as kid", { ...rsa.privateJwk, kid: 7 }, "KEY_MALFORMED"],
    ["a text as nbf", { ...rsa.privateJwk, nbf: "soon" }, "KEY_MALFORMED"],
    ["cut base64", base64(rsa.privateJwk).slice(0, 800), "KEY_MALFORMED"],
    ["base64 cut within a group", base64(rsa.privateJwk).slice(0, 801), "KEY_MALFORMED"],
    ["a member cut within a group", { ...rsa.privateJwk, qi: "AAAAA" }, "KEY_MALFORMED"],
    ["cut JSON", JSON.stringify(rsa.privateJwk).slice(0, 800), "KEY_MALFORMED"],
    ["no base64", "§$%&", "KEY_MALFORMED"],
    ["base64 of no UTF-8", "/////w==", "KEY_MALFORMED"],
  ];
  for (const [what, jwk, code] of cases) assertEquals([what, await problemOf(jwk)], [what, code]);
});

Deno.test("a private key in a public secret is refused and never published", async () => {
  for (const jwk of [rsa.privateJwk, { keys: [ec.privateJwk] }]) {
    assertEquals(await problemOf(jwk, "extra"), "KEY_IS_PRIVATE");
  }
  assertEquals(await problemOf({ kty: "oct", k: "c2VjcmV0" }, "extra"), "KEY_IS_SYMMETRIC");
  assertEquals(await problemOf({ keys: [] }, "extra"), "KEY_MALFORMED");
});

Deno.test("a public secret may hold a JWK, an array, or a JWKS; one bad key beside good ones is left out", async () => {
  const third = (await makeKey("EdDSA", "third")).publicJwk;
  const ring = await load({}, {
    [PUBLIC]: rsa.publicJwk,
    [`${PUBLIC}_A`]: [ec.publicJwk, { kty: "EC" }],
    [`${PUBLIC}_B`]: { keys: [third, null] },
  });
  assertEquals(publicJwks(ring).keys.map(({ kid }) => kid), ["powersync-0123456789", "ec", "third"]);
  assertEquals(ring.problems.map(({ secret }) => secret), [`${PUBLIC}_A`, `${PUBLIC}_B`]);
});

Deno.test("one key per kid: the half of the signing key wins over another public key, which is told", async () => {
  const imposter = { ...(await makeKey("RS256")).publicJwk, kid: rsa.privateJwk.kid };
  const ring = await load({ [PRIVATE]: rsa.privateJwk }, { [PUBLIC]: imposter });
  assertEquals(publicJwks(ring).keys.map(({ n }) => n), [rsa.publicJwk.n]);
  assertEquals(ring.problems.map(({ error }) => error.code), ["KEY_PAIR_MISMATCH"]);
  const pair = await load({ [PRIVATE]: rsa.privateJwk }, { [PUBLIC]: rsa.publicJwk });
  assertEquals([pair.published.length, pair.problems.length], [1, 0]);
});

Deno.test("two signing keys with one kid: the later secret is left out and never signs", async () => {
  const twin = { ...(await makeKey("ES256", "ec")).privateJwk, nbf: 1 };
  const ring = await load({ [PRIVATE]: ec.privateJwk, [`${PRIVATE}_2`]: twin });
  assertEquals(ring.problems.map(({ error }) => error.code), ["KEY_ID_DUPLICATE"]);
  assertEquals(signingKeyAt(ring, 10).secret, PRIVATE);
  assertEquals(publicJwks(ring).keys.map(({ x }) => x), [ec.publicJwk.x]);
});

Deno.test("the key with the latest nbf that has come signs; ties go to the later name; else the earliest", async () => {
  const [first, second, third] = await Promise.all(["1", "2", "3"].map((kid) => makeKey("ES256", kid)));
  const at = async (starts: (number | undefined)[], now: number) => {
    const nbf = (start?: number) => start === undefined ? {} : { nbf: start };
    const ring = await load({
      [PRIVATE]: { ...first?.privateJwk, ...nbf(starts[0]) },
      [`${PRIVATE}_A`]: { ...second?.privateJwk, ...nbf(starts[1]) },
      [`${PRIVATE}_B`]: { ...third?.privateJwk, ...nbf(starts[2]) },
    });
    return signingKeyAt(ring, now).kid;
  };
  assertEquals(await at([undefined, 100, 200], 99), "1");
  assertEquals(await at([undefined, 100, 200], 100), "2");
  assertEquals(await at([undefined, 200, 100], 150), "3");
  assertEquals(await at([undefined, 200, 100], 250), "2");
  assertEquals(await at([100, 100, 100], 150), "3");
  assertEquals(await at([undefined, undefined, 300], 150), "2");
  assertEquals(await at([300, 200, 400], 100), "2");
});

Deno.test("no usable key: the error is the signing key's own, else that none is set", async () => {
  const code = (run: () => unknown) => assertThrows(run, PowerSyncAuthError).code;
  const empty = await load({});
  assertEquals(code(() => signingKeyAt(empty, 0)), "POWERSYNC_PRIVATE_KEY_MISSING");
  assertEquals(code(() => publicJwks(empty)), "POWERSYNC_PRIVATE_KEY_MISSING");
  const swapped = await load({ [PRIVATE]: rsa.publicJwk }, { [PUBLIC]: rsa.privateJwk });
  assertEquals(code(() => signingKeyAt(swapped, 0)), "KEY_IS_PUBLIC");
  assertEquals(code(() => publicJwks(swapped)), "KEY_IS_PUBLIC");
  const onlyPublic = await load({ [PRIVATE]: "" }, { [PUBLIC]: rsa.publicJwk });
  assertEquals(publicJwks(onlyPublic).keys.length, 1);
});

Deno.test("no message or hint of a key's problem repeats anything of the secret", async () => {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...await exportJWK(privateKey), kid: "SECRETKID", alg: "PS256" };
  const ring = await load({ [PRIVATE]: jwk, [`${PRIVATE}_2`]: `x${base64(jwk)}` });
  const told = ring.problems.map(({ error }) => `${error.message} ${error.hint}`).join();
  assertEquals(ring.problems.length, 2);
  for (const value of ["SECRETKID", ...Object.values(jwk).filter((value) => `${value}`.length > 8)]) {
    assertFalse(told.includes(`${value}`));
  }
});
