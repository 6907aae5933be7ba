/** Where a trusted provider's keys come from, and what its outages touch. How long they serve is in key_set_test.ts. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { jwksUriOf } from "../../supabase/functions/_shared/powersync/provider-issuer.ts";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { captureLog, silenceLog } from "../support/log.ts";
import { USER_ID, userToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

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
    { issuer: provider.issuer },
    {},
  ];
  const outages: [string, () => Response][] = [
    [WRONG, () => new Response("<html>")],
    [WRONG, () => new Response(null, { status: 404 })],
    [WRONG, () => new Response(null, { status: 410 })],
    [WRONG, () => new Response(null, { status: 204 })],
    [DOWN, () => Response.redirect(provider.jwksUri)],
    [DOWN, () => new Response(null, { status: 500 })],
  ];
  using _log = silenceLog();
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
  [provider.broken, provider.metadata] = [undefined, good];
  clock.ms += 1000;
  assertEquals(await userOf(token), "user-1");
});

Deno.test("a Discovery document may name plain http only if its issuer is on this computer", () => {
  const place = (issuer: string, jwks_uri: string) => jwksUriOf({ issuer, jwks_uri }, issuer);
  const [remote, local] = ["https://id.example", "http://127.0.0.1:8080/realms/app"];
  for (const uri of ["https://keys.example/jwks", "HTTPS://id.example/jwks"]) {
    assertEquals([place(remote, uri), place(local, uri)], [uri, uri]);
  }
  const loopback = [
    "http://127.0.0.1/jwks",
    "HTTP://127.0.0.1/jwks",
    " http://[::1]/jwks",
    "ht\ntp://localhost/jwks",
  ];
  for (const uri of loopback) {
    assertEquals(place(local, uri), uri);
    assertThrows(() => place(remote, uri), Error, "has no safe `jwks_uri`");
  }
  for (const uri of ["http://id.example/jwks", "https://user:pass@id.example/jwks", "file:///jwks", ""]) {
    assertThrows(() => place(local, uri), Error, "has no safe `jwks_uri`");
  }
});

Deno.test("a moved jwks_uri is noticed within the hour, and at once where the old one is gone", async () => {
  await using provider = await startIssuer();
  await using moved = await startIssuer();
  const { userOf, clock } = startFunctions({ providers: [discovered(provider)] });
  const token = await lasting(provider);
  assertEquals(await userOf(token), "user-1");
  const added = await makeKey("ES256", "added");
  moved.keys = [...provider.keys, added];
  provider.metadata = { ...provider.metadata, jwks_uri: moved.jwksUri };
  const newToken = await sign({ ...CLAIMS, iss: provider.issuer, exp: 4e9 }, { key: added });
  using _log = silenceLog();
  for (let minute = 1; minute < 60; minute++) {
    clock.ms += 60_000;
    assertEquals(await userOf(newToken), "401 USER_TOKEN_INVALID");
  }
  assertEquals(provider.calls.discovery, 1);
  clock.ms += 60_000;
  assertEquals([await userOf(newToken), await userOf(token)], ["user-1", "user-1"]);

  provider.metadata = { ...provider.metadata, jwks_uri: provider.jwksUri };
  provider.keys = [await makeKey("ES256", "newest")];
  moved.broken = () => new Response(null, { status: 404 });
  clock.ms += 30_000;
  await captureLog(async () => assertEquals(await userOf(await lasting(provider)), WRONG));
  clock.ms += 30_000;
  assertEquals(await userOf(await lasting(provider)), "user-1");
});

Deno.test("keys without key IDs, a key that is there twice and a wrong twin do not hide the right key", async () => {
  await using provider = await startIssuer();
  const [named = await makeKey("ES256")] = provider.keys;
  const nameless = [await makeKey("ES256"), await makeKey("ES256")];
  const twin = await makeKey("ES256", named.kid);
  const broken = { ...named, publicJwk: { ...named.publicJwk, x: "?" } };
  const rsa = await makeKey("RS256", named.kid);
  // 1032 bits, with which jose refuses to verify.
  const weak = { ...rsa, publicJwk: { ...rsa.publicJwk, n: `${rsa.publicJwk.n}`.slice(0, 172) } };
  for (const keys of [nameless, [named, named], [twin, named], [broken, named], [weak, rsa]]) {
    provider.keys = keys;
    const { userOf } = startFunctions({ providers: [listed(provider)] });
    assertEquals(await userOf(await lasting(provider)), "user-1");
  }
  const impostor = await sign({ ...CLAIMS, iss: provider.issuer, exp: 4e9 }, { key: await makeKey("ES256") });
  provider.keys = nameless;
  assertEquals(
    await startFunctions({ providers: [listed(provider)] }).userOf(impostor),
    "401 USER_TOKEN_INVALID",
  );
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
  using _log = silenceLog();
  for (const [number, [expected, outage]] of outages.entries()) {
    a.broken = outage;
    clock.ms += 1000;
    assertEquals([number, await userOf(await lasting(a))], [number, expected]);
    assertEquals(await userOf(await lasting(b)), "user-1");
    assertEquals(await userOf(await userToken()), USER_ID);
  }
  assertEquals(elsewhere.calls, { discovery: 0, jwks: 0 }, "redirects are not followed");
});

Deno.test("a provider without key IDs that replaces its key is followed within half a minute", async () => {
  for (const next of ["ES256", "RS256"]) {
    await using provider = await startIssuer();
    provider.keys = [await makeKey("ES256")];
    const { userOf, clock } = startFunctions({ providers: [listed(provider)] });
    assertEquals(await userOf(await lasting(provider)), "user-1");
    provider.keys = [await makeKey(next)];
    const token = await lasting(provider);
    assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
    clock.ms += 30_000;
    assertEquals(await userOf(token), "user-1");
    assertEquals(provider.calls.jwks, 2);
  }
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
