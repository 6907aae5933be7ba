import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { unpackToken } from "../../scripts/doctor/tokens/pasted-token.ts";
import { POWERSYNC_URL, USER_ID, userToken } from "../support/project.ts";

const token = await userToken();
const other = await userToken({ sub: "5c7a6c0e-0000-4000-8000-000000000002" });
const credentials = { token, powersync_url: POWERSYNC_URL, endpoint: POWERSYNC_URL, user_id: USER_ID };
const session = {
  access_token: token,
  token_type: "bearer",
  expires_in: 3600,
  refresh_token: "k7zq3bwtw2xh",
};
const cookie = btoa(JSON.stringify(session)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const wrapped = token.replace(/.{60}/g, "$&\n");

/** What is pasted, what is told of what was around the token, and whether white space was in it. */
const CASES: readonly (readonly [text: string, around?: RegExp, isBroken?: true])[] = [
  [token],
  [`\r\n  ${token}\n`],
  [`\ufeff${token}\n`],
  [`${token}\u200b`, /invisible/],
  [`\x1b[200~${token}\x1b[201~`, /invisible/],
  [`Bearer ${token}`, /`Bearer`/],
  [`Token ${token}`, /`Token`/],
  [`bearer Bearer ${token}`, /`bearer`.*`Bearer`/],
  [`Authorization: Bearer ${token}`, /`Authorization: Bearer`/],
  [`"authorization": "Token ${token}"`, /text was around/],
  [`curl -H 'Authorization: Bearer ${token}' ${POWERSYNC_URL}/sync/stream`, /text was around/],
  [`"${token}"`, /in quotation marks/],
  [`'${token}'`, /in quotation marks/],
  [`“${token}”`, /in quotation marks/],
  [`'Bearer ${token}'`, /in quotation marks.*`Bearer`/],
  [`TOKEN=${token}`, /text was around/],
  [`${token},`, /text was around/],
  [JSON.stringify(credentials), /JSON object, as `token`/],
  [JSON.stringify(credentials, null, 2), /JSON object, as `token`/],
  [JSON.stringify(session), /as `access_token`/],
  [JSON.stringify({ data: { user: {}, session }, error: null }), /`data`.*`session`.*`access_token`/],
  [JSON.stringify({ session }), /`session`/],
  [JSON.stringify({ data: credentials, error: null }), /`data`.*`token`/],
  [JSON.stringify(JSON.stringify(credentials)), /in quotation marks.*`token`/],
  [`{ token: '${token}', powersync_url: '${POWERSYNC_URL}' }`, /as `token`/],
  [`{token: ${token}, powersync_url: ${POWERSYNC_URL}}`, /as `token`/],
  [`Session(accessToken: ${token}, refreshToken: k7zq3bwtw2xh)`, /as `accessToken`/],
  [`https://app.example.com/?token=${token}&x=1`, /as `token`/],
  [`http://localhost:3000/#access_token=${token}&expires_in=3600&type=signup`, /as `access_token`/],
  [`12:00:01 INFO got ${token} for u`, /text was around/],
  [wrapped, /contained line breaks or spaces/, true],
  [`Bearer ${wrapped}`, /`Bearer`.*line breaks/, true],
  [token.replace(/.{60}/g, "$&\\n"), /line breaks/, true],
  [`base64-${cookie}`, /cookie.*`access_token`/],
  [JSON.stringify([token, "k7zq3bwtw2xh", null]), /JSON list/],
  [`Authorization: Bearer ${token}\nHost`, /`Authorization: Bearer`.*text was around/],
  [`${token}%`, /text was around/],
  [`Bearer%20${token}`, /URL-encoded.*`Bearer`/],
  [`Optional("${token}")`, /text was around/],
  [`UserSession(accessToken=${token}, refreshToken=k7zq)`, /as `accessToken`/],
  [`${token}\n${other}`, /2 tokens; this is about the first/],
];

Deno.test("the token is taken out of what was pasted, and what was around it is told", () => {
  for (const [text, around = /^$/, isBroken = false] of CASES) {
    const unpacked = unpackToken(text);
    assertEquals([text, unpacked.token, unpacked.isBroken], [text, token, isBroken]);
    assertMatch(unpacked.around, around, text);
    assertFalse(unpacked.around.includes(token.slice(0, 30)), text);
  }
});

Deno.test("where there is no token, it says what is there instead", () => {
  for (
    const word of ["undefined", "null", "[object Object]", "Bearer undefined", '"null"', "[object Promise]"]
  ) {
    const { token, around } = unpackToken(word);
    assertEquals([word, token], [word, ""]);
    assertMatch(around, /which a program prints when it has no token/, word);
  }
  assertEquals(unpackToken(" \n"), { token: "", around: "", isBroken: false });
  const refused = unpackToken(
    '{"code":"USER_TOKEN_EXPIRED","message":"The access token has expired.","hint":"…"}',
  );
  assertEquals(refused.token, "");
  assertMatch(
    refused.around,
    /error, without a token: USER_TOKEN_EXPIRED The access token has expired/,
  );
  const auth = unpackToken(
    '{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}',
  );
  assertMatch(auth.around, /invalid_credentials/);
  const signedOut = unpackToken('{"data":{"session":null,"user":null}}');
  assertEquals(signedOut, { token: "", around: "It is JSON, and `data` holds no token.", isBroken: false });
});

Deno.test("what is not known stays as it is", () => {
  for (
    const text of [
      "k7zq3bwtw2xh",
      "sb_publishable_0123456789",
      "eyJhbGciOiJFUzI1NiJ9.eyJz",
      "5c7a6c0e",
      "<p>Hi",
    ]
  ) {
    assertEquals(unpackToken(text), { token: text, around: "", isBroken: false });
  }
});

Deno.test("endless wrapping and large texts end", () => {
  let text = token;
  for (let layer = 0; layer < 50; layer++) text = JSON.stringify(text).slice(0, 200_000);
  unpackToken(text);
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  assertEquals(unpackToken(`{"data":{"token":"${token}","x":${deep}}}`).token, token);
  unpackToken(`{"code":${deep}}`);
  unpackToken(`${'{"data":'.repeat(20_000)}{}${"}".repeat(20_000)}`);
  unpackToken("'".repeat(200_000));
  unpackToken(`${"ey".repeat(100_000)}.`);
  unpackToken("token=".repeat(40_000));
  const { around } = unpackToken(`{"code":"\\u001b[2J${"x".repeat(5_000)}"}`);
  assertEquals([around.length < 400, around.includes("\x1b")], [true, false]);
});
