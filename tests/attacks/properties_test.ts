import { Buffer } from "node:buffer";
import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { checkJwks } from "../../scripts/powersync/jwks.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { character, json } from "../support/any_text.ts";
import { AUTH_FUNCTIONS, startFunctions } from "../support/functions.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertRefusal } from "./attack.ts";

const PUBLIC_MEMBERS = ["kty", "n", "e", "crv", "x", "y", "alg", "kid", "use"];
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
const MEMBERS = [...PUBLIC_MEMBERS, ...PRIVATE_MEMBERS, "nbf", "key_ops", "x5c", "__proto__"];

type Members = Readonly<Record<string, unknown>>;

const keys = await Promise.all(["RS256", "ES256", "ES384", "EdDSA"].map((alg) => makeKey(alg, `key-${alg}`)));

/** What stands in a member's place: nothing, another key's, any JSON, or its value edited, cut or padded. */
const change = fc.oneof(
  fc.constant(() => undefined),
  fc.constant((_: unknown, others: unknown) => others),
  json.map((json) => () => json),
  fc.tuple(fc.nat(), fc.constantFrom("A", "_", "9", "AQ", "=", "")).map(([at, text]) => (value: unknown) => {
    const index = at % `${value}`.length;
    return `${value}`.slice(0, index) + text + `${value}`.slice(index + 1);
  }),
  fc.nat().map((length) => (value: unknown) => `${value}`.slice(0, length % `${value}`.length)),
  fc.constantFrom("=", " ", "AA", "\n").map((text) => (value: unknown) => `${text}${value}${text}`),
);

/** A JWK with up to three members changed. */
const mangledJwk = fc.tuple(
  fc.constantFrom(...keys),
  fc.constantFrom(...keys),
  fc.boolean(),
  fc.dictionary(fc.constantFrom(...MEMBERS), change, { maxKeys: 3 }),
).map(([key, other, isPrivate, changes]) => {
  const jwk: Members = { ...(isPrivate ? key.privateJwk : key.publicJwk) };
  const others: Members = { ...other.privateJwk };
  const changed = Object.entries(changes).map(([name, change]) => [name, change(jwk[name], others[name])]);
  return { ...jwk, ...Object.fromEntries(changed) };
});

const anySecret = fc.oneof(
  { weight: 4, arbitrary: mangledJwk.map((jwk) => base64(jwk)) },
  { weight: 3, arbitrary: mangledJwk.map((jwk) => JSON.stringify(jwk)) },
  { weight: 2, arbitrary: fc.array(mangledJwk, { maxLength: 3 }).map((jwks) => base64({ keys: jwks })) },
  { weight: 1, arbitrary: json.map((value) => base64(value)) },
  { weight: 1, arbitrary: fc.string({ unit: character }) },
);

const privateValues = keys.flatMap(({ privateJwk }) => {
  const members: Members = { ...privateJwk };
  return PRIVATE_MEMBERS.map((name) => members[name]).filter((value) => typeof value === "string");
});

function assertPublic(value: unknown): void {
  const text = JSON.stringify(value);
  assertFalse(privateValues.some((value) => text.includes(value)), "a private member is shown");
}

Deno.test("whatever the secrets hold, PowerSync takes the JWKS, which has public members only, or the answer is a coded error", async () => {
  const check = async (first: string, second: string, extra: string) => {
    const environment = {
      POWERSYNC_PRIVATE_KEY: first,
      POWERSYNC_PRIVATE_KEY_2: second,
      POWERSYNC_PUBLIC_KEY: extra,
    };
    const { problems } = await loadKeyRing(readKeySecrets(environment));
    const { ask, log } = startFunctions({ environment });
    const { status, body } = await ask("powersync-jwks");
    assertPublic([body, log, problems.map(({ error }) => [error.message, error.hint, error.code])]);
    if (status !== 200) {
      assertEquals([status, Object.keys(body)], [500, ["code", "message", "hint"]]);
      return;
    }
    assert(body.keys.length > 0);
    const ids = body.keys.map((key: Record<string, unknown>) => {
      assertEquals(Object.keys(key).filter((name) => !PUBLIC_MEMBERS.includes(name)), []);
      assertEquals([typeof key.kid, key.use], ["string", "sig"]);
      return key.kid;
    });
    assertEquals(new Set(ids).size, ids.length);
    // PowerSync imports every key.
    assertEquals(checkJwks(body).filter(({ outcome }) => outcome !== "passed"), []);
  };
  const first = fc.oneof(anySecret, fc.constant(base64(keys[1]?.privateJwk)));
  await fc.assert(fc.asyncProperty(first, anySecret, anySecret, check), { numRuns: 300 });
});

Deno.test("whatever the credentials are, the answer is a 4xx of the error contract", async () => {
  const { send } = startFunctions();
  const part = fc.oneof(
    fc.base64String().map((text) => Buffer.from(text, "base64")),
    json.map((value) => Buffer.from(JSON.stringify(value))),
    fc.record({ alg: fc.constantFrom("ES256", "RS256", "none", "ES512"), kid: fc.constant("project-ec") })
      .map((header) => Buffer.from(JSON.stringify(header))),
  ).map((bytes) => bytes.toString("base64url"));
  const credential = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join(".")),
  );
  const scheme = fc.constantFrom("Bearer ", "bearer ", "", "Basic ", "Bearer  ");
  const check = async (prefix: string, bearer: string, apikey: string) => {
    const headers = { Authorization: `${prefix}${bearer}`, apikey };
    for (const name of AUTH_FUNCTIONS) {
      for (const method of ["GET", "POST"]) {
        await assertRefusal(await send(name, { method, headers }), JSON.stringify(headers));
      }
    }
  };
  await fc.assert(fc.asyncProperty(scheme, credential, credential, check), { numRuns: 500 });
});
