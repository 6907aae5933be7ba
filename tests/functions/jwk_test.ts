import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { calculateJwkThumbprint } from "jose";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import {
  hasSecretMember,
  keyError,
  notBefore,
  privateMembers,
  publicHalf,
  statedKeyId,
  type UncheckedJwk,
} from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

const rsa = await makeKey("RS256", "rsa");
const ec = await makeKey("ES256", "ec");
const ed = await makeKey("EdDSA", "ed");

function half(jwk: UncheckedJwk): UncheckedJwk {
  return { ...publicHalf(jwk, "SECRET") };
}

function codeOf(run: () => unknown): string {
  return assertThrows(run, PowerSyncAuthError).code;
}

/** A modulus of so many bits: the highest and the lowest one are set. */
function modulus(bits: number): string {
  const hex = ((1n << BigInt(bits - 1)) + 1n).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

Deno.test("RSA keys have 2048 to 4096 bits", () => {
  const withBits = (bits: number) => ({ kty: "RSA", n: modulus(bits), e: "AQAB" });
  for (const bits of [2048, 3072, 4096]) assertEquals(half(withBits(bits)).alg, "RS256");
  for (const bits of [8, 512, 1024, 2047]) assertEquals(codeOf(() => half(withBits(bits))), "KEY_TOO_WEAK");
  for (const bits of [4097, 8192]) assertEquals(codeOf(() => half(withBits(bits))), "KEY_UNSUPPORTED");
});

Deno.test("RSA's public exponent is odd and at least 65537", () => {
  const withExponent = (e: string) => ({ ...rsa.publicJwk, e });
  for (const e of ["AQAB", "AQAD"]) assertEquals(half(withExponent(e)).e, e);
  for (const e of ["AA", "AQ", "Aw", "AP__", "AQAC"]) {
    const code = codeOf(() => half(withExponent(e)));
    assertEquals([e, code], [e, "KEY_TOO_WEAK"]);
  }
});

Deno.test("each key has the algorithms that fit it, the first of which is the default", () => {
  const algOf = (jwk: UncheckedJwk) => half(jwk).alg;
  const { alg: _, ...bare } = rsa.publicJwk;
  assertEquals(algOf(bare), "RS256");
  for (const alg of ["RS256", "RS384", "RS512"]) assertEquals(algOf({ ...bare, alg }), alg);
  assertEquals(algOf({ ...ed.publicJwk, alg: "Ed25519" }), "EdDSA");
  const refused: UncheckedJwk[] = [
    ...["PS256", "RS1", "RSA-OAEP", "ES256", "HS256", "none", "", null, 256].map((alg) => ({ ...bare, alg })),
    ...["ES384", "ES512", "ES256K", "EdDSA"].map((alg) => ({ ...ec.publicJwk, alg })),
    ...["ES256", "Ed448"].map((alg) => ({ ...ed.publicJwk, alg })),
    { ...ec.publicJwk, alg: "Ed25519" },
    ...["P-521", "secp256k1", "p-256", undefined, "constructor"].map((crv) => ({ ...ec.publicJwk, crv })),
    ...["Ed448", "X25519", undefined].map((crv) => ({ ...ed.publicJwk, crv })),
  ];
  for (const jwk of refused) assertEquals([jwk, codeOf(() => half(jwk))], [jwk, "KEY_UNSUPPORTED"]);
});

Deno.test("a key type is RSA, EC or OKP", () => {
  for (const kty of ["rsa", "AKP", "toString", "", null, 1]) {
    assertEquals([kty, codeOf(() => half({ ...rsa.publicJwk, kty }))], [kty, "KEY_UNSUPPORTED"]);
  }
  assertEquals(codeOf(() => half({ kty: "oct", k: "AAAA" })), "KEY_IS_SYMMETRIC");
  assertEquals(codeOf(() => half({})), "KEY_MALFORMED");
});

Deno.test("a public half that Node refuses is malformed, because it would spoil the whole JWKS", async () => {
  const { x, y } = ec.publicJwk;
  const other = (await makeKey("ES256")).publicJwk;
  const jwks: UncheckedJwk[] = [
    { ...ec.publicJwk, y: other.y },
    { ...ec.publicJwk, x: y, y: x },
    { ...ec.publicJwk, x: x?.slice(0, -4) },
    { ...ec.publicJwk, x: "AAAA" },
    { ...ec.publicJwk, x: Buffer.alloc(32).toString("base64url"), y: Buffer.alloc(32).toString("base64url") },
    { ...ec.publicJwk, y: undefined },
    { ...ec.publicJwk, x: 7 },
    { ...ec.publicJwk, x: `${x}=` },
    { ...ec.publicJwk, x: "" },
    { ...ed.publicJwk, x: ed.publicJwk.x?.slice(0, -4) },
    { ...rsa.publicJwk, n: "" },
    { ...rsa.publicJwk, e: Buffer.alloc(8, 0xff).toString("base64url") },
    { ...rsa.publicJwk, n: `${rsa.publicJwk.n?.slice(0, 100)}+/${rsa.publicJwk.n?.slice(102)}` },
    { ...rsa.publicJwk, e: undefined },
  ];
  for (const jwk of jwks) assertEquals([jwk, codeOf(() => half(jwk))], [jwk, "KEY_MALFORMED"]);
  const error = assertThrows(() => half({ ...ec.publicJwk, y: other.y }), PowerSyncAuthError);
  assert(error.cause !== undefined, "what Node threw is kept for a debugger");
});

Deno.test("what is published is canonical, so that one key has one thumbprint", async () => {
  const n = Buffer.from(rsa.publicJwk.n ?? "", "base64url");
  const padded = { ...rsa.publicJwk, n: Buffer.concat([Buffer.alloc(1), n]).toString("base64url") };
  assertEquals(half(padded), half(rsa.publicJwk));
  assertEquals(
    await calculateJwkThumbprint(publicHalf(padded, "S")),
    await calculateJwkThumbprint(rsa.publicJwk),
  );
});

Deno.test("nothing but the allow-list is published, whatever a key holds", () => {
  for (const { privateJwk, publicJwk } of [rsa, ec, ed]) {
    const { kid: _, ...expected } = publicJwk;
    const more = { x5c: ["x"], x5u: "x", k: "x", oth: [], key_ops: ["sign"], ext: true, nbf: 1, "": "x" };
    assertEquals(half({ ...privateJwk, ...more }), expected);
  }
});

Deno.test("a use other than signatures is refused, an absent one is not", () => {
  for (const use of ["enc", "SIG", "", null]) {
    assertEquals([use, codeOf(() => half({ ...ec.publicJwk, use }))], [use, "KEY_UNSUPPORTED"]);
  }
  const { use: _, ...unstated } = ec.publicJwk;
  assertEquals(half(unstated).use, "sig");
});

Deno.test("each member that gives a key away counts as secret, whatever its value", () => {
  for (const member of ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]) {
    assert(hasSecretMember({ ...rsa.publicJwk, [member]: null }), member);
  }
  for (const { publicJwk } of [rsa, ec, ed]) assertFalse(hasSecretMember({ ...publicJwk }));
});

Deno.test("private members are those that make the key, and all of them", () => {
  const reduced = (jwk: UncheckedJwk) => privateMembers(jwk, publicHalf(jwk, "SECRET"), "SECRET");
  for (const { privateJwk } of [rsa, ec, ed]) {
    const { kid: _, ...expected } = privateJwk;
    const more = { key_ops: ["sign", "verify"], ext: false, use: "sig", x5c: ["x"] };
    assertEquals({ ...reduced({ ...privateJwk, ...more }) }, { ...expected });
  }
  assertEquals(codeOf(() => reduced({ ...rsa.publicJwk })), "KEY_IS_PUBLIC");
  assertEquals(codeOf(() => reduced({ ...rsa.privateJwk, oth: [] })), "KEY_UNSUPPORTED");
  for (const member of ["d", "p", "q", "dp", "dq", "qi"]) {
    assertEquals(codeOf(() => reduced({ ...rsa.privateJwk, [member]: undefined })), "KEY_MALFORMED");
  }
});

Deno.test("a kid is a text of 1 to 256 characters", () => {
  const kidOf = (kid: unknown) => statedKeyId({ kid }, "SECRET");
  assertEquals([kidOf("a"), kidOf("ä".repeat(256)), kidOf(undefined)], ["a", "ä".repeat(256), undefined]);
  for (const kid of ["", "a".repeat(257), 1, null, ["a"]]) {
    assertEquals(codeOf(() => kidOf(kid)), "KEY_MALFORMED");
  }
});

Deno.test("nbf is a number of seconds", () => {
  const start = (nbf: unknown) => notBefore({ nbf }, "SECRET");
  assertEquals([start(0), start(-1.5), start(1e10), start(undefined)], [0, -1.5, 1e10, undefined]);
  for (const nbf of ["0", null, Infinity, NaN, {}]) assertEquals(codeOf(() => start(nbf)), "KEY_MALFORMED");
});

Deno.test("a key's error names its secret, the state found and the way out", () => {
  const error = keyError("KEY_TOO_WEAK", "POWERSYNC_PRIVATE_KEY_2", "has only 1024 bits", "cause");
  const { code, message, hint, cause } = error;
  assertEquals({ code, message, cause }, {
    code: "KEY_TOO_WEAK",
    message: "The key in POWERSYNC_PRIVATE_KEY_2 cannot be used: it has only 1024 bits.",
    cause: "cause",
  });
  assert(hint.includes("scripts/generate-keys.ts"));
});
