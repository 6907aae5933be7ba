/** What cannot be a key is named, what may mean two things is refused, and odd JSON gets a coded answer. */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "npm:fast-check@4.10.2";
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { ERRORS, PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import {
  KEY_SECRETS,
  readKeySecrets,
  readSetting,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { json as anyJson } from "../support/any_text.ts";
import { AUTH_FUNCTIONS, bearer, FUNCTION_NAMES, startFunctions } from "../support/functions.ts";
import { WRAPPERS } from "../support/pasted.ts";
import { base64, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const PRIVATE = "POWERSYNC_PRIVATE_KEY";
const PUBLIC = "POWERSYNC_PUBLIC_KEY";
const key = await makeKey("ES256", "signing");
const other = await makeKey("ES256", "other");
const CREDENTIALS = { apikey: "unknown", ...bearer(await userToken()) };

Deno.test("what may mean two things is left as it is, or refused", () => {
  const audience = (text: string) => readSetting({ POWERSYNC_AUDIENCE: text }, "POWERSYNC_AUDIENCE");
  const asTheyAre = ['"begins with a mark', "ends with a mark'", "it's", '"one" and "two"', "“mixed'", '"'];
  for (const text of asTheyAre) assertEquals(audience(text), [text]);
  for (const text of ['"one","two"', "'one', two", "one,'two'", '["one"]', '["one","two"]', '"[one]"']) {
    const { code, message } = assertThrows(() => audience(text), PowerSyncAuthError);
    assertEquals([text, code], [text, "POWERSYNC_AUDIENCE_INVALID"]);
    assertStringIncludes(message, "without brackets and quotation marks");
  }
  const line = "POWERSYNC_AUDIENCE=powersync";
  assertEquals(readSetting({ POWERSYNC_ISSUER: line }, "POWERSYNC_ISSUER"), line, "another name's line");
  const marks = "'".repeat(3);
  assertEquals(unwrap(`${marks}x${marks}`), `${marks}x${marks}`);
});

Deno.test("a list that is not one private key is refused: which one signs would be a guess", async () => {
  const lists = [
    [key.privateJwk, other.privateJwk],
    [key.privateJwk, key.privateJwk],
    [key.privateJwk, other.publicJwk],
    [key.privateJwk, { ...other.publicJwk, kid: key.kid }],
    [key.publicJwk, other.publicJwk],
    [key.privateJwk, { kty: "oct", k: "AAAA", kid: key.kid }],
    [key.privateJwk, null],
    [[key.privateJwk], []],
  ];
  for (const list of lists) {
    for (const value of [list, { keys: list }]) {
      const { problems } = await loadKeyRing({ signing: [{ name: PRIVATE, value: base64(value) }] });
      assertEquals(problems.map(({ error }) => [error.code, error.message]), [
        ["KEY_MALFORMED", `The key in ${PRIVATE} cannot be used: it is a list of keys, not one private key.`],
      ]);
    }
  }
  const { problems } = await loadKeyRing({ signing: [{ name: PRIVATE, value: base64([key.publicJwk]) }] });
  assertEquals(problems.map(({ error }) => error.code), ["KEY_IS_PUBLIC"]);
});

const privatePem = await exportPKCS8(key.privateKey);
const publicPem = await exportSPKI((await generateKeyPair("ES256")).publicKey);
const random = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)));
/** What people paste in a key's place, and what the message calls it. */
const OTHER_THINGS: readonly (readonly [value: string, kind: string])[] = [
  [privatePem, "a private key in PEM form"],
  [privatePem.replaceAll("\n", "\\n"), "a private key in PEM form"],
  [privatePem.replaceAll("PRIVATE", "EC PRIVATE"), "a private key in PEM form"],
  [privatePem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), "a private key in PEM form"],
  [publicPem, "a public key in PEM form"],
  [publicPem.replaceAll("PUBLIC KEY", "CERTIFICATE"), "a certificate"],
  [publicPem.replaceAll("PUBLIC KEY", "EC PARAMETERS"), "a PEM or a part of one"],
  ...[privatePem, publicPem].map((text) =>
    [text.replace(/^-.*$/gm, "").trim(), "a PEM or a part of one"] as const
  ),
  ["sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz", "a secret API key of Supabase"],
  ["sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH", "a publishable API key of Supabase"],
  [await userToken(), "a JWT: a token, or a legacy API key of Supabase"],
  [`sbp_${random(20).toString("hex")}`, "a personal access token of Supabase"],
  ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@example.com", "an SSH key"],
  [base64(key.privateJwk).replace(/.{9}/, "$&\u200b"), "text with invisible characters in it"],
  [crypto.randomUUID(), "a hex string"],
  [random(32).toString("hex"), "a hex string"],
  [random(20).toString("hex").toUpperCase().replace(/..(?=.)/g, "$&:"), "a hex string"],
  ["https://project.supabase.co/auth/v1/.well-known/jwks.json", "a URL"],
  ["/run/secrets/powersync-private-key", "the path of a file"],
  ["./keys/private.json", "the path of a file"],
  ["~/.ssh/key", "the path of a file"],
  ["C:\\Users\\me\\key.pem", "the path of a file"],
  ["signing_keys.json", "the path of a file"],
  [`OTHER_NAME=${base64(key.privateJwk)}`, "a line that sets another name"],
  ["$(cat key.json)", "an expression that a shell did not replace"],
  ["${POWERSYNC_KEY}", "an expression that a shell did not replace"],
  ["{kty:EC,crv:P-256}", "JSON whose quotation marks a shell or an editor removed or changed"],
  ["{'kty':'EC'}", "JSON whose quotation marks a shell or an editor removed or changed"],
  ["[{“kty”:“EC”}]", "JSON whose quotation marks a shell or an editor removed or changed"],
  ['{"kty":"EC","d":', "JSON that was cut or edited"],
  ["marker: neither", "neither JSON nor base64"],
];

/** A name of anything cannot be read as base64, or the base64 of it as JSON. */
function inBase64([value, kind]: readonly [string, string]): [string, string] {
  return [Buffer.from(value).toString("base64"), `base64 of ${kind}`];
}

Deno.test("what cannot be a key is named, repeats nothing, and a new pair is the last advice", async () => {
  const named = OTHER_THINGS.filter(([, kind]) => !kind.startsWith("neither"));
  const utf16 = Buffer.from(JSON.stringify(key.privateJwk), "utf16le").toString("base64");
  const cases: (readonly [string, string])[] = [
    ...OTHER_THINGS,
    ...named.map(inBase64),
    [Buffer.from(base64(key.privateJwk)).toString("base64"), "base64 of base64: decode it once"],
    [utf16, "base64 of text in UTF-16, not in UTF-8"],
  ];
  for (const [value, kind] of cases) {
    for (const secret of [PRIVATE, PUBLIC]) {
      for (const text of [value, `'${value}'`, `${secret}=${value}\\n`]) {
        const { problems: [problem] } = await loadKeyRing(readKeySecrets({ [secret]: text }));
        const { code, message, hint } = problem?.error ?? {};
        const expected = `The key in ${secret} cannot be used: it is ${kind}.`;
        assertEquals([message, code], [expected, "KEY_MALFORMED"]);
        assertMatch(`${hint}`, /^It must be [^;]*; make a new key pair only if that copy is lost\.$/);
      }
    }
  }
});

Deno.test("what stands in the place of a list of Supabase or of identity providers is named too", async () => {
  for (const name of ["SUPABASE_JWKS", "SUPABASE_PUBLISHABLE_KEYS", "POWERSYNC_IDENTITY_PROVIDERS"]) {
    for (const [value, kind] of OTHER_THINGS) {
      const { ask, log } = startFunctions({ environment: { [name]: value } });
      await ask("powersync-auth-anonymous", CREDENTIALS);
      assertStringIncludes(`${log[0]}`, `${name}_INVALID`);
      assertStringIncludes(`${log[0]}`, `${name} cannot be used: it is ${kind}.`);
    }
  }
});

/** JSON of any kind and depth, in every form that a secret may have. */
const oddSecret = fc.tuple(
  fc.oneof(
    anyJson,
    fc.constantFrom<unknown>(null, 0, "", [], {}, [null], [[]], { keys: null }, { keys: [[]] }),
    fc.record({
      keys: fc.array(fc.record({ kty: fc.constantFrom("EC", "RSA", "OKP", "oct"), d: fc.jsonValue() })),
    }),
    fc.constantFrom<unknown>([{ issuer: {} }], [[{}]], [{ issuer: "https://id.example", audience: [[]] }]),
  ).map((value) => JSON.stringify(value)),
  fc.constantFrom(...Object.values(WRAPPERS).map(([, wrap]) => wrap)),
  fc.boolean(),
).map(([json, wrap, encode]) => wrap(encode ? Buffer.from(json).toString("base64") : json, "NAME"));

const DEEP = ["[", '{"a":', '[{"kty":"EC","x":'].map((open) => {
  const close = open === "[" ? "]" : open.startsWith("{") ? "}" : "}]";
  return open.repeat(3000) + "1" + close.repeat(3000);
});

const NAMES = [...Object.keys(SETTINGS), ...Object.keys(KEY_SECRETS), `${PRIVATE}_2`, `${PUBLIC}_2`];

/** Every function that reads the secret answers with a token, a JWKS or a coded error that is not INTERNAL_ERROR. */
async function assertCoded(name: string, value: string): Promise<void> {
  const { ask } = startFunctions({ environment: { [name]: value } });
  const isKey = name.startsWith(PRIVATE) || name.startsWith(PUBLIC);
  for (const f of isKey ? FUNCTION_NAMES : AUTH_FUNCTIONS) {
    const { status, body } = await ask(f, CREDENTIALS);
    if (status === 200) continue;
    assert(body.code !== "INTERNAL_ERROR" && body.code in ERRORS, `${f} ${name}=${value.slice(0, 200)}`);
  }
}

Deno.test("odd JSON in any secret gives a token, a JWKS or a coded error that is not INTERNAL_ERROR", async () => {
  const secret = fc.asyncProperty(fc.constantFrom(...NAMES), oddSecret, assertCoded);
  await fc.assert(secret, { numRuns: 150 });
  await Promise.all(NAMES.map(async (name) => {
    for (const value of DEEP.flatMap((json) => [json, JSON.stringify(json), `{"keys":[{"x":${json}}]}`])) {
      await assertCoded(name, value);
    }
  }));
});
