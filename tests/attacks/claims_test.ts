import type { ErrorCode } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type Attack, testAttacks } from "./attack.ts";
import { hmacSigned, signed, withRawMember } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";

const key = projectKeys.ES256;
const NOW = Math.floor(Date.now() / 1000);

/** A token with a valid signature and one claim replaced by JSON text. */
function claim(name: string, json: string, code: ErrorCode = "USER_TOKEN_INVALID"): Attack {
  const value = json.length > 60 ? `${json.length} characters of ${json.slice(0, 20)}` : json;
  return [`${name}: ${value}`, () => signed(key, { payload: withRawMember(userClaims(), name, json) }), {
    code,
  }];
}

/** A token with a valid signature, without one claim. */
function without(name: string): Attack {
  const { [name]: _, ...rest } = userClaims();
  return [`without ${name}`, () => signed(key, { payload: rest })];
}

const WRONG_TYPES = ["null", "true", "false", "{}", "[]", '""', "[null]", '{"$ne":null}'];
const BEYOND_A_DOUBLE = ["1e309", "-1e309", "1e999999", `1${"0".repeat(400)}`];

testAttacks("a time of any wrong type or beyond a double is refused", [
  ...["exp", "nbf", "iat"].flatMap((name) => [
    ...[...WRONG_TYPES, `"${NOW + 3600}"`, `[${NOW + 3600}]`, '"never"', `"${new Date().toISOString()}"`]
      .map((json) => claim(name, json)),
  ]),
  ...["exp", "nbf", "iat"].flatMap((name) => BEYOND_A_DOUBLE.map((json) => claim(name, json))),
  without("exp"),
]);

testAttacks("an expired or premature token is refused", [
  ...[NOW - 1, NOW - 61, 0, -1, 1e-300, NOW - 0.5].map((exp) => claim("exp", `${exp}`, "USER_TOKEN_EXPIRED")),
  ...[NOW + 600, NOW + 3600, 4_000_000_000, Number.MAX_SAFE_INTEGER, 1.7e308].map((nbf) =>
    claim("nbf", `${nbf}`)
  ),
]);

const UUID = "5c7a6c0e-0000-4000-8000-000000000001";
const SUBJECTS = [
  ...WRONG_TYPES,
  "1",
  `["${UUID}"]`,
  '"anonymous"',
  '"1"',
  `"${UUID} "`,
  `" ${UUID}"`,
  `"${UUID}\\n"`,
  `"${UUID}\\u0000"`,
  `"{${UUID}}"`,
  `"urn:uuid:${UUID}"`,
  `"${UUID.replaceAll("-", "")}"`,
  `"${UUID}${UUID}"`,
  `"${UUID.replace("5", "\uff15")}"`,
  `"${UUID.replace("a", "\u0430")}"`,
  '"\\ud800"',
  '"\\u202e' + UUID + '"',
  '"\' OR 1=1 --"',
  `"${"a".repeat(8000)}"`,
  "9007199254740993",
  "1e400",
];
testAttacks("a subject that is not a UUID is refused", [
  ...SUBJECTS.map((json) => claim("sub", json)),
  without("sub"),
]);

testAttacks("an audience without `authenticated` is refused", [
  ...WRONG_TYPES.concat(
    '"anon"',
    '"authenticated "',
    '"Authenticated"',
    '"authenticated,anon"',
    '["anon"]',
    "1",
  )
    .concat('[["authenticated"]]', '{"0":"authenticated"}', '"authenticated\\u0000"', '["Authenticated"]')
    .map((json) => claim("aud", json)),
  without("aud"),
]);

testAttacks("an issuer that is not Supabase Auth is refused", [
  ...WRONG_TYPES.concat(
    "1",
    '"supabase"',
    '"/auth/v1"',
    '"auth/v1"',
    '"//example.com/auth/v1"',
    '"http:// /auth/v1"',
  )
    .concat('"https://example.com/"', '"https://example.com/auth/v1/"', '"https://example.com/auth/v1x"')
    .concat(
      '"https://example.com/auth/v2"',
      '"https://example.com?/auth/v1"',
      '"https://example.com/#/auth/v1"',
    )
    .concat(
      '"https://evil.example/?/auth/v1"',
      '["http://127.0.0.1:54321/auth/v1"]',
      '"https://accounts.google.com"',
    )
    .concat('"https://example.com/AUTH/V1"', '"https://example.com/auth%2fv1"', '"https://tenant.auth0.com/"')
    .map((json) => claim("iss", json)),
  without("iss"),
]);

testAttacks("a role of an API key, or of a wrong type, is refused", [
  // Without a subject it would be an API key.
  ...["anon", "service_role", "supabase_admin"].map((role) => claim("role", `"${role}"`)),
  ...["anon", "service_role"].map((role): Attack => {
    const payload = { iss: "supabase", ref: "abcdefghijklmnopqrst", role, iat: 1, exp: 4e9 };
    return [`legacy ${role} key`, hmacSigned("sha256", "x", { payload }), { code: "USER_TOKEN_IS_API_KEY" }];
  }),
  ...[...WRONG_TYPES, "1", '["authenticated"]', '["anon"]'].map((json) => claim("role", json)),
  without("role"),
]);

const LEGACY_CHANGES: [Record<string, unknown>, ErrorCode?][] = [
  [{ sub: "x" }],
  [{ aud: "other" }],
  [{ iss: "https://example.com" }],
  [{ role: "" }],
  [{ exp: "x" }],
  [{ nbf: 4e9 }],
  [{ exp: NOW - 1 }, "USER_TOKEN_EXPIRED"],
];
testAttacks(
  "a legacy token with unacceptable claims is refused without asking the Auth server",
  LEGACY_CHANGES.map(([change, code = "USER_TOKEN_INVALID"]) => [
    JSON.stringify(change),
    hmacSigned("sha256", "x", { payload: { ...userClaims(), ...change } }),
    { code },
  ]),
);

/** V8 takes the last of duplicated claims. */
const EXPIRED = { code: "USER_TOKEN_EXPIRED" } as const;
testAttacks("only the last value of a duplicated claim counts", [
  ["exp", () => doubled('"exp":1'), EXPIRED],
  ["sub", () => doubled('"sub":"someone"')],
  ["aud", () => doubled('"aud":"other"')],
  ["role", () => doubled('"role":"anon"')],
]);

testAttacks("claims of any size and depth never make the function fail", [
  ["a token of 16 KB", () => signed(key, { payload: userClaims({ email: "x".repeat(12_300) }) }), {
    code: "USER_TOKEN_TOO_LARGE",
  }],
  ["nested a thousand times and expired", () => nested(1000), EXPIRED],
  ["nested four thousand times and expired", () => nested(4000), EXPIRED],
  ["__proto__ that brings what is missing", () => {
    const { exp, ...rest } = userClaims();
    return signed(key, { payload: withRawMember(rest, "__proto__", `{"exp":${exp}}`) });
  }],
]);

async function doubled(member: string): Promise<string> {
  return await signed(key, { payload: `${JSON.stringify(userClaims()).slice(0, -1)},${member}}` });
}

async function nested(depth: number): Promise<string> {
  const json = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  return await signed(key, { payload: withRawMember(userClaims({ exp: 1 }), "app_metadata", json) });
}
