/** A private key signs only when it is proven to be one pair with its public half. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { JWK } from "jose";
import { KeyError, readPublicKey, readSigningKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const rsa = (await makeKey("RS256", "rsa")).privateJwk;
const ec = (await makeKey("ES256", "ec")).privateJwk;
const ed = (await makeKey("EdDSA", "ed")).privateJwk;
/** Pairs that are proven by a signature. */
const SIGNED = ["ES256", "ES384", "EdDSA"];
/** Pairs that are proven by RSA's arithmetic. */
const CALCULATED = ["RS256", "RS384", "RS512"];

/** Reads a private key: the code, and how many signatures its proof takes. */
async function prove(jwk: unknown): Promise<[code: string, signatures: number]> {
  const original = crypto.subtle.sign;
  let signatures = 0;
  crypto.subtle.sign = function (...args: Parameters<typeof original>) {
    signatures += 1;
    return original.apply(this, args);
  };
  try {
    const { privateKey } = await readSigningKey(jwk);
    assertEquals([privateKey.type, privateKey.extractable, privateKey.usages], ["private", false, ["sign"]]);
    return ["usable", signatures];
  } catch (error) {
    if (error instanceof KeyError) return [error.code, signatures];
    throw error;
  } finally {
    crypto.subtle.sign = original;
  }
}

const codeOf = async (jwk: unknown) => (await prove(jwk))[0];

Deno.test("an EC or Ed25519 pair signs once; an RSA pair, whose arithmetic is its proof, not at all", async () => {
  const proofOf = async (alg: string) => await prove((await makeKey(alg)).privateJwk);
  await assertTable(proofOf, [[["usable", 1], SIGNED], [["usable", 0], CALCULATED]]);
});

/** Which members fail RSA's arithmetic is in key_arithmetic_test.ts. */
Deno.test("an RSA key with a member of another key never signs: that would end the process", async () => {
  const { d = "", p = "" } = (await makeKey("RS256")).privateJwk;
  const edits = [{ d }, { p }, { e: "AQAD" }, { p: "AA" }].map((edit) => ({ ...rsa, ...edit }));
  await assertTable(prove, [[["KEY_INCONSISTENT", 0], edits]]);
});

Deno.test("a private EC or Ed25519 key with another key's public half is inconsistent", async () => {
  const mixed = async (alg: string) => {
    const [first, second] = [await makeKey(alg), await makeKey(alg)];
    return await prove({ ...second.publicJwk, d: first.privateJwk.d });
  };
  await assertTable(mixed, [[["KEY_INCONSISTENT", 1], SIGNED]]);
});

Deno.test("a private member that no key can have is refused, at its import or by its signature", async () => {
  for (const alg of SIGNED) {
    const { privateJwk } = await makeKey(alg);
    const zero = "A".repeat(privateJwk.d?.length ?? 0);
    for (const d of ["AQAB", `${privateJwk.d}AAAA`, `${privateJwk.d?.slice(0, -4)}`, zero]) {
      const code = await codeOf({ ...privateJwk, d });
      assert(["KEY_MALFORMED", "KEY_INCONSISTENT"].includes(code), `${alg}: ${code}`);
    }
  }
});

Deno.test("a runtime that cannot use a key says nothing about whether its members belong together", async () => {
  type Step = "importKey" | "sign" | "verify";
  const codeWhere = async ([step, error]: readonly [step: Step, error: string]) => {
    const original = crypto.subtle[step];
    Object.assign(crypto.subtle, { [step]: () => Promise.reject(new DOMException("Failed", error)) });
    try {
      return await codeOf(ec);
    } finally {
      Object.assign(crypto.subtle, { [step]: original });
    }
  };
  await assertTable<readonly [step: Step, error: string]>(codeWhere, {
    KEY_UNSUPPORTED: (["importKey", "sign", "verify"] as const).map((step) => [step, "NotSupportedError"]),
    KEY_MALFORMED: [["importKey", "DataError"]],
  });
});

Deno.test("a private key has all its members, and RSA two primes", async () => {
  const { d: _, ...half } = ec;
  await assertTable<unknown>(codeOf, {
    KEY_IS_PUBLIC: [half],
    KEY_IS_SYMMETRIC: [{ kty: "oct", k: "AAAA" }],
    KEY_UNSUPPORTED: [{ ...rsa, oth: [] }],
    KEY_MALFORMED: [
      ...["d", "p", "q", "dp", "dq", "qi"].map((member) => ({ ...rsa, [member]: undefined, k: "" })),
      ...[{ ...ec, d: 7 }, { ...ed, d: 7 }, {}, null, [], "EC", 1, undefined],
    ],
  });
});

Deno.test("nbf is a number of seconds", async () => {
  const start = async (nbf: number | undefined) => (await readSigningKey({ ...ed, nbf })).notBefore;
  for (const nbf of [0, -1.5, 1e10, undefined]) assertEquals(await start(nbf), nbf);
  await assertTable(codeOf, { KEY_MALFORMED: ["0", null, Infinity, NaN, {}].map((nbf) => ({ ...ed, nbf })) });
});

Deno.test("private members in another form than the canonical one make the same key", async () => {
  const prefixed = (text: unknown) =>
    Buffer.concat([Buffer.alloc(1), Buffer.from(`${text}`, "base64url")]).toString("base64url");
  const padded = ({ kty, crv, alg, kid: _, ...members }: JWK) => ({
    ...{ kty, crv, alg },
    ...Object.fromEntries(Object.entries(members).map(([name, text]) => [name, prefixed(text)])),
  });
  await assertTable(codeOf, { usable: [padded(rsa), padded(ec)] });
});

for (const alg of [...CALCULATED, ...SIGNED]) {
  Deno.test(`${alg}: nothing but the allow-list is published, whatever a key holds`, async () => {
    const { privateJwk, publicJwk } = await makeKey(alg, "kid");
    // `supabase gen signing-key` prints these `key_ops`, which jose refuses.
    const more = { x5c: ["x"], x5u: "x", key_ops: ["sign", "verify"], ext: true, nbf: 1, "": "x" };
    assertEquals({ ...await readPublicKey({ ...publicJwk, ...more }) }, { ...publicJwk });
    const pair = await readSigningKey({ ...privateJwk, ...more, k: "x" });
    assertEquals({ ...pair.publicJwk }, { ...publicJwk });
  });
}
