/** That every form of a secret decodes to what was encoded is in properties_test.ts. */
import { assertEquals, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  decodeBase64url,
  decodeJsonSecret,
  isCanonicalBase64url,
  isJsonObject,
} from "../../supabase/functions/_shared/powersync/secret.ts";

function problemOf(text: string): string {
  const decoded = decodeJsonSecret(text);
  return decoded.ok ? "none" : decoded.problem;
}

Deno.test("each way of not being JSON has its own label", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const cases: [string, string][] = [
    ['{"a":1', "is JSON that was cut or edited"],
    ["[1,2", "is JSON that was cut or edited"],
    ["", "is neither JSON nor base64"],
    ['"abcd', "is neither JSON nor base64"],
    ["ab=cd", "is neither JSON nor base64"],
    ["abcd===", "is neither JSON nor base64"],
    [base64("not JSON"), "is base64, but not of JSON: it was cut or edited"],
    [base64('{"a":1'), "is base64 of JSON that was cut or edited"],
    [
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString("base64"),
      "is base64, but not of UTF-8: it was cut or edited",
    ],
  ];
  for (const [text, problem] of cases) assertEquals([text, problemOf(text)], [text, problem]);
});

Deno.test("base64 that no encoder writes is a problem: its last character was edited, or cut off", () => {
  const unpadded = Buffer.from("[1]]").toString("base64").replace(/=+$/, "");
  assertEquals(unpadded, "WzFdXQ");
  // The last character's four low bits carry nothing: a lenient decoder reads all of these alike.
  for (const edited of ["WzFdXR", "WzFdXX", "WzFdX"]) {
    assertEquals(problemOf(edited), "is neither JSON nor base64");
  }
});

Deno.test("a secret longer than any platform allows is not decoded", () => {
  const spaces = (count: number) => `[${" ".repeat(count - 2)}]`;
  assertEquals(problemOf(spaces(65_536)), "none");
  assertEquals(problemOf(spaces(65_537)), "is too long");
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

Deno.test("base64url is canonical when it is what an encoder writes", () => {
  for (const length of [1, 2, 3, 4, 48, 256]) {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString("base64url");
    assertEquals([text, isCanonicalBase64url(text)], [text, true]);
  }
  for (const text of ["AB", "AAB", "A", "AA==", "AA\n", "+AAA"]) {
    assertEquals([text, isCanonicalBase64url(text)], [text, false]);
  }
});
