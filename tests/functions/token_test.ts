/** That PowerSync accepts whatever is signed is in own_output_test.ts. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { type ErrorCode, PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type Credentials, tokenIssuer } from "../../supabase/functions/_shared/powersync/token.ts";
import { base64, POWERSYNC_URL } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const first = await makeKey("ES256", "first");
const second = await makeKey("ES256", "second");
const POWERSYNC_PRIVATE_KEY = base64(first.privateJwk);
const CLAIMS = { sub: "u" };
/** Seconds since 1970. */
const START = 1_800_000_000;

/** An issuer whose clock and environment a test can change. */
function startIssuer(environment: Record<string, string> = {}) {
  const logged: PowerSyncAuthError[] = [];
  const state = { ms: START * 1000, reads: 0, environment: { POWERSYNC_PRIVATE_KEY, ...environment } };
  const respond = tokenIssuer({
    environment: () => {
      state.reads += 1;
      return { POWERSYNC_URL, ...state.environment };
    },
    now: () => state.ms,
    log: (error) => void logged.push(error),
  });
  const issue = async (claims: unknown = CLAIMS): Promise<Credentials> =>
    JSON.parse(await respond(() => claims));
  const codeOf = async (claims: unknown) =>
    (await assertRejects(() => respond(() => claims), PowerSyncAuthError)).code;
  return { state, issue, codeOf, logged };
}

Deno.test("header, times and claims are exactly those of the contract, from one clock in whole seconds", async () => {
  const { state, issue } = startIssuer();
  state.ms += 999;
  const { token, ...rest } = await issue({ sub: "user", team: "blue" });
  assertEquals(decodeProtectedHeader(token), { alg: "ES256", kid: "first", typ: "JWT" });
  const [iss, aud, iat, exp] = ["powersync-auth", POWERSYNC_URL, START, START + 300];
  assertEquals(decodeJwt(token), { sub: "user", team: "blue", iss, aud, iat, exp });
  assertEquals(rest, {
    powersync_url: POWERSYNC_URL,
    endpoint: POWERSYNC_URL,
    user_id: "user",
    expires_at: "2027-01-15T08:05:00.000Z",
  });
});

const circular: Record<string, unknown> = { sub: "u" };
circular.self = circular;
const NOT_SUBJECTS = [
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
  [],
];

/** What claims.ts must not return. */
const FAULTS: Partial<Record<ErrorCode, readonly unknown[]>> = {
  // Even where it would change nothing.
  CLAIMS_RESERVED: [
    ...["iss", "aud", "exp", "iat", "nbf", "jti"].map((name) => ({ sub: "u", [name]: null })),
    { sub: "u", toJSON: () => ({ sub: "u", exp: 9 }) },
  ],
  CLAIMS_SUBJECT_INVALID: [...NOT_SUBJECTS.map((sub) => ({ sub })), {}, { sub: new Date(NaN) }],
  // PowerSync refuses anything but an object.
  CLAIMS_PARAMETERS_INVALID: [null, [], "x", 1, true].map((parameters) => ({ sub: "u", parameters })),
  CLAIMS_NOT_AN_OBJECT: [null, undefined, "u", 1, [], [{ sub: "u" }], () => {}, Symbol()],
  CLAIMS_NOT_JSON: [{ sub: "u", big: 1n }, circular, { sub: "u", toJSON: () => JSON.parse("{") }],
};

for (const [code, faults] of Object.entries(FAULTS)) {
  Deno.test(`${code}: claims that are such a fault are refused`, async () => {
    const { codeOf } = startIssuer();
    for (const [number, claims] of faults.entries()) {
      assertEquals([number, await codeOf(claims)], [number, code]);
    }
  });
}

Deno.test("a subject is any other text, and absent parameters are left out", async () => {
  const { issue } = startIssuer();
  for (const sub of ["0", " ", "org|user", "ä€😀", "auth0|5c7a"]) {
    const { token, user_id } = await issue({ sub, parameters: undefined });
    assertEquals([decodeJwt(token).sub, user_id], [sub, sub]);
    assertEquals("parameters" in decodeJwt(token), false);
  }
});

Deno.test("what is checked is what is signed: no getter gets another value past the checks", async () => {
  let reads = 0;
  const changing = {
    get sub() {
      return ++reads === 1 ? "me" : "somebody else";
    },
  };
  const { token, user_id } = await startIssuer().issue(changing);
  assertEquals([user_id, decodeJwt(token).sub], ["me", "me"]);
});

Deno.test("a token may have 8 KB and no byte more", async () => {
  // Base64url has no text of 4n + 1 characters, so that one `kid` alone may miss the limit.
  const sizes: number[] = [];
  for (const kid of ["a", "ab", "abc"]) {
    const { issue } = startIssuer({ POWERSYNC_PRIVATE_KEY: base64({ ...first.privateJwk, kid }) });
    const empty = (await issue({ sub: "u", text: "" })).token.length;
    for (let length = Math.floor((8192 - empty) * 3 / 4) - 3, code = ""; code === ""; length++) {
      try {
        sizes.push((await issue({ sub: "u", text: "x".repeat(length) })).token.length);
      } catch (error) {
        code = error instanceof PowerSyncAuthError ? error.code : `${error}`;
        assertEquals(code, "TOKEN_TOO_LARGE");
      }
    }
  }
  assertEquals(Math.max(...sizes), 8192);
});

Deno.test("settings and keys are read once, by whichever of the first calls comes first", async () => {
  const { state, issue } = startIssuer();
  await Promise.all([issue(), issue(), issue()]);
  const { reads } = state;
  state.environment = { POWERSYNC_PRIVATE_KEY: "" };
  await issue();
  assertEquals([reads, state.reads], [2, 2]);
});

Deno.test("a configuration that failed is read again by the next call", async () => {
  const { state, issue, codeOf } = startIssuer({ POWERSYNC_PRIVATE_KEY: "" });
  assertEquals(await codeOf(CLAIMS), "POWERSYNC_PRIVATE_KEY_MISSING");
  state.environment = { POWERSYNC_PRIVATE_KEY };
  assertEquals((await issue()).user_id, "u");
});

Deno.test("the signing key changes when its time comes, in an isolate that has long been running", async () => {
  const { state, issue } = startIssuer({
    POWERSYNC_PRIVATE_KEY_2: base64({ ...second.privateJwk, nbf: START + 60 }),
  });
  const kid = async () => decodeProtectedHeader((await issue()).token).kid;
  state.ms += 59_999;
  assertEquals(await kid(), "first");
  // The same claims, a millisecond later: a token is never reused beyond its key.
  state.ms += 1;
  assertEquals(await kid(), "second");
});

Deno.test("a key that was left out is logged once, and a failure is not logged twice", async () => {
  const { issue, logged } = startIssuer({ POWERSYNC_PRIVATE_KEY_OLD: "broken" });
  await issue();
  await issue({ sub: "other" });
  const lines = logged.map(({ code, why }) => [code, why?.reason]);
  assertEquals(lines, [["KEY_MALFORMED", "POWERSYNC_PRIVATE_KEY_OLD"]]);
  const failing = startIssuer({ POWERSYNC_PRIVATE_KEY: "broken" });
  assertEquals(await failing.codeOf(CLAIMS), "KEY_MALFORMED");
  assertEquals(failing.logged, [], "the HTTP layer logs what it answers");
});

Deno.test("the same claims get the same token for 15 seconds and no longer", async () => {
  const { state, issue } = startIssuer();
  const { token } = await issue();
  for (const [ms, same] of [[1, true], [14_998, true], [1, true], [1, false]] as const) {
    state.ms += ms;
    assertEquals([state.ms, (await issue()).token === token], [state.ms, same]);
  }
  state.ms -= 60_000;
  const earlier = await issue();
  assertEquals(decodeJwt(earlier.token).iat, START - 45, "a clock that is set back ends the reuse");
});

Deno.test("with a short lifetime a token is reused for 5 % of it, with a long one for no more than 15 seconds", async () => {
  for (const [POWERSYNC_TOKEN_TTL, seconds] of [["60", 3], ["100", 5], ["86400", 15]] as const) {
    const { state, issue } = startIssuer({ POWERSYNC_TOKEN_TTL });
    const { token } = await issue();
    state.ms += seconds * 1000;
    assertEquals((await issue()).token, token);
    state.ms += 1;
    assert((await issue()).token !== token);
  }
});

Deno.test("concurrent requests with the same claims share one signature, and a failure is not kept", async () => {
  const { state, issue, codeOf } = startIssuer();
  await issue();
  let ms = state.ms + 60_000;
  // Each reading of the clock is a second later, so two signatures would have two times.
  Object.defineProperty(state, "ms", { get: () => ms += 1_000 });
  const tokens = await Promise.all(Array.from({ length: 5 }, async () => (await issue()).token));
  assertEquals(new Set(tokens).size, 1);
  const bad = { sub: "" };
  assertEquals(await Promise.all([codeOf(bad), codeOf(bad)]), Array(2).fill("CLAIMS_SUBJECT_INVALID"));
  assertEquals(await codeOf(bad), "CLAIMS_SUBJECT_INVALID");
});

Deno.test("other claims never get the token of an earlier caller", async () => {
  const { issue } = startIssuer();
  const subjects = await Promise.all(["a", "b", "a", "c"].map(async (sub) => (await issue({ sub })).user_id));
  assertEquals(subjects, ["a", "b", "a", "c"]);
  const [one, two] = [await issue({ sub: "a", plan: "free" }), await issue({ sub: "a", plan: "pro" })];
  assertEquals([decodeJwt(one.token).plan, decodeJwt(two.token).plan], ["free", "pro"]);
});
