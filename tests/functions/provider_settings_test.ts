/** The entries of POWERSYNC_IDENTITY_PROVIDERS: what is malformed, and what the message says about it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { userToken } from "../support/project.ts";

const GOOD = { issuer: "https://id.example", audience: "app" };

/** A user of the project itself is refused with a message that contains the text, and repeats no value. */
async function assertInvalid(text: string, options: StartOptions): Promise<void> {
  const { status, body } = await startFunctions(options).askWith(await userToken());
  assertEquals([options, status, body.code], [options, 500, "POWERSYNC_IDENTITY_PROVIDERS_INVALID"]);
  assertStringIncludes(body.message, text);
  assert(!body.message.includes("example"), body.message);
}

Deno.test("a list that cannot be used is a 500 that names the entry and the field, and repeats no value", async () => {
  await assertInvalid("JSON", { environment: { POWERSYNC_IDENTITY_PROVIDERS: "{" } });
  const cases: [unknown, string][] = [
    [{}, "not a list"],
    [[7], "entry 1 is not an object"],
    [[GOOD, { audience: "app" }], "`issuer` of entry 2"],
    [[{ issuer: "https://id.example" }], "`audience` of entry 1"],
    [[{ ...GOOD, jwksUri: "https://id.example/jwks" }], "entry 1 has a field other"],
    [[GOOD, GOOD], "entry 2 has the `issuer` of entry 1"],
  ];
  for (const [providers, text] of cases) await assertInvalid(text, { providers });
});

const MALFORMED: Readonly<Record<string, readonly unknown[]>> = {
  issuer: [
    ...["http://id.example", "https://id.example/a|b", " https://id.example", "accounts.google.com"],
    ...["https://id.example/?tenant=1", "https://id.example/#tenant", "https://user:pass@id.example"],
    ...["https://user@id.example", "https://:pass@id.example"],
  ],
  audience: [[], [7], "app\n", ["app", ""], null],
  jwks_uri: ["http://id.example/jwks", "http://127.0.0.1.id.example/jwks", "file:///keys"],
  algorithms: [["HS256"], "RS256", [], ["none"], ["RS256", "HS512"]],
  audience_claim: ["sub", "iss"],
  subject_claim: ["", null],
  subject_prefix: [7, "a\u0000", "\ud800"],
  allow: ["ID", ["id"], ["Refresh"], ["ID", "Offline"], ["DPoP", "*"], [7], null],
};

for (const [field, values] of Object.entries(MALFORMED)) {
  Deno.test(`\`${field}\` has its type, its form and its values`, async () => {
    for (const value of values) {
      await assertInvalid(`\`${field}\` of entry 1`, { providers: [{ ...GOOD, [field]: value }] });
    }
  });
}

Deno.test("an entry must not have Supabase Auth's own issuer, or its name in claims.ts", async () => {
  const keys = { audience: "authenticated", jwks_uri: "https://id.example/jwks" };
  const url = "https://project.supabase.co";
  const cases: [issuer: string, userIssuer?: string][] = [
    ["https://project.supabase.co/auth/v1"],
    ["https://project.supabase.co/auth/v1/"],
    ["https://auth.example/auth/v1", "https://auth.example/auth/v1"],
    ["https://auth.example/auth/v1", "https://auth.example/auth/v1/"],
    ["https://auth.example/", "https://auth.example"],
    ["supabase"],
  ];
  for (const [issuer, userIssuer] of cases) {
    const providers = [{ issuer: "https://id.example", ...keys }, { issuer, ...keys }];
    const environment = userIssuer === undefined ? {} : { POWERSYNC_USER_ISSUER: userIssuer };
    await assertInvalid("`issuer` of entry 2", { url, providers, environment });
  }
});
