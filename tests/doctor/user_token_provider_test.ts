import { Buffer } from "node:buffer";
import { assertEquals, assertMatch } from "@std/assert";
import type { Check } from "../../scripts/doctor/check.ts";
import { HttpStandIn, type Reply, SILENCE } from "../support/http_stand_in.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { signLegacyToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import { assertFinds, type Expected, NOW } from "./user_token.ts";

type Claims = Record<string, unknown>;

/** A provider with its name in the list, or what the list has instead. */
interface Provider extends Issuer {
  /** Examines a token of it; the claims are of a good one but for these. */
  finds(claims: Claims, ids: string, expected?: ProviderExpected): Promise<Check[]>;
}

interface ProviderExpected extends Expected {
  readonly header?: Claims;
  /** In place of a token of the provider. */
  readonly token?: string;
  /** Fields of its entry. */
  readonly entry?: Claims;
  /** In place of its entry. */
  readonly list?: readonly Claims[] | undefined;
}

const NOWHERE = "http://127.0.0.1:9";

function withProvider(name: string, test: (provider: Provider) => Promise<void>, path?: string): void {
  Deno.test(name, async () => {
    await using issuer = await startIssuer("ES256", path);
    const own = { issuer: issuer.issuer, audience: "api" };
    const finds: Provider["finds"] = async (claims, ids, { header, token, entry, ...expected } = {}) => {
      const list = "list" in expected ? expected.list : [{ ...own, ...entry }];
      const variables = list && { POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify(list) };
      const given = token ?? await issuer.sign({ sub: "u", aud: "api", ...claims }, header);
      return await assertFinds(given, ids, { ...(variables && { variables }), ...expected });
    };
    await test(Object.assign(issuer, { finds }));
  });
}

withProvider("a provider that is not named gets the entry that accepts its token", async (provider) => {
  await provider.finds({}, "provider-not-in-file accepted", {
    list: undefined,
    status: "warning",
    seen:
      /No POWERSYNC_IDENTITY_PROVIDERS is known here.*deployment's own cannot be read.*This entry accepts it: \{"issuer":"http/,
    heals: NOWHERE,
  });
  // The other entries stay as they are.
  const other = { issuer: "https://other.example.com", audience: "x", algorithms: ["RS256"] };
  const both = [other, { issuer: provider.issuer, audience: "api" }];
  await provider.finds({}, "provider-not-listed accepted", {
    list: [other],
    seen: /The issuers in POWERSYNC_IDENTITY_PROVIDERS are "https:\/\/other/,
    set: { POWERSYNC_IDENTITY_PROVIDERS: btoa(JSON.stringify(both)) },
    heals: NOWHERE,
  });
  const org = "https://dev-1.okta.com";
  for (
    const [claims, hint] of [
      [{ aud: undefined }, /audience of your own/],
      [{ iss: org, aud: org }, /custom authorization server, such as \/oauth2\/default\.$/],
    ] as const
  ) {
    const expected = { list: undefined, status: "warning", hint } as const;
    const [told] = await provider.finds(claims, "provider-not-in-file", expected);
    assertEquals(told?.change, undefined);
  }
});

withProvider("an issuer that differs in what people overlook is named, and set right", async (provider) => {
  const { port } = new URL(provider.url);
  const cases: readonly (readonly [issuer: string, seen: RegExp])[] = [
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
    const entry = { issuer, jwks_uri: provider.jwksUri };
    await provider.finds({}, "issuer accepted", { entry, seen, heals: NOWHERE });
  }
  const entry = { issuer: `${provider.url}/realms/other` };
  await provider.finds({}, "provider-not-listed accepted", { entry });
}, "/realms/App");

withProvider("each field of an entry is compared, and the changed list heals", async (provider) => {
  const { issuer } = provider;
  const cases: readonly (readonly [id: string, claims: Claims, entry: Claims, seen: RegExp])[] = [
    [
      "audience",
      {},
      { audience: "app" },
      /`aud` is "api"; `audience` of entry 1 in POWERSYNC_IDENTITY_\w+ is "app"\.$/,
    ],
    ["audience", { aud: "https://a.example/" }, { audience: "https://a.example" }, /only in a final slash/],
    [
      "audience",
      { aud: ["account", "api", `${issuer}/userinfo`] },
      { audience: ["x", "y"] },
      /"account", "api"/,
    ],
    ["audience", { aud: undefined, azp: "client" }, { audience: "client" }, /`aud` is missing/],
    [
      "audience",
      { azp: "client" },
      { audience: "client", audience_claim: "azp" },
      /`azp` is "client" and `aud` is "api"/,
    ],
    ["audience", {}, { audience_claim: "azp" }, /`azp` is missing and `aud` is "api"/],
    [
      "algorithm",
      {},
      { algorithms: ["RS256"] },
      /`alg` is "ES256", and `algorithms` of entry 1 .* is "RS256"/,
    ],
    ["subject", {}, { subject_claim: "oid" }, /from `oid`, which the token lacks\. `sub` is "u"/],
    ["provider-keys", {}, { jwks_uri: "http://127.0.0.1:2/keys" }, /connection was refused.*Discovery says/],
  ];
  for (const [id, claims, entry, seen] of cases) {
    await provider.finds(claims, `${id} accepted`, { entry, seen, heals: NOWHERE });
  }
  const entry = { issuer: `${issuer}/`, audience: "app", algorithms: ["RS256"] };
  const checks = await provider.finds({}, "issuer audience algorithm accepted", { entry, heals: NOWHERE });
  // The value of each heals them all, so it does not matter which is applied.
  const changes = checks.flatMap(({ change }) => change?.set?.POWERSYNC_IDENTITY_PROVIDERS ?? []);
  assertEquals([changes.length, new Set(changes).size], [3, 1]);
});

withProvider("a kind of token that no setting heals gets advice instead", async (provider) => {
  const claims = { iss: provider.issuer, sub: "u", aud: "api", exp: NOW() + 300 };
  const forged = await sign(claims, { key: await makeKey("ES256", "provider-key-1") });
  const cases:
    readonly (readonly [ids: string, claims: Claims, hint: RegExp, expected?: ProviderExpected])[] = [
      ["type", { typ: "ID" }, /access token instead.*"allow": \["ID"\]/],
      ["type", { typ: "Refresh" }, /access token instead\.$/],
      ["type", { events: {} }, /access token instead/],
      ["type", {}, /access token instead/, { header: { typ: "dpop+jwt" } }],
      ["bound-to-key", { cnf: { jkt: "x" } }, /bearer token/],
      ["audience", { aud: "account" }, /audience mapper/],
      ["audience", { aud: "https://graph.microsoft.com" }, /an API or its scope/],
      ["audience", { aud: "client", nonce: "n" }, /access token instead/],
      ["subject", { sub: undefined }, /user's ID/],
      ["key-unknown", {}, /another environment/, { header: { kid: "old-key" } }],
      ["email-not-verified", { email: "a@b.example" }, /verify the address/, {
        entry: { subject_claim: "email" },
      }],
      ["algorithm", {}, /RS256 or ES256/, { token: await signLegacyToken(claims) }],
      ["signature", {}, /sign in again/, {
        token: forged,
        seen: /"provider-key-1" \("ES256"\).*are "provider-key-1"/,
      }],
    ];
  for (const [ids, claims, hint, expected] of cases) {
    const checks = await provider.finds(claims, ids, { hint, ...expected });
    assertEquals(checks.filter(({ change }) => change !== undefined), []);
  }
  const machine = { sub: "m@clients", gty: "client-credentials", sts: "pending" };
  await provider.finds(machine, "of-machine session-pending accepted", { status: "warning" });
});

withProvider(
  "a provider's keys that have moved, or are described by another name, are found",
  async (provider) => {
    await using old = await startIssuer();
    old.keys = [await makeKey("ES256", "old-key")];
    await provider.finds({}, "key-unknown accepted", {
      entry: { jwks_uri: old.jwksUri },
      seen: /"provider-key-1".*are "old-key".*Discovery says that the keys are at/,
      heals: NOWHERE,
    });
    provider.metadata = { ...provider.metadata, issuer: "https://tenant.example.com" };
    await provider.finds({}, "provider-keys accepted", {
      seen: /document is of the issuer "https:\/\/tenant\.example\.com"/,
      heals: NOWHERE,
    });
    provider.metadata = { issuer: provider.issuer, jwks_uri: "http://example.com/keys" };
    await provider.finds({}, "provider-keys", { hint: /Set `jwks_uri`/ });
    provider.broken = () => new Response("away", { status: 503 });
    await provider.finds({}, "skipped", { status: "skipped", seen: /The keys of entry 1/ });
  },
);

withProvider("a provider that never answers, or answers without end, is given up", async (provider) => {
  const cases: readonly (readonly [() => Reply, timeoutMs: number, seen: RegExp])[] = [
    [() => SILENCE, 100, /No answer within 0\.1 s/],
    [() => new Response("x".repeat(2 * 1024 * 1024)), 5_000, /too large/],
  ];
  for (const [reply, timeoutMs, seen] of cases) {
    const server = new HttpStandIn(reply);
    const expected = { entry: { issuer: server.url }, options: { timeoutMs } };
    await provider.finds({ iss: server.url }, "skipped", { ...expected, status: "skipped", seen });
    await server.stop();
  }
});

withProvider("hostile tokens are refused in a sentence", async (provider) => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const part = (json: string) => Buffer.from(json).toString("base64url");
  // No library signs what is nested as deeply, and the claims are looked at first.
  const nested = (claims: string) => ({
    token: [part('{"alg":"ES256","kid":"k"}'), part(`{"exp":2000000000,${claims}}`), "A".repeat(86)].join(
      ".",
    ),
  });
  const cases: readonly (readonly [id: string, claims: Claims, expected?: ProviderExpected])[] = [
    ["too-long", { text: "x".repeat(20_000) }],
    ["audience settings", { aud: `\x1b[2J\u202e${"x".repeat(5_000)}` }],
    ["audience", {}, nested(`"iss":"${provider.issuer}","sub":"u","aud":${deep}`)],
    ["subject", {}, nested(`"iss":"${provider.issuer}","aud":"api","sub":${deep}`)],
    ["provider-not-listed", {}, nested(`"iss":${deep},"sub":"u","aud":"api"`)],
    ["provider-not-listed", { iss: 5 }],
    ["provider-not-listed", { iss: "javascript:alert(1)" }],
    ["provider-not-listed", { iss: "x".repeat(9_000) }],
  ];
  for (const [id, claims, expected] of cases) {
    const checks = await provider.finds(claims, id, expected);
    for (const { seen } of checks) {
      assertEquals([id, seen.length < 1_000, /[\p{Cc}\p{Cf}]/u.test(seen)], [id, true, false]);
    }
  }
});

withProvider("a setting that cannot be read is told instead", async (provider) => {
  for (const text of ["[{", JSON.stringify([{ issuer: provider.issuer }])]) {
    const variables = { POWERSYNC_IDENTITY_PROVIDERS: text };
    const [, told] = await provider.finds({}, "settings", { variables });
    assertMatch(told?.seen ?? "", /^POWERSYNC_IDENTITY_PROVIDERS cannot be used/);
  }
});
