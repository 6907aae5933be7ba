import { type Attack, foreignKey, remoteKey, testAttacks, UNKNOWN_KEY_CALLS } from "./attack.ts";
import { headerOf, signed, withRawMember } from "./jws.ts";
import { projectKeys } from "../support/project.ts";

const key = projectKeys.ES256;
const attacker = foreignKey;

/** Header parameters by which a token brings its own key (RFC 7515, sections 4.1.2 to 4.1.8; CVE-2018-0114). */
const ownKeys: Record<string, (trapUrl: string) => unknown> = {
  jwk: () => attacker.publicJwk,
  jku: (trapUrl) => `${trapUrl}/jwks.json`,
  x5u: (trapUrl) => `${trapUrl}/cert.pem`,
  x5c: () => ["MIIBszCCAVmgAwIBAgIUAAAAAAAAAAAAAAAAAAAAAAAAAAAwCgYIKoZIzj0EAwI="],
  x5t: () => "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "x5t#S256": () => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

testAttacks("a token cannot bring a key of its own, embedded or by URL", [
  ...Object.entries(ownKeys).flatMap(([name, value]): Attack[] => [
    {
      name: `${name} under a known kid`,
      token: (trapUrl) => signed(attacker, { header: { kid: key.kid, [name]: value(trapUrl) } }),
    },
    {
      name: `${name} under an unknown kid`,
      token: (trapUrl) => signed(attacker, { header: { [name]: value(trapUrl) } }),
      calls: UNKNOWN_KEY_CALLS,
    },
    {
      name: `${name} without kid`,
      token: (trapUrl) => signed(attacker, { header: { kid: undefined, [name]: value(trapUrl) } }),
    },
  ]),
  {
    name: "a kid that is a URL",
    token: (trapUrl) => signed(attacker, { header: { kid: `${trapUrl}/jwks.json` } }),
    calls: UNKNOWN_KEY_CALLS,
  },
  {
    name: "another key under a kid in SUPABASE_JWKS",
    token: () => signed(attacker, { header: { kid: key.kid } }),
  },
  {
    name: "another key under a kid that the Auth server publishes",
    token: () => signed(attacker, { header: { kid: remoteKey.kid } }),
    calls: { jwks: 1, user: 0 },
  },
  {
    name: "another project's token",
    token: () => signed(attacker),
    calls: UNKNOWN_KEY_CALLS,
  },
]);

/** RFC 7515, section 4.1.11: a recipient that does not understand a critical parameter must refuse the token. All signatures are valid. */
const CRITICAL: [string, Record<string, unknown>][] = [
  ["an extension", { crit: ["exp2"], exp2: 1 }],
  ["exp", { crit: ["exp"], exp: 1 }],
  ["alg", { crit: ["alg"] }],
  ["a parameter that is missing", { crit: ["b64"] }],
  ["an empty list", { crit: [] }],
  ["a text", { crit: "b64" }],
  ["null", { crit: null }],
  ["an object", { crit: { b64: true } }],
  ["a list of numbers", { crit: [1] }],
  ["a list with an empty text", { crit: [""] }],
  ["__proto__", { crit: ["__proto__"] }],
  ["toString", { crit: ["toString"] }],
  ["b64 of false (RFC 7797)", { crit: ["b64"], b64: false }],
  ["b64 of a wrong type", { crit: ["b64"], b64: "false" }],
  ["b64 and another", { crit: ["b64", "x"], b64: true, x: 1 }],
];
testAttacks(
  "a critical header parameter that is not understood is refused",
  CRITICAL.map(([name, header]) => ({ name: `crit: ${name}`, token: () => signed(key, { header }) })),
);

testAttacks("compression, encryption and nesting are refused", [
  { name: "zip", token: () => signed(key, { header: { zip: "DEF", crit: ["zip"] } }) },
  { name: "enc", token: () => signed(key, { header: { alg: "dir", enc: "A256GCM" } }) },
  {
    name: "a nested JWT",
    token: async () => await signed(key, { header: { cty: "JWT" }, payload: `"${await signed(key)}"` }),
  },
  { name: "five parts (JWE)", token: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA" },
  {
    name: "PBES2 with a count that takes hours",
    token: () => signed(key, { header: { alg: "PBES2-HS256+A128KW", p2c: 2147483647, p2s: "AAAA" } }),
  },
]);

/** A duplicated member is read differently by different parsers (RFC 7515, section 4); the last is what V8 takes. */
testAttacks("a duplicated header member is refused", [
  ...["none", "HS512", "RS256"].map((alg): Attack => ({
    name: `alg twice, the last ${alg}`,
    token: () => signed(key, { header: `${JSON.stringify(headerOf(key)).slice(0, -1)},"alg":"${alg}"}` }),
  })),
  {
    name: "alg twice, the first none, tampered",
    token: async () => {
      const [, payload, signature] = (await signed(key)).split(".");
      const header = `{"alg":"none",${JSON.stringify(headerOf(key)).slice(1)}`;
      return `${btoa(header).replaceAll("=", "")}.${payload}.${signature}`;
    },
  },
  {
    name: "kid twice, the last of another key",
    token: () =>
      signed(key, { header: `${JSON.stringify(headerOf(key)).slice(0, -1)},"kid":"project-rsa"}` }),
  },
]);

testAttacks(
  "a header that is not a JSON object is refused",
  [
    "",
    " ",
    "null",
    "[]",
    "1",
    "true",
    '"ES256"',
    "{",
    "{}",
    "{}{}",
    "\ufeff{}",
    '{"alg":"ES256",}',
    "\u0000",
    "{'alg':'ES256'}",
  ]
    .map((header) => ({ name: JSON.stringify(header), token: () => signed(key, { header }) }))
    .concat([
      {
        name: "10,000 nested arrays",
        token: () =>
          signed(key, {
            header: withRawMember(headerOf(key), "x", "[".repeat(5000) + "]".repeat(5000)) + "}",
          }),
      },
    ]),
);
