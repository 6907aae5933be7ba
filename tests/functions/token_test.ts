import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { verdictOf } from "../../scripts/powersync/result.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { issueToken, type TokenOptions } from "../../supabase/functions/_shared/powersync/token.ts";
import { makeKey } from "../support/signing.ts";

const NOW = 1_800_000_000;
const AUDIENCE = "https://instance.powersync.journeyapps.com";
const pair = await makeKey("ES256", "powersync-a");

const OPTIONS: TokenOptions = {
  key: {
    secret: "POWERSYNC_PRIVATE_KEY",
    kid: "powersync-a",
    alg: "ES256",
    notBefore: undefined,
    privateKey: pair.privateKey,
  },
  audience: AUDIENCE,
  issuer: "powersync-auth",
  lifetimeSeconds: 300,
  now: NOW + 0.999,
};

async function codeOf(claims: unknown): Promise<string> {
  const error = await assertRejects(() => issueToken(claims, OPTIONS), PowerSyncAuthError);
  assert(error.hint.includes("claims.ts"), error.hint);
  return error.code;
}

Deno.test("header, times and claims are exactly those of the contract, from one clock in whole seconds", async () => {
  const issued = await issueToken({ sub: "user", team: "blue" }, OPTIONS);
  assertEquals([issued.subject, issued.expiresAt], ["user", NOW + 300]);
  assertEquals(decodeProtectedHeader(issued.token), { alg: "ES256", kid: "powersync-a", typ: "JWT" });
  assertEquals(decodeJwt(issued.token), {
    sub: "user",
    team: "blue",
    iss: "powersync-auth",
    aud: AUDIENCE,
    iat: NOW,
    exp: NOW + 300,
  });
});

Deno.test("PowerSync accepts the token, with one audience or several", async () => {
  for (const audience of [AUDIENCE, ["other", AUDIENCE]]) {
    const { token } = await issueToken({ sub: "user", parameters: {} }, { ...OPTIONS, audience });
    const results = await checkToken(token, {
      jwks: { keys: [pair.publicJwk] },
      audiences: [AUDIENCE],
      nowSeconds: NOW,
    });
    assertEquals(verdictOf(results).outcome, "accepted");
    assertEquals(decodeJwt(token).aud, audience);
  }
});

Deno.test("each reserved claim is refused, even if it would change nothing", async () => {
  for (const name of ["iss", "aud", "exp", "iat", "nbf", "jti"]) {
    assertEquals(await codeOf({ sub: "u", [name]: null }), "CLAIMS_RESERVED");
  }
});

Deno.test("a subject is a non-empty text of well-formed Unicode without control characters", async () => {
  const subjects = [
    "",
    "a\nb",
    "\t",
    "a\u0000",
    "\u007f",
    "\u0085",
    "\ud800",
    "\udc00a",
    42,
    true,
    null,
    {},
    ["u"],
  ];
  for (const sub of subjects) assertEquals([sub, await codeOf({ sub })], [sub, "CLAIMS_SUBJECT_INVALID"]);
  assertEquals(await codeOf({}), "CLAIMS_SUBJECT_INVALID");
  for (const sub of ["0", " ", "org|user", "ä€😀", "auth0|5c7a"]) {
    assertEquals(decodeJwt((await issueToken({ sub }, OPTIONS)).token).sub, sub);
  }
});

Deno.test("parameters are an object or absent, because PowerSync refuses anything else", async () => {
  for (const parameters of [null, [], "x", 1, true]) {
    assertEquals(await codeOf({ sub: "u", parameters }), "CLAIMS_PARAMETERS_INVALID");
  }
  const { token } = await issueToken({ sub: "u", parameters: undefined }, OPTIONS);
  assertEquals("parameters" in decodeJwt(token), false);
});

Deno.test("what is no object, or cannot be written as JSON, is refused", async () => {
  for (const claims of [null, undefined, "u", 1, [], [{ sub: "u" }], () => {}, Symbol()]) {
    assertEquals(await codeOf(claims), "CLAIMS_NOT_AN_OBJECT");
  }
  const circular: Record<string, unknown> = { sub: "u" };
  circular.self = circular;
  const failing = { sub: "u", toJSON: () => JSON.parse("{") };
  for (const claims of [{ sub: "u", big: 1n }, circular, failing]) {
    assertEquals(await codeOf(claims), "CLAIMS_NOT_JSON");
  }
});

Deno.test("what is checked is what is signed: no getter or toJSON gets another value past the checks", async () => {
  let reads = 0;
  const changing = {
    get sub() {
      return ++reads === 1 ? "me" : "somebody else";
    },
  };
  const issued = await issueToken(changing, OPTIONS);
  assertEquals([issued.subject, decodeJwt(issued.token).sub], ["me", "me"]);
  assertEquals(await codeOf({ sub: "u", toJSON: () => ({ sub: "u", exp: 9 }) }), "CLAIMS_RESERVED");
  assertEquals(await codeOf({ sub: new Date(NaN) }), "CLAIMS_SUBJECT_INVALID");
});

Deno.test("a token may have 8 KB and no byte more", async () => {
  // Base64url has no text of 4n + 1 characters, so that one `kid` alone may miss the limit.
  const sizes: number[] = [];
  for (const kid of ["a", "ab", "abc"]) {
    const options = { ...OPTIONS, key: { ...OPTIONS.key, kid } };
    const empty = (await issueToken({ sub: "u", text: "" }, options)).token.length;
    for (let length = Math.floor((8192 - empty) * 3 / 4) - 3, code = ""; code === ""; length++) {
      try {
        sizes.push((await issueToken({ sub: "u", text: "x".repeat(length) }, options)).token.length);
      } catch (error) {
        code = error instanceof PowerSyncAuthError ? error.code : `${error}`;
        assertEquals(code, "TOKEN_TOO_LARGE");
      }
    }
  }
  assertEquals(Math.max(...sizes), 8192);
});
