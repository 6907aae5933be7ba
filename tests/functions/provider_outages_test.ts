/** How long a trusted provider's keys serve, what its outages touch, and which entries may stand beside Supabase Auth. */
import { assert, assertEquals } from "@std/assert";
import { type Issuer, startIssuer, withIssuers } from "../support/issuer.ts";
import { logged, userClaims } from "../support/project.ts";
import { startFunction, supabaseKey } from "../support/provider_function.ts";
import { makeKey, sign } from "../support/signing.ts";

const MINUTE_MS = 60_000;
const DOWN = "503 IDENTITY_PROVIDER_UNAVAILABLE";
const CLAIMS = { aud: "app", sub: "user-1" };
const USER_ID = "5c7a6c0e-0000-4000-8000-000000000001";

const entry = ({ issuer }: Issuer) => ({ issuer, audience: "app", subject_prefix: "" });
const down = () => new Response(null, { status: 502 });

/** A token that outlives every test. */
const lasting = (provider: Issuer) => provider.sign({ ...CLAIMS, exp: 4e9 });

Deno.test("the last good keys of a provider that went down serve for 60 minutes, and not longer", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf, clock } = startFunction([entry(provider)]);
    const token = await lasting(provider);
    assertEquals(await userOf(token), "user-1");
    provider.broken = down;
    for (const minutes of [11, 30, 18]) {
      clock.ms += minutes * MINUTE_MS;
      assertEquals(await userOf(token), "user-1");
    }
    clock.ms += 2 * MINUTE_MS;
    await logged(async () => assertEquals(await userOf(token), DOWN));
    provider.broken = undefined;
    clock.ms += 1000;
    assertEquals(await userOf(token), "user-1");
    assertEquals(provider.calls.discovery, 1, "where the keys are stays known");
  });
});

Deno.test("a key ID that cannot be looked up because the provider is down is a 503, not a 401", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf, clock } = startFunction([entry(provider)]);
    assertEquals(await userOf(await lasting(provider)), "user-1");
    provider.keys = [...provider.keys, await makeKey("ES256", "provider-key-2")];
    provider.broken = down;
    clock.ms += MINUTE_MS;
    await logged(async () => assertEquals(await userOf(await lasting(provider)), DOWN));
  });
});

Deno.test("a key that a provider has withdrawn stops to verify within ten minutes", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    const { userOf, clock } = startFunction([entry(provider)]);
    const token = await lasting(provider);
    assertEquals(await userOf(token), "user-1");
    // The same key ID with another key: what is published decides, not what a token says.
    provider.keys = [await makeKey("ES256", "provider-key-1")];
    clock.ms += 10 * MINUTE_MS;
    assertEquals(await userOf(token), "401 USER_TOKEN_INVALID");
    assertEquals(await userOf(await lasting(provider)), "user-1");
  });
});

Deno.test("a JWKS that is a page, a redirect, too large or no set is an outage of this provider alone", async () => {
  await withIssuers(
    [startIssuer("ES256"), startIssuer("ES256"), startIssuer("ES256")],
    async (a, b, elsewhere) => {
      const { userOf, clock } = startFunction([{ ...entry(a), jwks_uri: a.jwksUri }, entry(b)]);
      const outages = [
        () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
        () => Response.redirect(elsewhere.jwksUri),
        () => Response.json({ keys: [], padding: "x".repeat(2 * 1024 * 1024) }),
        () => Response.json([]),
        () => Response.json(null),
        () => Response.json({ keys: "none" }),
        () => new Response(null, { status: 404 }),
      ];
      await logged(async () => {
        for (const [number, outage] of outages.entries()) {
          a.broken = outage;
          clock.ms += 1000;
          assertEquals([number, await userOf(await lasting(a))], [number, DOWN]);
          assertEquals(await userOf(await lasting(b)), "user-1");
          assertEquals(await userOf(await sign(userClaims(), { key: supabaseKey })), USER_ID);
        }
      });
      assertEquals(elsewhere.calls, { discovery: 0, jwks: 0 }, "redirects are not followed");
    },
  );
});

Deno.test("a 503 for a provider leaves one log line, without its address and the token", async () => {
  await withIssuers([startIssuer("ES256")], async (provider) => {
    provider.broken = down;
    const { call } = startFunction([entry(provider)]);
    const token = await lasting(provider);
    const lines = await logged(async () => {
      const { status, body } = await call(token);
      assertEquals([status, body.code], [503, "IDENTITY_PROVIDER_UNAVAILABLE"]);
    });
    assertEquals(lines.length, 1);
    assert(!lines.join().includes("127.0.0.1") && !lines.join().includes(token), lines.join());
  });
});

Deno.test("an entry with Supabase Auth's own issuer, or its name in claims.ts, is a configuration error", async () => {
  const supabase = "https://project.supabase.co";
  const keys = { audience: "authenticated", jwks_uri: "https://id.example/jwks" };
  const cases: [string, Record<string, string>][] = [
    [`${supabase}/auth/v1`, {}],
    ["https://auth.example/auth/v1", { POWERSYNC_USER_ISSUER: "https://auth.example/auth/v1" }],
    ["supabase", {}],
  ];
  for (const [issuer, more] of cases) {
    const good = { issuer: "https://id.example", ...keys };
    const { call } = startFunction([good, { issuer, ...keys }], supabase, more);
    await logged(async () => {
      const { status, body } = await call(await sign(userClaims(), { key: supabaseKey }));
      assertEquals([status, body.code], [500, "POWERSYNC_IDENTITY_PROVIDERS_INVALID"]);
      assert(`${body.message}`.includes("`issuer` of entry 2"), `${body.message}`);
    });
  }
});

Deno.test("values that no token could match, or that would break a subject, are configuration errors", async () => {
  const good = { issuer: "https://id.example", audience: "app" };
  const cases: [Record<string, unknown>, string][] = [
    [{ issuer: " https://id.example" }, "issuer"],
    [{ issuer: "https://id.example/?tenant=1" }, "issuer"],
    [{ issuer: "https://id.example/#tenant" }, "issuer"],
    [{ issuer: "https://user:pass@id.example" }, "issuer"],
    [{ issuer: "accounts.google.com" }, "issuer"],
    [{ audience: "app\n" }, "audience"],
    [{ audience: ["app", ""] }, "audience"],
    [{ audience: null }, "audience"],
    [{ jwks_uri: "http://127.0.0.1.id.example/jwks" }, "jwks_uri"],
    [{ jwks_uri: "file:///keys" }, "jwks_uri"],
    [{ algorithms: [] }, "algorithms"],
    [{ algorithms: ["none"] }, "algorithms"],
    [{ algorithms: ["RS256", "HS512"] }, "algorithms"],
    [{ audience_claim: "iss" }, "audience_claim"],
    [{ subject_claim: null }, "subject_claim"],
    [{ subject_prefix: "a\u0000" }, "subject_prefix"],
    [{ subject_prefix: "\ud800" }, "subject_prefix"],
  ];
  for (const [change, field] of cases) {
    const { call } = startFunction([{ ...good, ...change }]);
    await logged(async () => {
      const { status, body } = await call(await sign(userClaims(), { key: supabaseKey }));
      assertEquals([change, status, body.code], [change, 500, "POWERSYNC_IDENTITY_PROVIDERS_INVALID"]);
      assert(`${body.message}`.includes(`\`${field}\` of entry 1`), `${body.message}`);
    });
  }
});
