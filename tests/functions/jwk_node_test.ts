/**
 * Holds what is published to Node's `createPublicKey`, with which PowerSync imports it: one key that Node refuses
 * spoils the whole JWKS. Under Deno these tests ask Deno's own `node:crypto`, which takes no key that Node refuses.
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createPublicKey, type JsonWebKey } from "node:crypto";
import {
  KeyError,
  type PublishedKey,
  readPublicKey,
} from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

type Jwk = Readonly<Record<string, string>>;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MUTATIONS = 300;

const [rsa, ec, ec384, ed, otherEc] = await Promise.all([
  bareKey("RS256"),
  bareKey("ES256"),
  bareKey("ES384"),
  bareKey("EdDSA"),
  bareKey("ES256"),
]);

/** The members that make a public key, and no others. */
async function bareKey(alg: string): Promise<Jwk> {
  const { alg: _, use: __, ...members } = (await makeKey(alg)).publicJwk;
  return JSON.parse(JSON.stringify(members));
}

async function read(jwk: unknown): Promise<PublishedKey | KeyError> {
  try {
    return await readPublicKey(jwk);
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
}

async function codeOf(jwk: unknown): Promise<string> {
  const result = await read(jwk);
  return result instanceof KeyError ? result.code : "published";
}

/** A published key without what `bareKey` leaves out. */
async function published(jwk: unknown): Promise<JsonWebKey> {
  const { alg: _, use: __, kid: ___, ...members } = await readPublicKey(jwk);
  return members;
}

/** What Node makes of a key, or `undefined` when it refuses it. */
function nodeExport(key: JsonWebKey): JsonWebKey | undefined {
  try {
    return createPublicKey({ format: "jwk", key }).export({ format: "jwk" });
  } catch {
    return undefined;
  }
}

function bytes(text = ""): Buffer {
  return Buffer.from(text, "base64url");
}

function unsigned(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

function prefixed(text: string | undefined): string {
  return Buffer.concat([Buffer.alloc(1), bytes(text)]).toString("base64url");
}

/** Other text for the same bytes: the last character's lowest bit belongs to none of them. */
function withUnusedBit(text = ""): string {
  return text.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(text.slice(-1)) + 1);
}

/** A random number from 0 to `limit - 1`. */
function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function mutated(jwk: Jwk, other: Jwk): Jwk {
  const names = Object.keys(jwk).filter((name) => name !== "kty" && name !== "crv");
  const name = names[random(names.length)] ?? "";
  const text = jwk[name] ?? "";
  const at = random(text.length);
  const character = ALPHABET.charAt(random(64));
  const texts = [
    text.slice(0, at) + character + text.slice(at + 1),
    text.slice(0, at) + character + text.slice(at),
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at),
    text.slice(at),
    `AAAA${text}`,
    text + text,
    withUnusedBit(text),
    jwk[names[random(names.length)] ?? ""] ?? "",
    other[name] ?? "",
  ];
  return { ...jwk, [name]: texts[random(texts.length)] ?? "" };
}

Deno.test("a key that Node refuses is malformed and not published", async () => {
  const { x = "", y = "" } = ec;
  const zero = Buffer.alloc(32).toString("base64url");
  const refused: unknown[] = [
    { ...ec, y: otherEc.y },
    { ...ec, x: y, y: x },
    { ...ec, x: x.slice(0, -4) },
    { ...ec, x: "AAAA" },
    { ...ec, x: zero, y: zero },
    { ...ec, y: undefined },
    { ...ec, x: 7 },
    { ...ec, x: "" },
    { ...ec384, crv: "P-256" },
    { ...ec, crv: "P-384" },
    { ...ed, x: ed.x?.slice(0, -4) },
    { ...ed, x: `${ed.x}AAAA` },
    { ...ed, x: prefixed(ed.x) },
    { ...ed, x: "" },
    { ...ed, x: undefined },
    { ...rsa, e: undefined },
    { ...rsa, n: null },
  ];
  for (const jwk of refused) {
    assertEquals([jwk, nodeExport(Object(jwk))], [jwk, undefined]);
    assertEquals([jwk, await codeOf(jwk)], [jwk, "KEY_MALFORMED"]);
  }
});

Deno.test("another form of a key is published in its canonical form, so that one key has one thumbprint", async () => {
  let withZero = await bareKey("ES256");
  while (bytes(withZero.x)[0] !== 0) withZero = await bareKey("ES256");
  const forms: [Jwk, Jwk][] = [
    [rsa, { ...rsa, n: prefixed(rsa.n) }],
    [rsa, { ...rsa, e: "AAEAAQ" }],
    [rsa, { ...rsa, n: withUnusedBit(rsa.n) }],
    [ec, { ...ec, x: prefixed(ec.x), y: `AAAA${ec.y}` }],
    [ec, { ...ec, x: withUnusedBit(ec.x) }],
    [ec384, { ...ec384, y: prefixed(ec384.y) }],
    [withZero, { ...withZero, x: bytes(withZero.x).subarray(1).toString("base64url") }],
    [ed, { ...ed, x: withUnusedBit(ed.x) }],
  ];
  for (const [canonical, form] of forms) {
    assertEquals([form, await published(form)], [form, { ...canonical }]);
    assertEquals(nodeExport(canonical), { ...canonical });
    assertEquals((await readPublicKey(form)).kid, (await readPublicKey(canonical)).kid);
  }
});

/** All that PowerSync's Node imports and that is not published, with the reason. */
const NOT_PUBLISHED: readonly { why: string; jwk: Readonly<Record<string, unknown>>; code: string }[] = [
  { why: "PowerSync does not notice a private key", jwk: { ...ec, d: ec.x }, code: "KEY_IS_PRIVATE" },
  { why: "a kid is text (RFC 7517, section 4.5)", jwk: { ...ec, kid: 7 }, code: "KEY_MALFORMED" },
  { why: "an alg is text (RFC 7517, section 4.4)", jwk: { ...ec, alg: null }, code: "KEY_UNSUPPORTED" },
  { why: "a use is text (RFC 7517, section 4.2)", jwk: { ...ec, use: null }, code: "KEY_UNSUPPORTED" },
  {
    why: "PowerSync verifies nothing with it",
    jwk: { ...rsa, n: unsigned(2n ** 2046n + 1n) },
    code: "KEY_TOO_WEAK",
  },
  { why: "an exponent below 65537 is unsafe (FIPS 186-5)", jwk: { ...rsa, e: "Aw" }, code: "KEY_TOO_WEAK" },
  { why: "an even exponent has no inverse", jwk: { ...rsa, e: "AQAC" }, code: "KEY_TOO_WEAK" },
  {
    why: "the hosted runtime cannot use more than 4096 bits",
    jwk: { ...rsa, n: unsigned(2n ** 4096n + 1n) },
    code: "KEY_UNSUPPORTED",
  },
  {
    why: "the hosted runtime cannot use an exponent of more than 33 bits",
    jwk: { ...rsa, e: unsigned(2n ** 33n + 1n) },
    code: "KEY_MALFORMED",
  },
  {
    why: "an even modulus is not a product of two odd primes",
    jwk: { ...rsa, n: unsigned(2n ** 2047n) },
    code: "KEY_MALFORMED",
  },
  { why: "the hosted runtime has no P-521", jwk: { ...ec, crv: "P-521" }, code: "KEY_UNSUPPORTED" },
  { why: "PowerSync accepts no ES256K", jwk: { ...ec, crv: "secp256k1" }, code: "KEY_UNSUPPORTED" },
  { why: "the hosted runtime has no Ed448", jwk: { ...ed, crv: "Ed448" }, code: "KEY_UNSUPPORTED" },
  { why: "X25519 signs nothing", jwk: { ...ed, crv: "X25519" }, code: "KEY_UNSUPPORTED" },
  { why: "OpenSSL's name is not a JWK's", jwk: { ...ec, crv: "prime256v1" }, code: "KEY_UNSUPPORTED" },
  { why: "padding: the value was edited", jwk: { ...ec, x: `${ec.x}=` }, code: "KEY_MALFORMED" },
  { why: "white space: the value was edited", jwk: { ...rsa, n: `${rsa.n}\n` }, code: "KEY_MALFORMED" },
  { why: "base64, not base64url", jwk: { ...rsa, n: `+/${rsa.n?.slice(2)}` }, code: "KEY_MALFORMED" },
  { why: "an empty member: the value was cut", jwk: { ...rsa, n: "" }, code: "KEY_MALFORMED" },
];

for (const { why, jwk, code } of NOT_PUBLISHED) {
  Deno.test(`not published although Node imports it: ${why}`, async () => {
    assertEquals(await codeOf(jwk), code);
  });
}

Deno.test("any 32 bytes are an Ed25519 key to Node, so they spoil no JWKS", async () => {
  for (const x of [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(32, 2)]) {
    assertEquals(await codeOf({ ...ed, x: x.toString("base64url") }), "published");
  }
});

Deno.test("whatever is edited in a key: Node takes what is published, and nothing that Node takes is malformed", async () => {
  const others = [await bareKey("RS256"), otherEc, await bareKey("ES384")];
  let taken = 0;
  for (const [index, jwk] of [rsa, ec, ec384].entries()) {
    for (let i = 0; i < MUTATIONS; i++) {
      const edited = mutated(jwk, others[index] ?? {});
      const result = await read(edited);
      if (result instanceof KeyError) {
        if (result.code === "KEY_MALFORMED") assertEquals([edited, nodeExport(edited)], [edited, undefined]);
        continue;
      }
      taken += 1;
      const { alg: _, use: __, kid: ___, ...members } = result;
      assertEquals([edited, nodeExport(members)], [edited, members]);
    }
  }
  assert(taken > 0, "some edits leave a key that Node takes");
});
