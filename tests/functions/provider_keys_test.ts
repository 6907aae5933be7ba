/** Where a trusted provider's keys come from, and what its outages touch. How long they serve is in key_set_test.ts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { captureLog } from "../support/log.ts";
import { USER_ID, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const DOWN = "503 IDENTITY_PROVIDER_UNAVAILABLE";
const WRONG = "500 IDENTITY_PROVIDER_MISCONFIGURED";
const CLAIMS = { aud: "app", sub: "user-1" };

/** An entry whose keys are found by Discovery. */
const discovered = ({ issuer }: Issuer) => ({ issuer, audience: "app", subject_prefix: "" });
const listed = (provider: Issuer) => ({ ...discovered(provider), jwks_uri: provider.jwksUri });
const down = () => new Response(null, { status: 502 });

/** A token that outlives every test. */
const lasting = (provider: Issuer) => provider.sign({ ...CLAIMS, exp: 4e9 });

Deno.test("without jwks_uri the keys are found by Discovery, once for concurrent requests", async () => {
  await using provider = await startIssuer("RS256", "/realms/app/");
  const { userOf } = startFunctions({ providers: [discovered(provider)] });
  const token = await provider.sign(CLAIMS);
  const users = await Promise.all(Array.from({ length: 8 }, () => userOf(token)));
  assertEquals([...new Set(users)], ["user-1"]);
  assertEquals(provider.calls, { discovery: 1, jwks: 1 });
});

Deno.test("a Discovery document that is wrong is a 500, one that fails is a 503, and both are fetched again", async () => {
  await using provider = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [discovered(provider)] });
  const token = await lasting(provider);
  const good = provider.metadata;
  const documents = [
    { ...good, issuer: `${provider.issuer}/` },
    { ...good, jwks_uri: "http://keys.example/jwks" },
    { ...good, jwks_uri: 7 },
    {},
  ];
  const outages: [string, () => Response][] = [
    [WRONG, () => new Response("<html>")],
    [WRONG, () => new Response(null, { status: 404 })],
    [DOWN, () => Response.redirect(provider.jwksUri)],
    [DOWN, () => new Response(null, { status: 500 })],
  ];
  await captureLog(async () => {
    for (const document of documents) {
      provider.metadata = document;
      clock.ms += 1000;
      assertEquals([document, await userOf(token)], [document, WRONG]);
    }
    const asked = provider.calls.discovery;
    assertEquals(await userOf(token), WRONG);
    assertEquals(provider.calls.discovery, asked, "a failure is not repeated at once");
    for (const [expected, outage] of outages) {
      provider.broken = outage;
      clock.ms += 1000;
      assertEquals(await userOf(token), expected);
    }
  });
  [provider.broken, provider.metadata] = [undefined, good];
  clock.ms += 1000;
  assertEquals(await userOf(token), "user-1");
});

Deno.test("a rotated key is found after a cool-down; unknown kids do not cause more fetches", async () => {
  await using provider = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [listed(provider)] });
  assertEquals(await userOf(await lasting(provider)), "user-1");
  provider.keys = [...provider.keys, await makeKey("ES256", "provider-key-2")];
  const token = await lasting(provider);
  for (let request = 0; request < 5; request++) assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
  assertEquals(provider.calls.jwks, 1);
  clock.ms += 31_000;
  assertEquals(await userOf(token), "user-1");
  assertEquals(provider.calls.jwks, 2);
});

Deno.test("a JWKS that fails, is a page, a redirect, too large or not a set fails for this provider's users only", async () => {
  await using a = await startIssuer();
  await using b = await startIssuer();
  await using elsewhere = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [listed(a), discovered(b)] });
  const outages: [string, () => Response][] = [
    [WRONG, () => new Response("<html>", { headers: { "Content-Type": "text/html" } })],
    [WRONG, () => Response.json([])],
    [WRONG, () => Response.json(null)],
    [WRONG, () => Response.json({ keys: "none" })],
    [WRONG, () => new Response(null, { status: 404 })],
    [DOWN, () => Response.redirect(elsewhere.jwksUri)],
    [DOWN, () => Response.json({ keys: [], padding: "x".repeat(2 * 1024 * 1024) })],
    [DOWN, () => new Response(null, { status: 500 })],
  ];
  await captureLog(async () => {
    for (const [number, [expected, outage]] of outages.entries()) {
      a.broken = outage;
      clock.ms += 1000;
      assertEquals([number, await userOf(await lasting(a))], [number, expected]);
      assertEquals(await userOf(await lasting(b)), "user-1");
      assertEquals(await userOf(await userToken()), USER_ID);
    }
  });
  assertEquals(elsewhere.calls, { discovery: 0, jwks: 0 }, "redirects are not followed");
});

Deno.test("the log says which provider failed and how, without the token", async () => {
  await using provider = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [discovered(provider)] });
  const token = await lasting(provider);
  const causes: [() => Response, string][] = [
    [down, "The upstream answered 502."],
    [() => Response.json({ issuer: "other" }), "The Discovery document does not belong to the issuer."],
  ];
  for (const [broken, cause] of causes) {
    provider.broken = broken;
    clock.ms += 1000;
    const lines = await captureLog(() => userOf(token));
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), `reason=keys issuer="${provider.issuer}" cause="${cause}"`);
    assert(!lines.join().includes(token));
  }
});
