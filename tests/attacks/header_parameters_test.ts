import { type Attack, foreignKey, remoteKey, testAttacks, UNKNOWN_KEY } from "./attack.ts";
import { base64url, headerOf, signed, withRawMember } from "./jws.ts";
import { projectKeys } from "../support/project.ts";

const key = projectKeys.ES256;
/** A token with a valid signature and these members in its header. */
const withHeader = (header: Record<string, unknown> | string) => () => signed(key, { header });
/** The same with a key of the attacker's own. */
const foreign = (header: Record<string, unknown>) => () => signed(foreignKey, { header });

/** Header parameters by which a token brings its own key (RFC 7515, sections 4.1.2 to 4.1.8; CVE-2018-0114). */
const ownKeys: Record<string, (trapUrl: string) => unknown> = {
  jwk: () => foreignKey.publicJwk,
  jku: (trapUrl) => `${trapUrl}/jwks.json`,
  x5u: (trapUrl) => `${trapUrl}/cert.pem`,
  x5c: () => ["MIIBszCCAVmgAwIBAgIUAAAAAAAAAAAAAAAAAAAAAAAAAAAwCgYIKoZIzj0EAwI="],
  x5t: () => "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "x5t#S256": () => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

testAttacks("a token cannot bring a key of its own, embedded or by URL", [
  ...Object.entries(ownKeys).flatMap(([name, value]): Attack[] => {
    const token = (kid: unknown) => (trapUrl: string) => foreign({ kid, [name]: value(trapUrl) })();
    return [
      [`${name} under a known kid`, token(key.kid)],
      [`${name} under an unknown kid`, token(foreignKey.kid), UNKNOWN_KEY],
      [`${name} without kid`, token(undefined)],
    ];
  }),
  ["a kid that is a URL", (trapUrl) => foreign({ kid: `${trapUrl}/jwks.json` })(), UNKNOWN_KEY],
  ["another key under a kid in SUPABASE_JWKS", foreign({ kid: key.kid })],
  ["another key under a kid that Auth publishes", foreign({ kid: remoteKey.kid }), {
    calls: { jwks: 1, user: 0 },
  }],
  ["another project's token", foreign({}), UNKNOWN_KEY],
]);

const CRITICAL: readonly Record<string, unknown>[] = [
  { crit: ["exp2"], exp2: 1 },
  { crit: ["exp"], exp: 1 },
  { crit: ["alg"] },
  // A parameter that is missing.
  { crit: ["b64"] },
  ...[[], "b64", null, { b64: true }, [1], [""], ["__proto__"], ["toString"]].map((crit) => ({ crit })),
  // RFC 7797
  { crit: ["b64"], b64: false },
  { crit: ["b64"], b64: "false" },
  { crit: ["b64", "x"], b64: true, x: 1 },
];
/** RFC 7515, section 4.1.11: a recipient that does not understand a critical parameter must refuse the token. */
testAttacks(
  "a critical header parameter that is not understood is refused",
  CRITICAL.map((header) => [JSON.stringify(header), withHeader(header)]),
);

testAttacks("compression, encryption and nesting are refused", [
  ["zip", withHeader({ zip: "DEF", crit: ["zip"] })],
  ["enc", withHeader({ alg: "dir", enc: "A256GCM" })],
  ["a nested JWT", async () => signed(key, { header: { cty: "JWT" }, payload: `"${await signed(key)}"` })],
  ["five parts (JWE)", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"],
  [
    "PBES2 with a count that takes hours",
    withHeader({ alg: "PBES2-HS256+A128KW", p2c: 2147483647, p2s: "AAAA" }),
  ],
]);

const HEADER = JSON.stringify(headerOf(key));
const withMore = (members: string) => withHeader(`${HEADER.slice(0, -1)},${members}}`);
/** A duplicated member is read differently by different parsers (RFC 7515, section 4); the last is what V8 takes. */
testAttacks("a duplicated header member is refused", [
  ...["none", "HS512", "RS256"].map((
    alg,
  ): Attack => [`alg twice, the last ${alg}`, withMore(`"alg":"${alg}"`)]),
  ["alg twice, the first none, tampered", async () => {
    const [, payload, signature] = (await signed(key)).split(".");
    return `${base64url(`{"alg":"none",${HEADER.slice(1)}`)}.${payload}.${signature}`;
  }],
  ["kid twice, the last of another key", withMore('"kid":"project-rsa"')],
]);

const BAD_HEADERS = ["", " ", "null", "[]", "1", "true", '"ES256"', "{", "{}", "{}{}", "\ufeff{}", "\u0000"];
const NESTED = `${withRawMember(headerOf(key), "x", "[".repeat(5000) + "]".repeat(5000))}}`;
testAttacks("a header that is not a JSON object is refused", [
  ...[...BAD_HEADERS, '{"alg":"ES256",}', "{'alg':'ES256'}"]
    .map((header): Attack => [JSON.stringify(header), withHeader(header)]),
  ["10,000 nested arrays", withHeader(NESTED)],
]);
