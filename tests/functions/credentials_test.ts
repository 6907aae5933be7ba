import { assertEquals, assertRejects } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import {
  type Credentials,
  credentialsIssuer,
  shareBriefly,
} from "../../supabase/functions/_shared/powersync/credentials.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { base64, logged, POWERSYNC_URL } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const first = await makeKey("ES256", "first");
const second = await makeKey("ES256", "second");
/** Seconds since 1970. */
const START = 1_800_000_000;

function issuer(environment: Record<string, string>) {
  const state = { ms: START * 1000, reads: 0, environment };
  const issue = credentialsIssuer({
    environment: () => {
      state.reads += 1;
      return { POWERSYNC_URL, ...state.environment };
    },
    now: () => state.ms,
    logContext: () => ({ name: "test", executionId: "run-1" }),
  });
  return { state, issue: () => issue(() => ({ sub: "u" })) };
}

function credentials(expiresAtMs: number): Credentials {
  const expires_at = new Date(expiresAtMs).toISOString();
  return { token: `${expiresAtMs}`, powersync_url: "", endpoint: "", user_id: "", expires_at };
}

Deno.test("settings and keys are read once, by whichever of the first calls comes first", async () => {
  const { state, issue } = issuer({ POWERSYNC_PRIVATE_KEY: base64(first.privateJwk) });
  await Promise.all([issue(), issue(), issue()]);
  const { reads } = state;
  state.environment = {};
  await issue();
  assertEquals([reads, state.reads], [2, 2]);
});

Deno.test("a configuration that failed is read again by the next call", async () => {
  const { state, issue } = issuer({});
  assertEquals((await assertRejects(issue, PowerSyncAuthError)).code, "POWERSYNC_PRIVATE_KEY_MISSING");
  state.environment = { POWERSYNC_PRIVATE_KEY: base64(first.privateJwk) };
  assertEquals((await issue()).user_id, "u");
});

Deno.test("the signing key changes when its time comes, in an isolate that has long been running", async () => {
  const { state, issue } = issuer({
    POWERSYNC_PRIVATE_KEY: base64(first.privateJwk),
    POWERSYNC_PRIVATE_KEY_2: base64({ ...second.privateJwk, nbf: START + 60 }),
  });
  const kid = async () => decodeProtectedHeader((await issue()).token).kid;
  state.ms += 59_999;
  assertEquals(await kid(), "first");
  state.ms += 1;
  assertEquals(await kid(), "second");
});

Deno.test("expires_at is the token's exp in ISO 8601, from the clock that is given", async () => {
  const { issue } = issuer({ POWERSYNC_PRIVATE_KEY: base64(first.privateJwk), POWERSYNC_TOKEN_TTL: "60" });
  const { token, expires_at } = await issue();
  assertEquals([decodeJwt(token).iat, decodeJwt(token).exp], [START, START + 60]);
  assertEquals(expires_at, "2027-01-15T08:01:00.000Z");
});

Deno.test("a key that was left out is logged once, and a failure is not logged twice", async () => {
  const { issue } = issuer({
    POWERSYNC_PRIVATE_KEY: base64(first.privateJwk),
    POWERSYNC_PUBLIC_KEY_OLD: "broken",
  });
  const lines = await logged(async () => {
    await issue();
    await issue();
  });
  assertEquals(lines.map((line) => line.split(" ").slice(0, 3)), [[
    "test",
    "KEY_MALFORMED",
    "execution_id=run-1",
  ]]);
  const failing = issuer({ POWERSYNC_PRIVATE_KEY: "broken" });
  const none = await logged(async () => {
    assertEquals((await assertRejects(failing.issue, PowerSyncAuthError)).code, "KEY_MALFORMED");
  });
  assertEquals(none, [], "the HTTP layer logs what it answers");
});

Deno.test("shared credentials are renewed at the last moment at which 95 % of the lifetime are left", async () => {
  const state = { ms: START * 1000 + 900, issued: 0 };
  const shared = shareBriefly(() => {
    state.issued += 1;
    return Promise.resolve(credentials(Math.floor(state.ms / 1000) * 1000 + 300_000));
  }, () => state.ms);
  const json = await shared();
  state.ms = START * 1000 + 14_999;
  assertEquals([await shared(), state.issued], [json, 1]);
  state.ms = START * 1000 + 15_000;
  await shared();
  assertEquals(state.issued, 2);
});

Deno.test("time that making them took is not given away", async () => {
  const state = { ms: START * 1000, issued: 0 };
  const shared = shareBriefly(() => {
    state.issued += 1;
    const made = credentials(state.ms + 300_000);
    state.ms += 20_000;
    return Promise.resolve(made);
  }, () => state.ms);
  await shared();
  await shared();
  assertEquals(state.issued, 2);
});

Deno.test("concurrent calls share what is being made, a failure too, but the next call tries again", async () => {
  let issued = 0;
  const shared = shareBriefly(() => {
    issued += 1;
    return issued === 1
      ? Promise.reject(new Error("once"))
      : Promise.resolve(credentials(START * 1000 + 300_000));
  }, () => START * 1000);
  const outcomes = await Promise.allSettled([shared(), shared()]);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  await Promise.all([shared(), shared()]);
  assertEquals(issued, 2);
});
