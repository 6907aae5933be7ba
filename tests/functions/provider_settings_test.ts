/** The entries of POWERSYNC_IDENTITY_PROVIDERS: what is malformed, and what the message says about it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { silenceLog } from "../support/log.ts";
import { userToken } from "../support/project.ts";

const GOOD = { issuer: "https://id.example", audience: "app" };

/** A user of the project itself is refused with a message that contains the text, and repeats no value. */
async function assertInvalid(text: string, options: StartOptions): Promise<void> {
  using _log = silenceLog();
  const { ask } = startFunctions(options);
  const { status, body } = await ask("powersync-auth", { Authorization: `Bearer ${await userToken()}` });
  assertEquals([options, status, body.code], [options, 500, "POWERSYNC_IDENTITY_PROVIDERS_INVALID"]);
  assertStringIncludes(body.message, text);
  assert(!body.message.includes("example"), body.message);
}

Deno.test("a list that cannot be used is a 500 that names the entry and the field, and repeats no value", async () => {
  const cases: [unknown, string][] = [
    ["{", "JSON"],
    [{}, "not a list"],
    [[7], "entry 1 is not an object"],
    [[GOOD, { audience: "app" }], "`issuer` of entry 2"],
    [[{ issuer: "https://id.example" }], "`audience` of entry 1"],
    [[{ ...GOOD, jwksUri: "https://id.example/jwks" }], "entry 1 has a field other"],
    [[GOOD, GOOD], "entry 2 has the `issuer` of entry 1"],
  ];
  for (const [providers, text] of cases) await assertInvalid(text, { providers });
});

Deno.test("each field has its type, its form and its values", async () => {
  const malformed: Record<string, readonly unknown[]> = {
    issuer: [
      "http://id.example",
      "https://id.example/a|b",
      " https://id.example",
      "https://id.example/?tenant=1",
      "https://id.example/#tenant",
      "https://user:pass@id.example",
      "https://user@id.example",
      "https://:pass@id.example",
      "accounts.google.com",
    ],
    audience: [[], [7], "app\n", ["app", ""], null],
    jwks_uri: ["http://id.example/jwks", "http://127.0.0.1.id.example/jwks", "file:///keys"],
    algorithms: [["HS256"], "RS256", [], ["none"], ["RS256", "HS512"]],
    audience_claim: ["sub", "iss"],
    subject_claim: ["", null],
    subject_prefix: [7, "a\u0000", "\ud800"],
    allow: ["ID", ["id"], ["Refresh"], ["ID", "Offline"], ["DPoP", "*"], [7], null],
  };
  for (const [field, values] of Object.entries(malformed)) {
    for (const value of values) {
      await assertInvalid(`\`${field}\` of entry 1`, { providers: [{ ...GOOD, [field]: value }] });
    }
  }
});

Deno.test("an entry must not have Supabase Auth's own issuer, or its name in claims.ts", async () => {
  const keys = { audience: "authenticated", jwks_uri: "https://id.example/jwks" };
  const cases: [string, Record<string, string>][] = [
    ["https://project.supabase.co/auth/v1", {}],
    ["https://project.supabase.co/auth/v1/", {}],
    ["https://auth.example/auth/v1", { POWERSYNC_USER_ISSUER: "https://auth.example/auth/v1" }],
    ["https://auth.example/auth/v1", { POWERSYNC_USER_ISSUER: "https://auth.example/auth/v1/" }],
    ["https://auth.example/", { POWERSYNC_USER_ISSUER: "https://auth.example" }],
    ["supabase", {}],
  ];
  for (const [issuer, environment] of cases) {
    const providers = [{ issuer: "https://id.example", ...keys }, { issuer, ...keys }];
    await assertInvalid("`issuer` of entry 2", {
      url: "https://project.supabase.co",
      providers,
      environment,
    });
  }
});
