import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { jwtVerify } from "jose";
import { verdictOf } from "../../scripts/powersync/result.ts";
import { sign } from "../support/signing.ts";
import {
  assertAccepted,
  assertRefused,
  AUDIENCE,
  check,
  checkClaims,
  GOOD,
  key,
  NOW,
} from "./token_check.ts";

for (const claim of ["sub", "iat", "exp"] as const) {
  Deno.test(`${claim} must be present`, async () => {
    const token = await sign(without(claim), { key });
    assertRefused(await check(token), `${claim}-present`, "PSYNC_S2101");
  });
}

for (const claim of ["iat", "exp"] as const) {
  Deno.test(`${claim} must be a number`, async () => {
    assertRefused(await checkClaims({ [claim]: `${NOW}` }), `${claim}-number`, "PSYNC_S2101");
  });
}

Deno.test("exp may be passed by less than 60 s", async () => {
  assertAccepted(await checkClaims({ iat: NOW - 300, exp: NOW - 59 }));
  assertRefused(await checkClaims({ iat: NOW - 300, exp: NOW - 60 }), "exp-not-passed", "PSYNC_S2103");
  assertRefused(await checkClaims({ iat: NOW - 300, exp: NOW - 61 }), "exp-not-passed", "PSYNC_S2103");
});

Deno.test("nbf may be ahead by up to 60 s, and must be a number", async () => {
  assertAccepted(await checkClaims({ nbf: NOW + 60 }));
  assertRefused(await checkClaims({ nbf: NOW + 61 }), "nbf-reached", "PSYNC_S2101");
  assertRefused(await checkClaims({ nbf: "soon" }), "nbf-reached", "PSYNC_S2101");
});

Deno.test("both time rules decide as jose does with a tolerance of 60 s", async () => {
  for (
    const claims of [{ exp: NOW - 59 }, { exp: NOW - 60 }, { exp: NOW - 61 }, { nbf: NOW + 60 }, {
      nbf: NOW + 61,
    }]
  ) {
    const token = await sign({ ...GOOD, iat: NOW - 300, ...claims }, { key });
    const options = { clockTolerance: 60, currentDate: new Date(NOW * 1000) };
    const byJose = await jwtVerify(token, key.publicJwk, options).then(() => "accepted", () => "refused");
    assertEquals(verdictOf(await check(token)).outcome, byJose, JSON.stringify(claims));
  }
});

Deno.test("aud must be present and not null", async () => {
  assertRefused(await check(await sign(without("aud"), { key })), "aud-present", "PSYNC_S2105");
  assertRefused(await checkClaims({ aud: null }), "aud-present", "PSYNC_S2105");
});

Deno.test("aud is one of the audiences, or an array with one of them", async () => {
  const audiences = ["powersync-dev", AUDIENCE];
  assertAccepted(await checkClaims({}, { audiences }));
  assertAccepted(await checkClaims({ aud: ["elsewhere", AUDIENCE] }));
  assertRefused(await checkClaims({ aud: ["elsewhere"] }), "aud-accepted", "PSYNC_S2105");
  assertRefused(await checkClaims({ aud: [] }), "aud-accepted", "PSYNC_S2105");
});

Deno.test("a trailing slash in aud is a mismatch, and is named", async () => {
  const results = await checkClaims({ aud: `${AUDIENCE}/` });
  assertRefused(results, "aud-accepted", "PSYNC_S2105");
  assertStringIncludes(verdictOf(results).because?.seen ?? "", "trailing slash");
  assertFalse(verdictOf(await checkClaims({ aud: "x" })).because?.seen.includes("trailing slash"));
});

Deno.test("exp - iat is at most 86400 s, or what the service is configured with", async () => {
  assertAccepted(await checkClaims({ exp: NOW + 86_400 }));
  assertRefused(await checkClaims({ exp: NOW + 86_401 }), "lifetime", "PSYNC_S2104");
  assertRefused(
    await checkClaims({ exp: NOW + 301 }, { maxLifetimeSeconds: 300 }),
    "lifetime",
    "PSYNC_S2104",
  );
});

Deno.test("parameters, when present, is an object", async () => {
  assertAccepted(await checkClaims({ parameters: { project: 7 } }));
  for (const parameters of ["text", 7, ["list"], true]) {
    assertRefused(await checkClaims({ parameters }), "parameters-object", "PSYNC_S2101");
  }
});

Deno.test("a sub that is no text is accepted with a warning", async () => {
  for (const sub of [42, "", null, true]) {
    const results = await checkClaims({ sub });
    assertEquals(verdictOf(results).outcome, "accepted");
    assertEquals(results.filter(({ outcome }) => outcome === "warning").map(({ rule }) => rule), [
      "sub-text",
    ]);
  }
});

Deno.test("an iss with supabase.co in it is accepted with a warning, any other silently", async () => {
  const warned = await checkClaims({ iss: "https://abc.supabase.co" });
  assertEquals(verdictOf(warned).outcome, "accepted");
  assertEquals(warned.filter(({ outcome }) => outcome === "warning").map(({ rule }) => rule), [
    "iss-not-supabase",
  ]);
  assert((await checkClaims({ iss: "powersync-auth" })).every(({ outcome }) => outcome === "passed"));
});

function without(claim: keyof typeof GOOD): Record<string, unknown> {
  return Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== claim));
}
