import { assertEquals, assertMatch } from "@std/assert";
import { HttpStandIn, SILENCE } from "../support/http_stand_in.ts";
import { startIssuer } from "../support/issuer.ts";
import { signLegacyToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import { assertHeals, examine, find, idsOf, list, NOW, withProvider } from "./user_token.ts";

const ours = await makeKey("ES256", "powersync-0123456789");

Deno.test("a provider that is not named gets the entry that accepts its token", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    const absent = await examine(token);
    assertEquals(idsOf(absent), ["provider-not-in-file", "accepted"]);
    const told = find(absent, "provider-not-in-file");
    assertEquals(told.status, "warning");
    assertMatch(
      told.seen,
      /No POWERSYNC_IDENTITY_PROVIDERS is known here.*deployment's own cannot be read.*This entry accepts it: \{"issuer":"http/,
    );
    await assertHeals(token, { told: absent });
    const other = { issuer: "https://other.example.com", audience: "x", algorithms: ["RS256"] };
    const variables = list(other);
    const unlisted = await examine(token, { variables });
    assertEquals(idsOf(unlisted), ["provider-not-listed", "accepted"]);
    assertMatch(
      find(unlisted, "provider-not-listed").seen,
      /The issuers in POWERSYNC_IDENTITY_PROVIDERS are "https:\/\/other/,
    );
    // The other entries stay as they are.
    const { POWERSYNC_IDENTITY_PROVIDERS = "" } = find(unlisted, "provider-not-listed").set ?? {};
    assertEquals(JSON.parse(atob(POWERSYNC_IDENTITY_PROVIDERS)), [other, {
      issuer: provider.issuer,
      audience: "api",
    }]);
    await assertHeals(token, { told: unlisted, variables });
    const withoutAudience = find(await examine(await provider.sign({ sub: "u" })), "provider-not-in-file");
    assertEquals(withoutAudience.set, undefined);
    assertMatch(withoutAudience.advice ?? "", /audience of your own/);
    const ofOrg = await provider.sign({
      iss: "https://dev-1.okta.com",
      sub: "u",
      aud: "https://dev-1.okta.com",
    });
    const unusable = find(await examine(ofOrg), "provider-not-in-file");
    assertEquals(unusable.set, undefined);
    assertMatch(unusable.advice ?? "", /custom authorization server, such as \/oauth2\/default\.$/);
  });
});

Deno.test("an issuer that differs in what people overlook is named, and every character is set right", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    const { port } = new URL(provider.url);
    const cases: readonly (readonly [string, RegExp])[] = [
      [`${provider.issuer}/`, /differ in a final slash, and every/],
      [`https://127.0.0.1:${port}/realms/App`, /differ in http or https, and every/],
      [`http://127.0.0.1:${port}/realms/app`, /differ in upper and lower case, and every/],
      [`http://localhost:${port}/realms/App`, /differ in localhost or 127\.0\.0\.1, and every/],
      [
        `https://localhost:${port}/realms/app/`,
        /a final slash and http or https and upper and lower case and localhost/,
      ],
    ];
    for (const [issuer, seen] of cases) {
      const variables = list({ issuer, audience: "api", jwks_uri: provider.jwksUri });
      const told = await examine(token, { variables });
      assertEquals(idsOf(told), ["issuer", "accepted"]);
      assertMatch(find(told, "issuer").seen, seen);
      await assertHeals(token, { told, variables });
    }
    const realm = list({ issuer: `${provider.url}/realms/other`, audience: "api" });
    assertEquals(idsOf(await examine(token, { variables: realm })), ["provider-not-listed", "accepted"]);
  }, "/realms/App");
});

Deno.test("each field of an entry is compared, and the changed list heals", async () => {
  await withProvider(async (provider) => {
    const { issuer } = provider;
    const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, RegExp])[] = [
      [
        "audience",
        { aud: "api" },
        { audience: "app" },
        /`aud` is "api"; `audience` of entry 1 in POWERSYNC_IDENTITY_PROVIDERS is "app"\.$/,
      ],
      [
        "audience",
        { aud: "https://a.example/" },
        { audience: "https://a.example" },
        /They differ only in a final slash/,
      ],
      [
        "audience",
        { aud: ["account", "api", `${issuer}/userinfo`] },
        { audience: ["x", "y"] },
        /"account", "api"/,
      ],
      ["audience", { azp: "client" }, { audience: "client" }, /`aud` is missing/],
      [
        "audience",
        { aud: "api", azp: "client" },
        { audience: "client", audience_claim: "azp" },
        /`azp` is "client" and `aud` is "api"/,
      ],
      [
        "audience",
        { aud: "api" },
        { audience: "api", audience_claim: "azp" },
        /`azp` is missing and `aud` is "api"/,
      ],
      [
        "algorithm",
        { aud: "api" },
        { audience: "api", algorithms: ["RS256"] },
        /`alg` is "ES256", and `algorithms` of entry 1 .* is "RS256"/,
      ],
      [
        "subject",
        { aud: "api" },
        { audience: "api", subject_claim: "oid" },
        /from `oid`, which the token lacks\. `sub` is "u"/,
      ],
      [
        "provider-keys",
        { aud: "api" },
        { audience: "api", jwks_uri: "http://127.0.0.1:2/keys" },
        /connection was refused.*Discovery says/,
      ],
    ];
    for (const [id, claims, fields, seen] of cases) {
      const token = await provider.sign({ sub: "u", ...claims });
      const variables = list({ issuer, ...fields });
      const told = await examine(token, { variables });
      assertEquals([id, idsOf(told)], [id, [id, "accepted"]]);
      assertMatch(find(told, id).seen, seen);
      await assertHeals(token, { told, variables });
    }
    const token = await provider.sign({ sub: "u", aud: "api" });
    const both = list({ issuer: `${issuer}/`, audience: "app", algorithms: ["RS256"] });
    const told = await examine(token, { variables: both });
    assertEquals(idsOf(told), ["issuer", "audience", "algorithm", "accepted"]);
    // The value of each heals them all, so it does not matter which is applied.
    assertEquals(new Set(told.flatMap(({ set }) => set?.POWERSYNC_IDENTITY_PROVIDERS ?? [])).size, 1);
    await assertHeals(token, { told: told.slice(0, 2), variables: both });
  });
});

Deno.test("a kind of token that no setting heals gets advice instead", async () => {
  await withProvider(async (provider) => {
    const variables = list({ issuer: provider.issuer, audience: "api" });
    const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, RegExp])[] = [
      ["type", { typ: "ID" }, {}, /access token instead.*"allow": \["ID"\]/],
      ["type", { typ: "Refresh" }, {}, /access token instead\.$/],
      ["type", { events: {} }, {}, /access token instead/],
      ["type", {}, { typ: "dpop+jwt" }, /access token instead/],
      ["bound-to-key", { cnf: { jkt: "x" } }, {}, /bearer token/],
      ["audience", { aud: "account" }, {}, /audience mapper/],
      ["audience", { aud: "https://graph.microsoft.com" }, {}, /an API or its scope/],
      ["audience", { aud: "client", nonce: "n" }, {}, /access token instead/],
      ["subject", { sub: undefined }, {}, /user's ID/],
      ["key-unknown", {}, { kid: "old-key" }, /another environment/],
    ];
    for (const [id, claims, header, advice] of cases) {
      const told = await examine(await provider.sign({ sub: "u", aud: "api", ...claims }, header), {
        variables,
      });
      assertEquals([id, idsOf(told)], [id, [id]]);
      assertMatch(find(told, id).advice ?? "", advice);
    }
    const email = list({ issuer: provider.issuer, audience: "api", subject_claim: "email" });
    const unverified = await provider.sign({ sub: "u", aud: "api", email: "a@b.example" });
    assertEquals(idsOf(await examine(unverified, { variables: email })), ["email-not-verified"]);
    const shared = await signLegacyToken({ iss: provider.issuer, sub: "u", aud: "api", exp: NOW() + 300 });
    assertMatch(find(await examine(shared, { variables }), "algorithm").advice ?? "", /RS256 or ES256/);
    const forged = await sign({ iss: provider.issuer, sub: "u", aud: "api", exp: NOW() + 300 }, {
      key: await makeKey("ES256", "provider-key-1"),
    });
    assertMatch(
      find(await examine(forged, { variables }), "signature").seen,
      /"provider-key-1" \("ES256"\).*are "provider-key-1"/,
    );
    const machine = await provider.sign({
      sub: "m@clients",
      aud: "api",
      gty: "client-credentials",
      sts: "pending",
    });
    assertEquals(idsOf(await examine(machine, { variables })), ["of-machine", "session-pending", "accepted"]);
  });
});

Deno.test("a provider's keys that have moved, or are described by another name, are found", async () => {
  await withProvider(async (provider) => {
    const token = await provider.sign({ sub: "u", aud: "api" });
    await using old = await startIssuer();
    old.keys = [await makeKey("ES256", "old-key")];
    const moved = list({ issuer: provider.issuer, audience: "api", jwks_uri: old.jwksUri });
    const told = await examine(token, { variables: moved });
    assertEquals(idsOf(told), ["key-unknown", "accepted"]);
    assertMatch(
      find(told, "key-unknown").seen,
      /"provider-key-1".*are "old-key".*Discovery says that the keys are at/,
    );
    await assertHeals(token, { told, variables: moved });
    provider.metadata = { ...provider.metadata, issuer: "https://tenant.example.com" };
    const renamed = list({ issuer: provider.issuer, audience: "api" });
    const found = await examine(token, { variables: renamed });
    assertEquals(idsOf(found), ["provider-keys", "accepted"]);
    assertMatch(
      find(found, "provider-keys").seen,
      /document is of the issuer "https:\/\/tenant\.example\.com"/,
    );
    await assertHeals(token, { told: found, variables: renamed });
    provider.metadata = { issuer: provider.issuer, jwks_uri: "http://example.com/keys" };
    assertMatch(
      find(await examine(token, { variables: renamed }), "provider-keys").advice ?? "",
      /Set `jwks_uri`/,
    );
    provider.broken = () => new Response("away", { status: 503 });
    assertEquals(find(await examine(token, { variables: renamed }), "provider-keys").status, "skipped");
  });
});

Deno.test("a provider that never answers, or answers without end, is given up", async () => {
  const hanging = new HttpStandIn(() => SILENCE);
  const variables = list({ issuer: hanging.url, audience: "api" });
  const token = await sign({ iss: hanging.url, sub: "u", aud: "api", exp: NOW() + 300 }, {
    key: ours,
    header: { kid: "k" },
  });
  const told = await examine(token, { variables, timeoutMs: 100 });
  assertMatch(find(told, "provider-keys").seen, /No answer within 0\.1 s/);
  await hanging.stop();
  const large = new HttpStandIn(() => new Response("x".repeat(2 * 1024 * 1024)));
  const other = list({ issuer: large.url, audience: "api" });
  const long = await sign({ iss: large.url, sub: "u", aud: "api", exp: NOW() + 300 }, {
    key: ours,
    header: { kid: "k" },
  });
  assertMatch(find(await examine(long, { variables: other }), "provider-keys").seen, /too large/);
  await large.stop();
});
