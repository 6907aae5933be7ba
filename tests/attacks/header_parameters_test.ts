import { type Attack, foreignKey, remoteKey, testAttacks, UNKNOWN_KEY } from "./attack.ts";
import { base64url, headerOf, signed, withRawMember } from "./jws.ts";
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
  ...Object.entries(ownKeys).flatMap(([name, value]): Attack[] => {
    const token = (kid: unknown) => (trapUrl: string) =>
      signed(attacker, { header: { kid, [name]: value(trapUrl) } });
    return [
      [`${name} under a known kid`, token(key.kid)],
      [`${name} under an unknown kid`, token(attacker.kid), UNKNOWN_KEY],
      [`${name} without kid`, token(undefined)],
    ];
  }),
  [
    "a kid that is a URL",
    (trapUrl) => signed(attacker, { header: { kid: `${trapUrl}/jwks.json` } }),
    UNKNOWN_KEY,
  ],
  ["another key under a kid in SUPABASE_JWKS", () => signed(attacker, { header: { kid: key.kid } })],
  [
    "another key under a kid that the Auth server publishes",
    () => signed(attacker, { header: { kid: remoteKey.kid } }),
    { calls: { jwks: 1, user: 0 } },
  ],
  ["another project's token", () => signed(attacker), UNKNOWN_KEY],
]);

/**
 * RFC 7515, section 4.1.11: a recipient that does not understand a critical parameter must refuse the token. All
 * signatures are valid.
 */
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
  CRITICAL.map(([name, header]) => [name, () => signed(key, { header })]),
);

testAttacks("compression, encryption and nesting are refused", [
  ["zip", () => signed(key, { header: { zip: "DEF", crit: ["zip"] } })],
  ["enc", () => signed(key, { header: { alg: "dir", enc: "A256GCM" } })],
  [
    "a nested JWT",
    async () => await signed(key, { header: { cty: "JWT" }, payload: `"${await signed(key)}"` }),
  ],
  ["five parts (JWE)", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"],
  [
    "PBES2 with a count that takes hours",
    () => signed(key, { header: { alg: "PBES2-HS256+A128KW", p2c: 2147483647, p2s: "AAAA" } }),
  ],
]);

const HEADER = JSON.stringify(headerOf(key));
/** A duplicated member is read differently by different parsers (RFC 7515, section 4); the last is what V8 takes. */
testAttacks("a duplicated header member is refused", [
  ...["none", "HS512", "RS256"].map((alg): Attack => [
    `alg twice, the last ${alg}`,
    () => signed(key, { header: `${HEADER.slice(0, -1)},"alg":"${alg}"}` }),
  ]),
  ["alg twice, the first none, tampered", async () => {
    const [, payload, signature] = (await signed(key)).split(".");
    return `${base64url(`{"alg":"none",${HEADER.slice(1)}`)}.${payload}.${signature}`;
  }],
  [
    "kid twice, the last of another key",
    () => signed(key, { header: `${HEADER.slice(0, -1)},"kid":"project-rsa"}` }),
  ],
]);

const BAD_HEADERS = ["", " ", "null", "[]", "1", "true", '"ES256"', "{", "{}", "{}{}", "\ufeff{}", "\u0000"];
const NESTED = `${withRawMember(headerOf(key), "x", "[".repeat(5000) + "]".repeat(5000))}}`;
testAttacks("a header that is not a JSON object is refused", [
  ...[...BAD_HEADERS, '{"alg":"ES256",}', "{'alg':'ES256'}"]
    .map((header): Attack => [JSON.stringify(header), () => signed(key, { header })]),
  ["10,000 nested arrays", () => signed(key, { header: NESTED })],
]);
