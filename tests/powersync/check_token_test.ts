/** How the rules report; that they decide as PowerSync does, verdicts_test.ts holds. */
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { POWERSYNC_CODES } from "../../scripts/powersync/codes.ts";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { verdictOf } from "../../scripts/powersync/result.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";
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

const GIVEN = { audiences: [AUDIENCE], nowSeconds: NOW };

Deno.test("a good token passes every rule, each with its own sentence", async () => {
  const results = await checkClaims({});
  assertAccepted(results);
  assertEquals(new Set(results.map(({ rule }) => rule)).size, results.length);
  assert(results.every(({ outcome, seen }) => outcome === "passed" && seen.endsWith(".")));
});

Deno.test("a token of 16 KB fails with HTTP 431, one a little shorter passes", async () => {
  const empty = (await sign({ ...GOOD, filler: "" }, { key })).length;
  const room = Math.floor((16 * 1024 - empty) * 3 / 4);
  assertAccepted(await checkClaims({ filler: "x".repeat(room - 4) }));
  assertRefused(await checkClaims({ filler: "x".repeat(room + 4) }), "token-size", "HTTP 431");
});

Deno.test("white space in a token fails with S2106, and white space after it does not count", async () => {
  const token = await sign(GOOD, { key });
  for (const spaced of [` ${token}`, token.replace(".", ".\n"), ""]) {
    const { because, code } = verdictOf(await check(spaced));
    assertEquals([because?.rule, code], ["token-header", "PSYNC_S2106"]);
  }
  assertAccepted(await check(`${token} \r\n`));
});

Deno.test("quotes around a token are named before the signature that fails because of them", async () => {
  const results = await check(`"${await sign(GOOD, { key })}"`);
  const failures = results.filter(({ outcome }) => outcome === "failed").map(({ rule }) => rule);
  assertEquals(failures, ["token-form", "signature"]);
});

Deno.test("the keys that PowerSync knows are named when the token's is not among them", async () => {
  const results = await check(await sign(GOOD, { key: await makeKey("ES256", "powersync-other") }));
  assertStringIncludes(verdictOf(results).because?.seen ?? "", '"powersync-a"');
});

Deno.test("a trailing slash in aud is named as the only difference", async () => {
  const seen = async (aud: string) => verdictOf(await checkClaims({ aud })).because?.seen ?? "";
  assertStringIncludes(await seen(`${AUDIENCE}/`), "trailing slash");
  assertFalse((await seen("x")).includes("trailing slash"));
});

Deno.test("without a JWKS the verdict is open, and every other rule is still checked", async () => {
  assertEquals(verdictOf(await checkToken(await sign(GOOD, { key }), GIVEN)).outcome, "undecided");
  const other = await sign({ ...GOOD, aud: "x" }, { key });
  assertRefused(await checkToken(other, GIVEN), "aud-accepted", "PSYNC_S2105");
});

Deno.test("all faults are reported, and the first in PowerSync's order gives the code", async () => {
  const results = await checkClaims({ exp: NOW - 600, aud: "x", parameters: [] });
  const codes = results.filter(({ outcome }) => outcome === "failed").map(({ code }) => code);
  assertEquals(codes, ["PSYNC_S2103", "PSYNC_S2105", "PSYNC_S2101"]);
  assertEquals(verdictOf(results).code, "PSYNC_S2103");
});

Deno.test("a payload that is not an object is reported after the signature", async () => {
  const results = await check(unsigned({ alg: "ES256", kid: "powersync-a" }, []));
  const failures = results.filter(({ outcome }) => outcome === "failed").map(({ rule }) => rule);
  assertEquals(failures, ["signature", "token-form"]);
});

Deno.test("no result holds key material or a whole token", async () => {
  const leaked = (await makeKey("RS256", "leaked")).privateJwk;
  const token = await sign({ ...GOOD, aud: "a".repeat(500) }, { key });
  const texts = JSON.stringify(await check(token, { jwks: { keys: [leaked, ...JWKS.keys] } }));
  const material = [leaked, key.publicJwk].flatMap(({ n, d, p, q, dp, dq, qi, x, y }) =>
    [n, d, p, q, dp, dq, qi, x, y].filter((member) => member !== undefined)
  );
  for (const part of [...token.split("."), ...material]) assertFalse(texts.includes(part));
});

Deno.test("every code is in the table once, with its cause and its fix", () => {
  assertEquals(new Set(POWERSYNC_CODES.map(({ code }) => code)).size, POWERSYNC_CODES.length);
  for (const { code, ...texts } of POWERSYNC_CODES) {
    assert(Object.values(texts).every((text: string) => text.length > 10), code);
  }
});

Deno.test("a token nested as deeply as a header can carry is refused like any other", async () => {
  const part = (json: string) => btoa(json).replace(/=+$/, "");
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const { sub: _, ...claims } = GOOD;
  const payload = `${JSON.stringify(claims).slice(0, -1)},"sub":${deep}}`;
  const token = [part('{"alg":"ES256"}'), part(payload), "A".repeat(86)].join(".");
  assertRefused(await checkToken(token, { ...GIVEN, jwks: JWKS }), "key-found", "PSYNC_S2101");
});
