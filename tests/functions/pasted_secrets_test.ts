/** What shells, files, dashboards and editors put around a pasted value is taken off, for every secret and setting. */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "npm:fast-check@4.10.2";
import { createLocalJWKSet, jwtVerify, SignJWT } from "jose";
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { decodeJsonSecret, unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import {
  readKeySecrets,
  readSetting,
  type SettingName,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { json, url } from "../support/any_text.ts";
import { startFunctions } from "../support/functions.ts";
import { wrapped } from "../support/pasted.ts";
import { base64, PUBLISHABLE_KEY, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const PRIVATE = "POWERSYNC_PRIVATE_KEY";
const PUBLIC = "POWERSYNC_PUBLIC_KEY";
const key = await makeKey("ES256", "signing");
const rsa = await makeKey("RS256", "rsa");

/** Values of every setting; a setting that is missing here does not compile. */
const VALUES: Readonly<Record<SettingName, readonly string[]>> = {
  POWERSYNC_URL: ["https://instance.powersync.journeyapps.com/"],
  POWERSYNC_AUDIENCE: ["https://one.example", "powersync", "one,https://two.example, three"],
  POWERSYNC_ISSUER: ["powersync-auth", "https://issuer.example/"],
  POWERSYNC_TOKEN_TTL: ["600"],
  POWERSYNC_SESSION_CHECK: ["server"],
  POWERSYNC_USER_ISSUER: ["https://auth.example/auth/v1"],
  POWERSYNC_USER_AUDIENCE: ["authenticated"],
  POWERSYNC_OAUTH_CLIENTS: ["client-1", "client-1,client-2"],
  POWERSYNC_IDENTITY_PROVIDERS: [
    '[{"issuer":"https://id.example","audience":"app"}]',
    base64([{ issuer: "https://id.example", audience: "app" }]),
  ],
  SUPABASE_URL: ["http://kong:8000"],
  SUPABASE_JWKS: [JSON.stringify({ keys: [key.publicJwk] }), JSON.stringify([key.publicJwk]), base64([])],
  SUPABASE_PUBLISHABLE_KEYS: ['{"default":"sb_publishable_a"}', "{}"],
  SUPABASE_PUBLISHABLE_KEY: ["sb_publishable_a"],
  SUPABASE_ANON_KEY: ["eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln"],
  SB_EXECUTION_ID: ["5c7a6c0e-0000-4000-8000-000000000001"],
};

for (const [name, values] of Object.entries(VALUES)) {
  Deno.test(`${name}: what is around a pasted value is taken off`, () => {
    const read = (text: string) => readSetting({ [name]: text }, name as SettingName);
    for (const value of values) {
      assertEquals(unwrap(value, name), value, "a value that is right stays");
      for (const [how, text] of wrapped(value, name)) assertEquals([how, read(text)], [how, read(value)]);
    }
  });
}

Deno.test("every setting has values here", () => {
  assertEquals(Object.keys(VALUES), Object.keys(SETTINGS));
});

const lines = (text: string) => text.replace(/.{64}/g, "$&\n");
/** How one private key is written. */
const PRIVATE_FORMS: Readonly<Record<string, string>> = {
  "JSON": JSON.stringify(key.privateJwk),
  "JSON in lines": JSON.stringify(key.privateJwk, null, 2),
  "base64": base64(key.privateJwk),
  "base64url": Buffer.from(JSON.stringify(key.privateJwk)).toString("base64url"),
  "base64 in lines": lines(base64(key.privateJwk)),
  "base64 of a JSON string": base64(JSON.stringify(key.privateJwk)),
  "base64 with a byte order mark": Buffer.from(`\ufeff${JSON.stringify(key.privateJwk)}`).toString("base64"),
  "JSON in lines with backslashes": JSON.stringify(key.privateJwk, null, 2).replaceAll('"', '\\"'),
  // `supabase gen signing-key` writes an array into a file.
  "an array": JSON.stringify([key.privateJwk]),
  "an array in lines": JSON.stringify([{ ...key.privateJwk, key_ops: ["sign", "verify"] }], null, 2),
  "a JWKS": base64({ keys: [key.privateJwk] }),
  "a JWKS with the public half": JSON.stringify({ keys: [key.publicJwk, key.privateJwk] }),
};

const load = async (text: string) => await loadKeyRing(readKeySecrets({ [PRIVATE]: text }));
const plain = await load(base64(key.privateJwk));

/** The text of a key secret as it is read, decoded. */
const decodedAs = (name: string, text: string) => {
  const [secret] = readKeySecrets({ [name]: text }).signing;
  return [secret?.name, decodeJsonSecret(`${secret?.value}`)];
};

for (const [form, value] of Object.entries(PRIVATE_FORMS)) {
  Deno.test(`a private key as ${form}, pasted in any way, signs and is published as the plain one`, async () => {
    for (const name of [PRIVATE, `${PRIVATE}_20261125`, `${PRIVATE}_(*[`]) {
      const expected = [name, decodeJsonSecret(value)];
      for (const [how, text] of wrapped(value, name)) {
        assertEquals([how, ...decodedAs(name, text)], [how, ...expected]);
      }
    }
    const ring = await load(value);
    assertEquals([ring.problems, ring.published], [[], plain.published]);
    const { privateKey, ...signing } = signingKeyAt(ring, 0);
    const { privateKey: _, ...expected } = signingKeyAt(plain, 0);
    assertEquals(signing, expected);
    const token = await new SignJWT({}).setProtectedHeader({ alg: signing.alg }).sign(privateKey);
    await jwtVerify(token, key.publicJwk);
  });
}

Deno.test("public keys to publish, pasted in any way, are published as the plain ones", async () => {
  const values = [JSON.stringify(rsa.publicJwk), base64([rsa.publicJwk]), base64({ keys: [rsa.publicJwk] })];
  for (const value of values) {
    for (const [how, text] of wrapped(value, PUBLIC)) {
      const ring = await loadKeyRing(readKeySecrets({ [PUBLIC]: text }));
      assertEquals([how, ring.problems], [how, []]);
      assertEquals({ ...ring.published[0] }, { ...rsa.publicJwk });
    }
  }
});

Deno.test("the functions take pasted secrets: one token and one JWKS with everything in quotes", async () => {
  const plain = {
    [PRIVATE]: base64(key.privateJwk),
    POWERSYNC_URL: "https://x.powersync.journeyapps.com",
    POWERSYNC_TOKEN_TTL: "600",
  };
  const quoted = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, `"${value}"\\n`]));
  const { ask, code } = startFunctions({ environment: quoted });
  assertEquals(await code(await userToken()), "200");
  const { body: jwks } = await ask("powersync-jwks");
  assertEquals(jwks, (await startFunctions({ environment: plain }).ask("powersync-jwks")).body);
  const { body } = await ask("powersync-auth-anonymous", { apikey: PUBLISHABLE_KEY });
  assertEquals(body.powersync_url, plain.POWERSYNC_URL);
  const { payload, protectedHeader } = await jwtVerify(body.token, createLocalJWKSet(jwks));
  assertEquals([protectedHeader.kid, payload.aud], ["signing", plain.POWERSYNC_URL]);
});

Deno.test("JSON, base64 of it and URLs are never changed", () => {
  const right = fc.oneof(
    json.map((value) => JSON.stringify({ value })),
    json.map((value) => JSON.stringify([value], null, 2)),
    json.map((value) => base64({ value })),
    url,
    fc.nat().map(String),
  );
  fc.assert(fc.property(right, (text) => assertEquals(unwrap(text, "NAME"), text)), { numRuns: 2000 });
});

Deno.test("unwrapping is bounded: in number, in size and in time", () => {
  const nested = Array(5).fill("").reduce((text) => `\`'${text}'\``, "x");
  assertFalse(unwrap(nested) === "x");
  const long = `"${"x".repeat(65_536)}"`;
  assertEquals(unwrap(long), long);
  const hostile = [
    '"',
    "'",
    "\\",
    "\\n",
    "[",
    "{",
    "{[ ",
    " ",
    "=",
    "NAME=",
    "export ",
    "a:",
    "/",
    "ey.",
    "-",
  ];
  const started = performance.now();
  for (const part of hostile) {
    const text = part.repeat(65_536 / part.length);
    for (const end of ["", "!", '"', "n"]) decodeJsonSecret(`${text.slice(1)}${end}`);
    unwrap(`"${text.slice(2)}"`, "NAME");
  }
  assert(performance.now() - started < 5_000);
});
