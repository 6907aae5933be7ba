/**
 * Holds what is published to Node's `createPublicKey`, with which PowerSync imports it: one key that Node refuses
 * spoils the whole JWKS. Under Deno these tests ask Deno's own `node:crypto`, which takes no key that Node refuses. What
 * Node takes and is not published is in jwk_test.ts.
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { KeyError, readPublicKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

type Jwk = Readonly<Record<string, string>>;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MUTATIONS = 300;

const [rsa, ec, ec384, ed] = [
  await bareKey("RS256"),
  await bareKey("ES256"),
  await bareKey("ES384"),
  await bareKey("EdDSA"),
];
const otherEc = await bareKey("ES256");

/** The members that make a public key, and no others. */
async function bareKey(alg: string): Promise<Jwk> {
  const { alg: _, use: __, ...members } = (await makeKey(alg)).publicJwk;
  return JSON.parse(JSON.stringify(members));
}

/** What is published of a key, with the members that make it apart; or the code that refuses it. */
async function read(jwk: unknown): Promise<{ kid: string; members: JsonWebKey } | KeyError["code"]> {
  try {
    const { alg: _, use: __, kid, ...members } = await readPublicKey(jwk);
    return { kid, members };
  } catch (error) {
    if (error instanceof KeyError) return error.code;
    throw error;
  }
}

/** What Node makes of a key, or `undefined` when it refuses it. */
function nodeExport(key: JsonWebKey): JsonWebKey | undefined {
  try {
    return createPublicKey({ format: "jwk", key }).export({ format: "jwk" });
  } catch {
    return undefined;
  }
}

const bytes = (text = "") => Buffer.from(text, "base64url");

const prefixed = (text: string | undefined) =>
  Buffer.concat([Buffer.alloc(1), bytes(text)]).toString("base64url");

/** Other text for the same bytes: the last character's lowest bit belongs to none of them. */
const withUnusedBit = (text = "") =>
  text.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(text.slice(-1)) + 1);

Deno.test("a key that Node refuses is malformed and not published", async () => {
  const { x = "", y = "" } = ec;
  const zero = Buffer.alloc(32).toString("base64url");
  const refused: unknown[] = [
    ...[{ y: otherEc.y }, { x: y, y: x }, { x: x.slice(0, -4) }, { x: "AAAA" }, { x: zero, y: zero }]
      .map((edit) => ({ ...ec, ...edit })),
    ...[{ y: undefined }, { x: 7 }, { x: "" }, { crv: "P-384" }].map((edit) => ({ ...ec, ...edit })),
    { ...ec384, crv: "P-256" },
    ...[ed.x?.slice(0, -4), `${ed.x}AAAA`, prefixed(ed.x), "", undefined].map((x) => ({ ...ed, x })),
    { ...rsa, e: undefined },
    { ...rsa, n: null },
  ];
  for (const jwk of refused) {
    assertEquals([jwk, nodeExport(Object(jwk)), await read(jwk)], [jwk, undefined, "KEY_MALFORMED"]);
  }
});

Deno.test("another form of a key is published in its canonical form, so that one key has one thumbprint", async () => {
  let withZero = await bareKey("ES256");
  while (bytes(withZero.x)[0] !== 0) withZero = await bareKey("ES256");
  const forms: [Jwk, edit: Jwk][] = [
    [rsa, { n: prefixed(rsa.n) }],
    [rsa, { e: "AAEAAQ" }],
    [rsa, { n: withUnusedBit(rsa.n) }],
    [ec, { x: prefixed(ec.x), y: `AAAA${ec.y}` }],
    [ec, { x: withUnusedBit(ec.x) }],
    [ec384, { y: prefixed(ec384.y) }],
    [withZero, { x: bytes(withZero.x).subarray(1).toString("base64url") }],
    [ed, { x: withUnusedBit(ed.x) }],
  ];
  for (const [members, edit] of forms) {
    const published = await read({ ...members, ...edit });
    assert(typeof published === "object");
    assertEquals([edit, published.members, nodeExport(members)], [edit, { ...members }, { ...members }]);
    assertEquals(published, await read(members));
  }
});

Deno.test("any 32 bytes are an Ed25519 key to Node, so they spoil no JWKS", async () => {
  for (const x of [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(32, 2)]) {
    assert(typeof await read({ ...ed, x: x.toString("base64url") }) === "object");
  }
});

/** A random number from 0 to `limit - 1`. */
const random = (limit: number) => Math.floor(Math.random() * limit);

function mutated(jwk: Jwk, other: Jwk): Jwk {
  const names = Object.keys(jwk).filter((name) => name !== "kty" && name !== "crv");
  const name = names[random(names.length)] ?? "";
  const text = jwk[name] ?? "";
  const at = random(text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const character = ALPHABET.charAt(random(64));
  const texts = [
    before + character + after.slice(1),
    before + character + after,
    before + after.slice(1),
    before,
    after,
    `AAAA${text}`,
    text + text,
    withUnusedBit(text),
    jwk[names[random(names.length)] ?? ""] ?? "",
    other[name] ?? "",
  ];
  return { ...jwk, [name]: texts[random(texts.length)] ?? "" };
}

Deno.test("whatever is edited in a key: Node takes what is published, and nothing that Node takes is malformed", async () => {
  const pairs: [Jwk, other: Jwk][] = [
    [rsa, await bareKey("RS256")],
    [ec, otherEc],
    [ec384, await bareKey("ES384")],
  ];
  let taken = 0;
  for (const [jwk, other] of pairs) {
    for (let i = 0; i < MUTATIONS; i++) {
      const edited = mutated(jwk, other);
      const published = await read(edited);
      if (typeof published === "object") {
        taken += 1;
        assertEquals([edited, nodeExport(published.members)], [edited, published.members]);
      } else if (published === "KEY_MALFORMED") {
        assertEquals([edited, nodeExport(edited)], [edited, undefined]);
      }
    }
  }
  assert(taken > 0, "some edits leave a key that Node takes");
});
