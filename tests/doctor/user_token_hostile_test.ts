import { Buffer } from "node:buffer";
import { assertEquals, assertMatch } from "@std/assert";
import { examine, find, idsOf, list, withProvider } from "./user_token.ts";

Deno.test("hostile tokens are refused in a sentence", async () => {
  await withProvider(async (provider) => {
    const variables = list({ issuer: provider.issuer, audience: "api" });
    const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    const part = (json: string) => Buffer.from(json).toString("base64url");
    // No library signs what is nested as deeply, and the claims are looked at first.
    const nested = (claims: string) =>
      [part('{"alg":"ES256","kid":"k"}'), part(`{"exp":2000000000,${claims}}`), "A".repeat(86)].join(".");
    const cases: readonly (readonly [string, string])[] = [
      ["too-long", await provider.sign({ sub: "u", aud: "api", text: "x".repeat(20_000) })],
      ["audience", await provider.sign({ sub: "u", aud: `\x1b[2J\u202e${"x".repeat(5_000)}` })],
      ["audience", nested(`"iss":"${provider.issuer}","sub":"u","aud":${deep}`)],
      ["subject", nested(`"iss":"${provider.issuer}","aud":"api","sub":${deep}`)],
      ["provider-not-listed", nested(`"iss":${deep},"sub":"u","aud":"api"`)],
      ["provider-not-listed", await provider.sign({ iss: 5, sub: "u", aud: "api" })],
      ["provider-not-listed", await provider.sign({ iss: "javascript:alert(1)", sub: "u", aud: "api" })],
      ["provider-not-listed", await provider.sign({ iss: "x".repeat(9_000), sub: "u", aud: "api" })],
    ];
    for (const [id, token] of cases) {
      const told = find(await examine(token, { variables }), id);
      assertEquals([id, told.seen.length < 1_000, /[\p{Cc}\p{Cf}]/u.test(told.seen)], [id, true, false]);
    }
  });
});

Deno.test("a setting that cannot be read is told instead", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    for (const text of ["[{", JSON.stringify([{ issuer: provider.issuer }])]) {
      const told = await examine(token, { variables: { POWERSYNC_IDENTITY_PROVIDERS: text } });
      assertEquals(idsOf(told), ["settings"]);
      assertMatch(find(told, "settings").seen, /^POWERSYNC_IDENTITY_PROVIDERS cannot be used/);
    }
  });
});
