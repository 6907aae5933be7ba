/** Where a trusted provider's keys come from, and what its outages touch. How long they serve is in key_set_test.ts. */
import { assert, assertEquals } from "@std/assert";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { captureLog } from "../support/log.ts";
import { USER_ID, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const DOWN = "503 IDENTITY_PROVIDER_UNAVAILABLE";
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

Deno.test("a Discovery document of another issuer, with unsafe keys, or broken is a 503, and is fetched again", async () => {
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
  const outages = [
    () => new Response("<html>"),
    () => Response.redirect(provider.jwksUri),
    () => new Response(null, { status: 500 }),
  ];
  await captureLog(async () => {
    for (const document of documents) {
      provider.metadata = document;
      clock.ms += 1000;
      assertEquals(await userOf(token), DOWN);
    }
    const asked = provider.calls.discovery;
    assertEquals(await userOf(token), DOWN);
    assertEquals(provider.calls.discovery, asked, "a failure is not repeated at once");
    for (const outage of outages) {
      provider.broken = outage;
      clock.ms += 1000;
      assertEquals(await userOf(token), DOWN);
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

Deno.test("a JWKS that fails, is a page, a redirect, too large or not a set is an outage of this provider only", async () => {
  await using a = await startIssuer();
  await using b = await startIssuer();
  await using elsewhere = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [listed(a), discovered(b)] });
  const outages = [
    () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    () => Response.redirect(elsewhere.jwksUri),
    () => Response.json({ keys: [], padding: "x".repeat(2 * 1024 * 1024) }),
    () => Response.json([]),
    () => Response.json(null),
    () => Response.json({ keys: "none" }),
    () => new Response(null, { status: 404 }),
    () => new Response(null, { status: 500 }),
  ];
  await captureLog(async () => {
    for (const [number, outage] of outages.entries()) {
      a.broken = outage;
      clock.ms += 1000;
      assertEquals([number, await userOf(await lasting(a))], [number, DOWN]);
      assertEquals(await userOf(await lasting(b)), "user-1");
      assertEquals(await userOf(await userToken()), USER_ID);
    }
  });
  assertEquals(elsewhere.calls, { discovery: 0, jwks: 0 }, "redirects are not followed");
});

Deno.test("a 503 for a provider leaves one log line, without its address and the token", async () => {
  await using provider = await startIssuer();
  provider.broken = down;
  const { userOf } = startFunctions({ providers: [discovered(provider)] });
  const token = await lasting(provider);
  const lines = await captureLog(async () => assertEquals(await userOf(token), DOWN));
  assertEquals(lines.length, 1);
  assert(!lines.join().includes("127.0.0.1") && !lines.join().includes(token), lines.join());
});
