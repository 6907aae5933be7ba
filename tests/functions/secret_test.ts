/** How the JSON of a secret and base64url are decoded. What people paste around them is in pasted_secrets_test.ts. */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "npm:fast-check@4.10.2";
import {
  decodeBase64url,
  decodeJsonSecret,
  isCanonicalBase64url,
  isJsonObject,
} from "../../supabase/functions/_shared/powersync/secret.ts";
import { character, json } from "../support/any_text.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

function problemOf(text: string): string {
  const decoded = decodeJsonSecret(text);
  return decoded.ok ? "none" : decoded.problem;
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

Deno.test("each way of not being JSON has its own label", async () => {
  await assertTable(problemOf, {
    "is JSON that was cut or edited": ['{"a":1', "[1,2"],
    "is neither JSON nor base64": ["", '"abcd', "ab=cd", "abcd==="],
    "is base64, but not of JSON: it was cut or edited": [encoded("not JSON")],
    "is base64 of JSON that was cut or edited": [encoded('{"a":1')],
    "is base64, but not of UTF-8: it was cut or edited": [
      Buffer.from('{"a":"\xff"}', "latin1").toString("base64"),
    ],
  });
});

Deno.test("base64 that no encoder writes is a problem: its last character was edited, or cut off", async () => {
  assertEquals(encoded("[1]]").replace(/=+$/, ""), "WzFdXQ");
  // The last character's four low bits carry nothing: a lenient decoder reads all of these alike.
  await assertTable(problemOf, { "is neither JSON nor base64": ["WzFdXR", "WzFdXX", "WzFdX"] });
});

Deno.test("a secret longer than any platform allows is not decoded", () => {
  const spaces = (count: number) => `[${" ".repeat(count - 2)}]`;
  assertEquals([65_536, 65_537].map((count) => problemOf(spaces(count))), ["none", "is too long"]);
});

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
      for (const form of [text, padded, unpadded, bytes.toString("base64url"), paddedUrl, lines]) {
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
  const check = (text: string) => {
    const problem = problemOf(text);
    assert(problem !== "");
    assertFalse(text.length > 12 && problem.includes(text));
  };
  fc.assert(fc.property(anyText, check), { numRuns: 2000 });
});

const secret = base64((await makeKey("ES256", "key")).privateJwk);
Deno.test("a secret that was cut or changed by one character never decodes to the same value", () => {
  const original = JSON.stringify(decodeJsonSecret(secret));
  const index = fc.integer({ min: 0, max: secret.length - 1 });
  const other = fc.constantFrom(..."ABYZabyz0189+/-_=.,#\u00e9\u0000");
  fc.assert(fc.property(index, other, (index, character) => {
    const [cut, edited] = [
      secret.slice(0, index),
      secret.slice(0, index) + character + secret.slice(index + 1),
    ];
    const isSame = edited.replaceAll("-", "+").replaceAll("_", "/") === secret ||
      /=$/.test(secret.slice(index));
    for (const text of isSame ? [] : [edited, cut]) {
      assert(JSON.stringify(decodeJsonSecret(text)) !== original, text.slice(index));
    }
  }));
});

Deno.test("only an object is a JSON object", () => {
  assertEquals([{}, { a: 1 }].every(isJsonObject), true);
  for (const value of [null, undefined, [], "{}", 1]) assertFalse(isJsonObject(value));
});

Deno.test("base64url has its own alphabet, no padding, and no last group of one character", () => {
  const bytes = (text: string) => decodeBase64url(text)?.join();
  assertEquals(["AA", "AAA", "AAEC", "a-_9", "__"].map(bytes), ["0", "0,0", "0,1,2", "107,239,253", "255"]);
  for (const text of ["", "A", "AAAAA", "AA==", "A+AA", "A/AA", "AA\n", "A A", "AÄAA"]) {
    assertEquals([text, bytes(text)], [text, undefined]);
  }
});

Deno.test("base64url is canonical when it is what an encoder writes", async () => {
  const random = (bytes: number) =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
  await assertTable(isCanonicalBase64url, [
    [true, [1, 2, 3, 4, 48, 256].map(random)],
    [false, ["AB", "AAB", "A", "AA==", "AA\n", "+AAA"]],
  ]);
});
