import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { whoseToken } from "../../scripts/doctor/tokens/whose-token.ts";
import { makeKey, sign } from "../support/signing.ts";

const NOW = 1_800_000_000;
const INSTANCE = "https://a.powersync.journeyapps.com";
const ours = await makeKey("ES256", "powersync-0123456789");
const known = {
  issuer: "powersync-auth",
  keyIds: ["powersync-0123456789"],
  audiences: [INSTANCE],
  providers: [],
};
const good = { iss: "powersync-auth", sub: "u", aud: INSTANCE, iat: NOW, exp: NOW + 300 };

Deno.test("times are told in units that a person uses, and milliseconds are recognised", async () => {
  const told = async (changes: Record<string, unknown>) => {
    const [, ...others] = whoseToken(await sign({ ...good, ...changes }, { key: ours }), known, NOW).told;
    return others.map(({ id, seen }) => `${id}: ${seen}`).join(" ");
  };
  assertEquals(await told({}), "");
  assertMatch(
    await told({ exp: NOW - 300 }),
    /^token-expired: The token expired 5 minutes ago, at 2027-01-15 07:55 UTC\.$/,
  );
  assertMatch(await told({ exp: NOW - 90_000 }), /expired 1 day ago/);
  // PowerSync forgives a minute.
  assertEquals(await told({ exp: NOW - 59 }), "");
  assertMatch(await told({ exp: NOW - 60 }), /expired 1 minute ago/);
  assertMatch(await told({ nbf: NOW + 7_200 }), /^token-not-yet-valid: .*in 2 hours/);
  assertMatch(await told({ iat: NOW + 600 }), /^token-issued-later: .*in 10 minutes/);
  assertMatch(await told({ exp: undefined }), /^token-without-expiry: There is no `exp`/);
  assertMatch(await told({ exp: `${NOW}` }), /^token-without-expiry: `exp` is "1800000000", not a number/);
  assertMatch(await told({ exp: -1e300 }), /^token-expired/);
  assertMatch(await told({ sub: undefined }), /^token-without-subject/);
  const inMilliseconds = await told({ iat: NOW * 1000, exp: (NOW + 300) * 1000 });
  assertMatch(
    inMilliseconds,
    /^token-in-milliseconds: `exp` is 1800000300000 and `iat` is 1800000000000: that is in milli/,
  );
  assertFalse(inMilliseconds.includes("expired"));
});
