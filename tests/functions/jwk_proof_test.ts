import { assert, assertEquals } from "@std/assert";
import type { JWK } from "jose";
import { KeyError, readSigningKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

/** Reads a private key and counts the signatures that its proof takes. */
async function prove(jwk: JWK): Promise<{ code: string; signatures: number }> {
  const original = crypto.subtle.sign;
  let signatures = 0;
  crypto.subtle.sign = function (...args: Parameters<typeof original>) {
    signatures += 1;
    return original.apply(this, args);
  };
  try {
    const { privateKey } = await readSigningKey(jwk);
    assertEquals([privateKey.type, privateKey.extractable, privateKey.usages], ["private", false, ["sign"]]);
    return { code: "usable", signatures };
  } catch (error) {
    if (error instanceof KeyError) return { code: error.code, signatures };
    throw error;
  } finally {
    crypto.subtle.sign = original;
  }
}

/** Replaces a method of Web Crypto by one that fails, as a runtime's own would. */
async function codeWhere(method: "importKey" | "sign" | "verify", fails: Error, jwk: JWK): Promise<string> {
  const original = crypto.subtle[method];
  Object.assign(crypto.subtle, { [method]: () => Promise.reject(fails) });
  try {
    return (await prove(jwk)).code;
  } finally {
    Object.assign(crypto.subtle, { [method]: original });
  }
}

Deno.test("an EC or Ed25519 pair signs once; an RSA pair, whose arithmetic is its proof, not at all", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    assertEquals(await prove((await makeKey(alg)).privateJwk), { code: "usable", signatures: 1 });
  }
  for (const alg of ["RS256", "RS384", "RS512"]) {
    assertEquals(await prove((await makeKey(alg)).privateJwk), { code: "usable", signatures: 0 });
  }
});

/** Which members fail RSA's arithmetic is in key_arithmetic_test.ts. */
Deno.test("an RSA key with a member of another key never signs: that would end the process", async () => {
  const { privateJwk } = await makeKey("RS256");
  const { d = "", p = "" } = (await makeKey("RS256")).privateJwk;
  for (const edit of [{ d }, { p }, { e: "AQAD" }, { p: "AA" }]) {
    const { code, signatures } = await prove({ ...privateJwk, ...edit });
    assertEquals([edit, code, signatures], [edit, "KEY_INCONSISTENT", 0]);
  }
});

Deno.test("a private EC or Ed25519 key with another key's public half is inconsistent", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    const [first, second] = [await makeKey(alg), await makeKey(alg)];
    const jwk = { ...second.publicJwk, d: first.privateJwk.d ?? "" };
    assertEquals([alg, await prove(jwk)], [alg, { code: "KEY_INCONSISTENT", signatures: 1 }]);
  }
});

Deno.test("a private member that no key can have is refused, at its import or by its signature", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA"]) {
    const { privateJwk } = await makeKey(alg);
    const zero = "A".repeat(privateJwk.d?.length ?? 0);
    for (const d of ["AQAB", `${privateJwk.d}AAAA`, `${privateJwk.d?.slice(0, -4)}`, zero]) {
      const { code } = await prove({ ...privateJwk, d });
      assert(["KEY_MALFORMED", "KEY_INCONSISTENT"].includes(code), `${alg}: ${code}`);
    }
  }
});

Deno.test("a runtime that cannot use a key says nothing about whether its members belong together", async () => {
  const { privateJwk } = await makeKey("ES256");
  const unsupported = new DOMException("Unsupported", "NotSupportedError");
  for (const method of ["importKey", "sign", "verify"] as const) {
    assertEquals([method, await codeWhere(method, unsupported, privateJwk)], [method, "KEY_UNSUPPORTED"]);
  }
  const malformed = new DOMException("Malformed", "DataError");
  assertEquals(await codeWhere("importKey", malformed, privateJwk), "KEY_MALFORMED");
});
