import { Buffer } from "node:buffer";
import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { decodeJsonSecret } from "../../supabase/functions/_shared/powersync/secret.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { answer } from "../support/answer.ts";
import { character, json } from "../support/any_text.ts";
import { startFunctions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertRefusal } from "./attack.ts";

const PUBLIC_MEMBERS = ["kty", "n", "e", "crv", "x", "y", "alg", "kid", "use"];
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** The members of a mangled key. */
type Members = Readonly<Record<string, unknown>>;

const keys = await Promise.all(["RS256", "ES256", "ES384", "EdDSA"].map((alg) => makeKey(alg, `key-${alg}`)));

Deno.test("a secret decodes to what was encoded, in every accepted form", () => {
  fc.assert(fc.property(
    fc.oneof(fc.array(json), fc.dictionary(fc.string({ unit: character }), json)),
    fc.constantFrom("\n", " ", "", "\r\n\t"),
    (value, space) => {
      const text = JSON.stringify(value);
      const expected = { ok: true, value: JSON.parse(text) };
      const bytes = Buffer.from(text);
      const padded = bytes.toString("base64");
      const unpadded = padded.replace(/=+$/, "");
      const paddedUrl = padded.replaceAll("+", "-").replaceAll("/", "_");
      const lines = padded.replace(/.{76}/g, "$&\n");
      const forms = [text, padded, unpadded, bytes.toString("base64url"), paddedUrl, lines];
      for (const form of forms) {
        assertEquals<unknown>(decodeJsonSecret(`${space}${form}${space}`), expected);
      }
    },
  ));
});

Deno.test("any text decodes or is a problem that shows nothing of it, and never throws", () => {
  const anyText = fc.oneof(
    fc.string({ unit: character, maxLength: 200 }),
    fc.base64String({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    json.map((value) => JSON.stringify(value).slice(1)),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const decoded = decodeJsonSecret(text);
      if (decoded.ok) return;
      assert(decoded.problem !== "");
      assertFalse(text.length > 12 && decoded.problem.includes(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a secret that was cut or changed by one character never decodes to the same value", () => {
  const secret = base64(keys[1]?.privateJwk);
  fc.assert(fc.property(
    fc.integer({ min: 0, max: secret.length - 1 }),
    fc.constantFrom(..."ABYZabyz0189+/-_=.,#\u00e9\u0000"),
    (index, character) => {
      const edited = secret.slice(0, index) + character + secret.slice(index + 1);
      const original = decodeJsonSecret(secret);
      const same = edited.replaceAll("-", "+").replaceAll("_", "/") === secret ||
        /=$/.test(secret.slice(index));
      if (same) return;
      for (const text of [edited, secret.slice(0, index)]) {
        const decoded = decodeJsonSecret(text);
        assert(!decoded.ok || JSON.stringify(decoded) !== JSON.stringify(original), text.slice(index));
      }
    },
  ));
});

/** A JWK with members taken away, replaced, added and mixed with those of other keys. */
const mangledJwk = fc.tuple(
  fc.constantFrom(...keys),
  fc.constantFrom(...keys),
  fc.boolean(),
  fc.subarray([...PUBLIC_MEMBERS, ...PRIVATE_MEMBERS]),
  fc.subarray(PRIVATE_MEMBERS),
  fc.dictionary(
    fc.constantFrom(...PUBLIC_MEMBERS, ...PRIVATE_MEMBERS, "nbf", "key_ops", "x5c", "__proto__"),
    json,
    { maxKeys: 3 },
  ),
).map(([key, other, isPrivate, removed, borrowed, added]) => {
  const jwk: Record<string, unknown> = { ...(isPrivate ? key.privateJwk : key.publicJwk) };
  const borrowedFrom: Members = { ...other.privateJwk };
  for (const name of removed.length < 4 ? removed : []) delete jwk[name];
  for (const name of borrowed.length < 4 ? borrowed : []) jwk[name] = borrowedFrom[name];
  return Object.keys(added).length === 3 ? { ...jwk, ...added } : jwk;
});

const anySecret = fc.oneof(
  { weight: 4, arbitrary: mangledJwk.map((jwk) => base64(jwk)) },
  { weight: 3, arbitrary: mangledJwk.map((jwk) => JSON.stringify(jwk)) },
  { weight: 2, arbitrary: fc.array(mangledJwk, { maxLength: 3 }).map((jwks) => base64({ keys: jwks })) },
  { weight: 1, arbitrary: json.map((value) => base64(value)) },
  { weight: 1, arbitrary: fc.string({ unit: character }) },
);

const privateValues = keys.flatMap(({ privateJwk }) => {
  const members: Members = { ...privateJwk };
  return PRIVATE_MEMBERS.map((name) => members[name]).filter((value) => typeof value === "string");
});

function assertPublic(text: string): void {
  assertFalse(privateValues.some((value) => text.includes(value)), "a private member is published");
}

Deno.test("whatever the secrets hold, the JWKS has public members only, or the answer is a coded error", async () => {
  const lines = await captureLog(async () => {
    await fc.assert(
      fc.asyncProperty(anySecret, anySecret, anySecret, async (first, second, extra) => {
        const environment = {
          POWERSYNC_PRIVATE_KEY: first,
          POWERSYNC_PRIVATE_KEY_2: second,
          POWERSYNC_PUBLIC_KEY: extra,
        };
        const { status, body } = await answer(await startFunctions({ environment }).send("powersync-jwks"));
        assertPublic(JSON.stringify(body));
        if (status !== 200) {
          assertEquals([status, Object.keys(body)], [500, ["code", "message", "hint"]]);
          return;
        }
        assert(body.keys.length > 0);
        const ids = body.keys.map((key: Record<string, unknown>) => {
          assertEquals(Object.keys(key).filter((name) => !PUBLIC_MEMBERS.includes(name)), []);
          assertEquals([typeof key.kid, key.use], ["string", "sig"]);
          return key.kid;
        });
        assertEquals(new Set(ids).size, ids.length);
      }),
      { numRuns: 250 },
    );
  });
  assertPublic(JSON.stringify(lines));
});

Deno.test("no problem of a key ring shows anything of a private key", async () => {
  await fc.assert(
    fc.asyncProperty(anySecret, anySecret, async (signing, extra) => {
      const ring = await loadKeyRing({
        signing: [{ name: "POWERSYNC_PRIVATE_KEY", value: signing }],
        extra: [{ name: "POWERSYNC_PUBLIC_KEY", value: extra }],
      });
      assertPublic(JSON.stringify(ring.published));
      for (const { error } of ring.problems) assertPublic(`${error.message} ${error.hint} ${error.code}`);
    }),
    { numRuns: 250 },
  );
});

Deno.test("whatever the credentials are, the answer is a 4xx of the error contract", async () => {
  const { send } = startFunctions();
  const part = fc.oneof(
    fc.base64String().map((text) => text.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_")),
    json.map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")),
    fc.record({ alg: fc.constantFrom("ES256", "RS256", "none", "ES512"), kid: fc.constant("project-ec") })
      .map((header) => Buffer.from(JSON.stringify(header)).toString("base64url")),
  );
  const credential = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join(".")),
  );
  const scheme = fc.constantFrom("Bearer ", "bearer ", "", "Basic ", "Bearer  ");
  await fc.assert(
    fc.asyncProperty(scheme, credential, credential, async (prefix, bearer, apikey) => {
      const headers = { Authorization: `${prefix}${bearer}`, apikey };
      for (const name of ["powersync-auth", "powersync-auth-anonymous"] as const) {
        for (const method of ["GET", "POST"]) {
          await assertRefusal(await send(name, { method, headers }), JSON.stringify(headers));
        }
      }
    }),
    { numRuns: 500 },
  );
});
