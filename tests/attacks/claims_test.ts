import type { ErrorCode } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type Attack, testAttacks } from "./attack.ts";
import { hmacSigned, signed, withRawMember } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";

const key = projectKeys.ES256;
const NOW = Math.floor(Date.now() / 1000);
const EXPIRED = { code: "USER_TOKEN_EXPIRED" } as const;

/** Tokens with a valid signature and one claim replaced by each JSON text, or left out. */
function claim(name: string, values: readonly string[], code: ErrorCode = "USER_TOKEN_INVALID"): Attack[] {
  return values.map((json) => {
    const value = json.length > 60 ? `${json.length} characters of ${json.slice(0, 20)}` : json;
    const payload = json === "" ? userClaims({ [name]: undefined }) : withRawMember(userClaims(), name, json);
    return [`${name}: ${value || "none"}`, () => signed(key, { payload }), { code }];
  });
}

const words = (text: string) => text.split(/\s+/);
const NONE = "";
const WRONG_TYPES = words('null true false {} [] "" [null] {"$ne":null}');
const BEYOND_A_DOUBLE = ["1e309", "-1e309", "1e999999", `1${"0".repeat(400)}`];
const NOT_NUMBERS = [`"${NOW + 3600}"`, `[${NOW + 3600}]`, '"never"', `"${new Date().toISOString()}"`];

testAttacks("a time of any wrong type or beyond a double is refused", [
  ...["exp", "nbf", "iat"].flatMap((name) =>
    claim(name, [...WRONG_TYPES, ...NOT_NUMBERS, ...BEYOND_A_DOUBLE])
  ),
  ...claim("exp", [NONE]),
]);

testAttacks("an expired or premature token is refused", [
  ...claim("exp", [NOW - 1, NOW - 61, 0, -1, 1e-300, NOW - 0.5].map(String), "USER_TOKEN_EXPIRED"),
  ...claim("nbf", [NOW + 600, NOW + 3600, 4e9, Number.MAX_SAFE_INTEGER, 1.7e308].map(String)),
]);

const UUID = "5c7a6c0e-0000-4000-8000-000000000001";
testAttacks("a subject that is not a UUID is refused", [
  ...claim("sub", [NONE, ...WRONG_TYPES, ...words('1 "1" "anonymous" 9007199254740993 1e400 "\\ud800"')]),
  ...claim("sub", [`["${UUID}"]`, `"${UUID} "`, `" ${UUID}"`, `"${UUID}\\n"`, `"${UUID}\\u0000"`]),
  ...claim("sub", [`"{${UUID}}"`, `"urn:uuid:${UUID}"`, `"${UUID}${UUID}"`, `"\\u202e${UUID}"`]),
  ...claim(
    "sub",
    [["-", ""], ["5", "\uff15"], ["a", "\u0430"]].map(([from = "", to = ""]) =>
      `"${UUID.replaceAll(from, to)}"`
    ),
  ),
  ...claim("sub", ['"\' OR 1=1 --"', `"${"a".repeat(8000)}"`]),
]);

testAttacks("an audience without `authenticated` is refused", [
  ...claim("aud", [NONE, ...WRONG_TYPES, ...words('1 "anon" "Authenticated" "authenticated,anon" ["anon"]')]),
  ...claim(
    "aud",
    words('[["authenticated"]] {"0":"authenticated"} "authenticated\\u0000" ["Authenticated"]'),
  ),
  ...claim("aud", ['"authenticated "']),
]);

const ISSUERS = words(`supabase /auth/v1 auth/v1 //example.com/auth/v1 https://example.com/
  https://example.com/auth/v1/ https://example.com/auth/v1x https://example.com/auth/v2
  https://example.com?/auth/v1 https://example.com/#/auth/v1 https://evil.example/?/auth/v1
  https://accounts.google.com https://example.com/AUTH/V1 https://example.com/auth%2fv1
  https://tenant.auth0.com/`);
testAttacks("an issuer that is not Supabase Auth is refused", [
  ...claim("iss", [NONE, ...WRONG_TYPES, "1", '["http://127.0.0.1:54321/auth/v1"]', '"http:// /auth/v1"']),
  ...claim("iss", ISSUERS.map((issuer) => `"${issuer}"`)),
]);

testAttacks("a role of an API key, or of a wrong type, is refused", [
  // Without a subject it would be an API key.
  ...claim("role", words('"anon" "service_role" "supabase_admin"')),
  ...claim("role", [NONE, ...WRONG_TYPES, ...words('1 ["authenticated"] ["anon"]')]),
  ...["anon", "service_role"].map((role): Attack => {
    const payload = { iss: "supabase", ref: "abcdefghijklmnopqrst", role, iat: 1, exp: 4e9 };
    return [`legacy ${role} key`, hmacSigned("sha256", "x", { payload }), { code: "USER_TOKEN_IS_API_KEY" }];
  }),
]);

const legacy = (change: Record<string, unknown>, expected = {}): Attack => [
  JSON.stringify(change),
  hmacSigned("sha256", "x", { payload: userClaims(change) }),
  expected,
];
testAttacks("a legacy token with unacceptable claims is refused without asking the Auth server", [
  ...[{ sub: "x" }, { aud: "other" }, { iss: "https://example.com" }].map((change) => legacy(change)),
  ...[{ role: "" }, { exp: "x" }, { nbf: 4e9 }].map((change) => legacy(change)),
  legacy({ exp: NOW - 1 }, EXPIRED),
]);

const doubled = (member: string) => () =>
  signed(key, { payload: `${JSON.stringify(userClaims()).slice(0, -1)},${member}}` });
/** V8 takes the last of duplicated claims. */
testAttacks("only the last value of a duplicated claim counts", [
  ["exp", doubled('"exp":1'), EXPIRED],
  ...['"sub":"someone"', '"aud":"other"', '"role":"anon"'].map((member): Attack => [member, doubled(member)]),
]);

const nested = (depth: number) => () => {
  const json = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  return signed(key, { payload: withRawMember(userClaims({ exp: 1 }), "app_metadata", json) });
};
testAttacks("claims of any size and depth never make the function fail", [
  ["a token of 16 KB", () => signed(key, { payload: userClaims({ email: "x".repeat(12_300) }) }), {
    code: "USER_TOKEN_TOO_LARGE",
  }],
  ["nested a thousand times and expired", nested(1000), EXPIRED],
  ["nested four thousand times and expired", nested(4000), EXPIRED],
  ["__proto__ that brings what is missing", () => {
    const { exp, ...rest } = userClaims();
    return signed(key, { payload: withRawMember(rest, "__proto__", `{"exp":${exp}}`) });
  }],
]);
