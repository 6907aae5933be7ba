/** Where a trusted provider's keys come from, and what its outages touch. How long they serve is in key_set_test.ts. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { jwksUriOf } from "../../supabase/functions/_shared/powersync/provider-issuer.ts";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { USER_ID, userToken } from "../support/project.ts";
import { makeKey, sign, type TestKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const DOWN = "503 IDENTITY_PROVIDER_UNAVAILABLE";
const WRONG = "500 IDENTITY_PROVIDER_MISCONFIGURED";
const INVALID = "401 USER_TOKEN_INVALID";
const USER = "user-1";
/** Of a token that outlives every test. */
const CLAIMS = { aud: "app", sub: USER, exp: 4e9 };

/** Functions that trust a provider whose keys are found by Discovery. */
const discovering = (...providers: Issuer[]) =>
  startFunctions({
    providers: providers.map(({ issuer }) => ({ issuer, audience: "app", subject_prefix: "" })),
  });
/** Functions that trust a provider whose keys' place is set. */
const located = ({ issuer, jwksUri: jwks_uri }: Issuer) =>
  startFunctions({ providers: [{ issuer, audience: "app", subject_prefix: "", jwks_uri }] });

const status = (status: number) => () => new Response(null, { status });
const html = () => new Response("<html>");

Deno.test("without jwks_uri the keys are found by Discovery, once for concurrent requests", async () => {
  await using provider = await startIssuer("RS256", "/realms/app/");
  const { userOf } = discovering(provider);
  const token = await provider.sign(CLAIMS);
  const users = await Promise.all(Array.from({ length: 8 }, () => userOf(token)));
  assertEquals([...new Set(users)], [USER]);
  assertEquals(provider.calls, { discovery: 1, jwks: 1 });
});

Deno.test("a Discovery document that is wrong is a 500, one that fails is a 503, and both are fetched again", async () => {
  await using provider = await startIssuer();
  const { userOf, clock } = discovering(provider);
  const token = await provider.sign(CLAIMS);
  const { metadata } = provider;
  const userWith = async (broken: typeof provider.broken) => {
    provider.broken = broken;
    clock.ms += 1000;
    return await userOf(token);
  };
  const documents = [
    { ...metadata, issuer: `${provider.issuer}/` },
    { ...metadata, jwks_uri: "http://keys.example/jwks" },
    { ...metadata, jwks_uri: 7 },
    { issuer: provider.issuer },
    {},
  ];
  await assertTable(userWith, { [WRONG]: documents.map((document) => () => Response.json(document)) });
  const asked = provider.calls.discovery;
  assertEquals(await userOf(token), WRONG);
  assertEquals(provider.calls.discovery, asked, "a failure is not repeated at once");
  await assertTable(userWith, {
    [WRONG]: [html, ...[404, 410, 204].map(status)],
    [DOWN]: [() => Response.redirect(provider.jwksUri), status(500)],
    [USER]: [undefined],
  });
});

Deno.test("a Discovery document may name plain http only if its issuer is on this computer", () => {
  const place = (issuer: string, jwks_uri: string) => jwksUriOf({ issuer, jwks_uri }, issuer);
  const [remote, local] = ["https://id.example", "http://127.0.0.1:8080/realms/app"];
  const refuses = (issuer: string, uri: string) =>
    assertThrows(() => place(issuer, uri), Error, "has no safe `jwks_uri`");
  for (const uri of ["https://keys.example/jwks", "HTTPS://id.example/jwks"]) {
    assertEquals([place(remote, uri), place(local, uri)], [uri, uri]);
  }
  for (const uri of ["http://127.0.0.1/", "HTTP://127.0.0.1/", " http://[::1]/", "ht\ntp://localhost/"]) {
    assertEquals(place(local, uri), uri);
    refuses(remote, uri);
  }
  for (const uri of ["http://id.example/jwks", "https://user:pass@id.example/jwks", "file:///jwks", ""]) {
    refuses(local, uri);
  }
});

Deno.test("a moved jwks_uri is noticed within the hour, and at once where the old one is gone", async () => {
  await using provider = await startIssuer();
  await using moved = await startIssuer();
  const { userOf, clock } = discovering(provider);
  const token = await provider.sign(CLAIMS);
  assertEquals(await userOf(token), USER);
  const added = await makeKey("ES256", "added");
  moved.keys = [...provider.keys, added];
  provider.metadata = { ...provider.metadata, jwks_uri: moved.jwksUri };
  const newToken = await sign({ ...CLAIMS, iss: provider.issuer }, { key: added });
  for (let minute = 1; minute < 60; minute++) {
    clock.ms += 60_000;
    assertEquals(await userOf(newToken), INVALID);
  }
  assertEquals(provider.calls.discovery, 1);
  clock.ms += 60_000;
  assertEquals([await userOf(newToken), await userOf(token)], [USER, USER]);

  provider.metadata = { ...provider.metadata, jwks_uri: provider.jwksUri };
  provider.keys = [await makeKey("ES256", "newest")];
  moved.broken = status(404);
  clock.ms += 30_000;
  assertEquals(await userOf(await provider.sign(CLAIMS)), WRONG);
  clock.ms += 30_000;
  assertEquals(await userOf(await provider.sign(CLAIMS)), USER);
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
  const userWith = async (keys: readonly TestKey[]) => {
    provider.keys = keys;
    return await located(provider).userOf(await provider.sign(CLAIMS));
  };
  await assertTable(userWith, {
    [USER]: [[named, named], [twin, named], [broken, named], [weak, rsa], nameless],
    // A key that cannot be used says nothing about the token's signature.
    [DOWN]: [[weak]],
  });
  const impostor = await sign({ ...CLAIMS, iss: provider.issuer }, { key: await makeKey("ES256") });
  assertEquals(await located(provider).userOf(impostor), INVALID);
});

Deno.test("a JWKS that fails, is a page, a redirect, too large or not a set fails for this provider's users only", async () => {
  await using a = await startIssuer();
  await using b = await startIssuer();
  await using elsewhere = await startIssuer();
  const { userOf, clock } = startFunctions({
    providers: [a, b].map(({ issuer, jwksUri: jwks_uri }) => ({ issuer, audience: "app", jwks_uri })),
  });
  const usersWhile = async (broken: () => Response) => {
    a.broken = broken;
    clock.ms += 1000;
    const tokens = [await a.sign(CLAIMS), await b.sign(CLAIMS), await userToken()];
    const [first, ...others] = await Promise.all(tokens.map(userOf));
    assertEquals(others, [`${b.issuer}|${USER}`, USER_ID]);
    return first;
  };
  const json = (value: unknown) => () => Response.json(value);
  await assertTable(usersWhile, {
    [WRONG]: [html, json([]), json(null), json({ keys: "none" }), status(404)],
    [DOWN]: [
      () => Response.redirect(elsewhere.jwksUri),
      json({ keys: [], padding: "x".repeat(2 * 1024 * 1024) }),
      status(500),
    ],
  });
  assertEquals(elsewhere.calls, { discovery: 0, jwks: 0 }, "redirects are not followed");
});

Deno.test("a provider without key IDs that replaces its key is followed within half a minute", async () => {
  for (const next of ["ES256", "RS256"]) {
    await using provider = await startIssuer();
    provider.keys = [await makeKey("ES256")];
    const { userOf, clock } = located(provider);
    assertEquals(await userOf(await provider.sign(CLAIMS)), USER);
    provider.keys = [await makeKey(next)];
    const token = await provider.sign(CLAIMS);
    assertEquals(await userOf(token), INVALID);
    clock.ms += 30_000;
    assertEquals(await userOf(token), USER);
    assertEquals(provider.calls.jwks, 2);
  }
});

Deno.test("the log says which provider failed and how, without the token", async () => {
  await using provider = await startIssuer();
  const token = await provider.sign(CLAIMS);
  const causes: [() => Response, string][] = [
    [status(502), "The upstream answered 502."],
    [() => Response.json({ issuer: "other" }), "The Discovery document does not belong to the issuer."],
  ];
  for (const [broken, cause] of causes) {
    provider.broken = broken;
    const { userOf, log } = discovering(provider);
    await userOf(token);
    assertEquals(log.length, 1);
    assertStringIncludes(log.join(), `reason=keys issuer="${provider.issuer}" cause="${cause}"`);
    assert(!log.join().includes(token));
  }
});
