/** Statuses and codes as CONTRACT.md measured them of Supabase Auth, and where each comes from. */
import { assertEquals, assertMatch } from "@std/assert";
import { decodeProtectedHeader } from "jose";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";
import { DEVELOPMENT_PUBLISHABLE_KEY, DEVELOPMENT_SECRET_KEY } from "../../scripts/setup/platform.ts";
import { answer, authOutcome } from "../support/answer.ts";
import { errorOf, makeAccount, signUp, startDevAuth } from "../support/dev_auth.ts";
import { LEGACY_SECRET, signLegacyToken } from "../support/project.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";

Deno.test("GET /user refuses every token that is not this Auth's with 403 bad_jwt", async () => {
  const clock = { ms: Date.now() };
  await using dev = await startDevAuth({ now: () => clock.ms });
  const { token, claims } = await signUp(dev);
  const outcomeOf = async (bearer: string) =>
    await authOutcome(await dev.ask("/user", { headers: { Authorization: `Bearer ${bearer}` } }));
  assertEquals(await outcomeOf(token), "200 null");
  const { kid = "" } = decodeProtectedHeader(token);
  const [header = "", , signature = ""] = token.split(".");
  const edited = btoa(JSON.stringify({ ...claims, sub: crypto.randomUUID() })).replace(/=+$/, "");
  const foreign = await startDevelopmentAuth(dev.url);
  const signedUp = await foreign.handle(
    new Request(`${dev.url}/signup`, {
      method: "POST",
      headers: { apikey: DEVELOPMENT_PUBLISHABLE_KEY },
      body: "{}",
    }),
  );
  const tokens = {
    "malformed": "a.b.c",
    "another Auth with the same address": (await signedUp.json()).access_token,
    "an edited claim": `${header}.${edited}.${signature}`,
    "an unknown kid": await sign(claims, { key: await makeKey("ES256", "unknown") }),
    "another key under a known kid": await sign(claims, { key: await makeKey("ES256", kid) }),
    "a shared secret": await signLegacyToken(claims, LEGACY_SECRET),
    "alg none": unsigned({ alg: "none" }, claims),
    "an API key": DEVELOPMENT_PUBLISHABLE_KEY,
    "the secret key": DEVELOPMENT_SECRET_KEY,
  };
  for (const [what, token] of Object.entries(tokens)) {
    assertEquals([what, await outcomeOf(token)], [what, "403 bad_jwt"]);
  }
  clock.ms += 3_601_000;
  assertEquals(await outcomeOf(token), "403 bad_jwt");
});

Deno.test("a missing or wrong API key is refused by the gateway in its own words, except for the JWKS", async () => {
  await using dev = await startDevAuth();
  const Authorization = `Bearer ${(await signUp(dev)).token}`;
  for (const path of ["/user", "/signup", "/token?grant_type=password", "/admin/users", "/otp"]) {
    for (const headers of [{ Authorization }, { Authorization, apikey: "sb_publishable_other" }]) {
      const response = await fetch(`${dev.url}${path}`, {
        method: path === "/user" ? "GET" : "POST",
        headers,
      });
      assertEquals(response.headers.get("x-sb-error-code"), null);
      assertEquals(await answer(response), {
        status: 401,
        body: { message: "Invalid authentication credentials" },
      });
    }
  }
  assertEquals((await answer(await fetch(`${dev.url}/.well-known/jwks.json`))).status, 200);
});

Deno.test("a taken or bad address and a weak, empty or endless password are refused, each with its code", async () => {
  await using dev = await startDevAuth();
  const { password: usable } = makeAccount();
  await signUp(dev, makeAccount());
  for (
    const [email, password, expected] of [
      ["ADA@example.com", usable, "422 user_already_exists"],
      ["bob@example.com", "short", "422 weak_password"],
      ["bob@example.com", "", "400 validation_failed"],
      ["bob@example.com", "x".repeat(73), "400 validation_failed"],
      ["bob@example.com", "ä".repeat(37), "400 validation_failed"],
      ["bob", usable, "400 validation_failed"],
      [`${"b".repeat(250)}@example.com`, usable, "400 validation_failed"],
    ] as const
  ) {
    const { data, error } = await dev.connect().auth.signUp({ email, password });
    assertEquals([data.session, errorOf({ error })], [null, expected]);
  }
  const { error } = await dev.connect().auth.signUp({ email: "bob@example.com", password: "short" });
  assertEquals([error?.name, Object(error).reasons], ["AuthWeakPasswordError", ["length"]]);
});

for (
  const [what, path, body, expected] of [
    ["no JSON", "/signup", "{", "400 bad_json"],
    ["JSON that is not an object", "/signup", "[]", "400 bad_json"],
    ["an address that is not text", "/token?grant_type=password", `{"email":1}`, "400 bad_json"],
    ["metadata that are not an object", "/signup", `{"data":1}`, "400 bad_json"],
    ["no address", "/token?grant_type=password", "{}", "400 validation_failed"],
    ["an unknown grant", "/token?grant_type=pkce", "{}", "400 invalid_credentials"],
    ["no refresh token", "/token?grant_type=refresh_token", "{}", "400 refresh_token_not_found"],
    ["no access token", "/logout", "{}", "401 no_authorization"],
    ["an unknown path", "/users", "{}", "404 not_found"],
  ] as const
) {
  Deno.test(`a request with ${what} is refused with ${expected}`, async () => {
    await using dev = await startDevAuth();
    assertEquals(await authOutcome(await dev.ask(path, { method: "POST", body })), expected);
  });
}

Deno.test("a request with an unknown scope of sign-out is refused", async () => {
  await using dev = await startDevAuth();
  const headers = { Authorization: `Bearer ${(await signUp(dev)).token}` };
  const response = await dev.ask("/logout?scope=all", { method: "POST", headers });
  assertEquals(await authOutcome(response), "400 validation_failed");
});

Deno.test("what is not in the development Auth says so by name", async () => {
  await using dev = await startDevAuth();
  const { client: { auth } } = await signUp(dev);
  const { email, password } = makeAccount();
  const phone = "+10000000";
  const missing = [
    [auth.signUp({ phone, password }), "422 phone_provider_disabled", /phone/],
    [auth.signInWithPassword({ phone, password }), "422 phone_provider_disabled", /phone/],
    [auth.signInWithOtp({ email }), "422 otp_disabled", /one-time password/],
    [auth.verifyOtp({ email, token: "1", type: "email" }), "422 otp_disabled", /one-time password/],
    [auth.resend({ type: "signup", email }), "422 otp_disabled", /e-mail confirmation/],
    [auth.resetPasswordForEmail(email), "422 email_provider_disabled", /password reset/],
    [auth.mfa.enroll({ factorType: "totp" }), "422 mfa_totp_enroll_not_enabled", /MFA/],
  ] as const;
  for (const [answer, expected, name] of missing) {
    const { error } = await answer;
    assertEquals(errorOf({ error }), expected);
    assertMatch(`${error?.message}`, name);
    assertMatch(`${error?.message}`, /SUPABASE_URL/);
  }
});
