import { assertEquals, assertMatch } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { type Reply, SILENCE } from "../support/http_stand_in.ts";
import { claimsOf, projectKeys, PUBLISHABLE_KEY, signLegacyToken, USER_ID } from "../support/project.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";
import { assertFinds, type Expected, NOW } from "./user_token.ts";

const { ES256, RS256 } = projectKeys;
const stranger = await makeKey("ES256", "stranger");

/** A project's Supabase Auth, and its tokens. */
class Project extends AuthStandIn {
  readonly options = { project: this.url, publishableKey: PUBLISHABLE_KEY };

  token(claims: Record<string, unknown> = {}): Promise<string> {
    return sign(claimsOf(this.url, claims), { key: ES256 });
  }

  legacyToken(claims: Record<string, unknown> = {}): Promise<string> {
    return signLegacyToken(claimsOf(this.url, claims));
  }

  async finds(token: string | Promise<string>, ids: string, { options, ...expected }: Expected = {}) {
    return await assertFinds(await token, ids, { ...expected, options: { ...this.options, ...options } });
  }
}

function withProject(name: string, test: (project: Project) => Promise<void>): void {
  Deno.test(name, async () => {
    await using project = new Project([ES256.publicJwk, RS256.publicJwk]);
    await test(project);
  });
}

withProject(
  "a good token of a Supabase user is accepted, with and without a published key",
  async (project) => {
    for (const token of [await project.token(), await project.legacyToken()]) {
      const seen = /accepts it.*the user "5c7a6c0e/;
      const [kind] = await project.finds(token, "accepted", { status: "passed", seen });
      assertMatch(kind?.seen ?? "", /^This is the access token of a user from Supabase Auth/);
    }
  },
);

withProject("without an API key, Supabase Auth is asked no question", async (project) => {
  const options = { publishableKey: undefined };
  await project.finds(project.token(), "skipped", {
    options,
    variables: { POWERSYNC_SESSION_CHECK: "server" },
    status: "skipped",
    seen: /are "project-ec", "project-rsa"\. Supabase Auth was not asked: no publishable key/,
  });
  const seen = /legacy secret \(HS256\), which only Supabase Auth itself can check/;
  await project.finds(project.legacyToken(), "skipped", { options, status: "skipped", seen });
  assertEquals(project.calls.user, 0);
});

withProject("each setting for Supabase users is compared, and its new value heals", async (project) => {
  const issuer = `${project.url}/auth`;
  const cases: readonly (readonly [
    claims: Record<string, unknown>,
    variables: Record<string, string>,
    set: Record<string, string>,
    seen: RegExp,
  ])[] = [
    [
      { aud: "app" },
      {},
      { POWERSYNC_USER_AUDIENCE: "app" },
      /`aud` is "app", and POWERSYNC_USER_AUDIENCE is "authenticated"/,
    ],
    [
      {},
      { POWERSYNC_USER_ISSUER: "https://old.example.com/auth/v1" },
      { POWERSYNC_USER_ISSUER: `${issuer}/v1` },
      /and POWERSYNC_USER_ISSUER is "https:\/\/old\.example\.com\/auth\/v1"/,
    ],
    [{ iss: issuer }, {}, { POWERSYNC_USER_ISSUER: issuer }, /its path must end in \/auth\/v1/],
    [
      { client_id: "c2" },
      { POWERSYNC_OAUTH_CLIENTS: "c1" },
      { POWERSYNC_OAUTH_CLIENTS: "c1,c2" },
      /"c2".*POWERSYNC_OAUTH_CLIENTS is "c1"/,
    ],
    [{ client_id: "c2" }, {}, { POWERSYNC_OAUTH_CLIENTS: "c2" }, /POWERSYNC_OAUTH_CLIENTS is not set/],
  ];
  for (const [claims, variables, set, seen] of cases) {
    const [, name = ""] = /_(?:USER_)?(AUDIENCE|ISSUER|OAUTH_CLIENT)/.exec(Object.keys(set).join()) ?? [];
    const ids = `${name.toLowerCase().replace("_", "-")} accepted`;
    await project.finds(project.token(claims), ids, {
      variables,
      set,
      seen,
      heals: project.url,
    });
  }
});

withProject("a token with several differences shows them all", async (project) => {
  const past = { iat: NOW() - 7_200, exp: NOW() - 3_600 };
  const token = project.token({ ...past, aud: "app", client_id: "c" });
  const checks = await project.finds(token, "audience oauth-client expired accepted");
  assertMatch(checks.map(({ seen }) => seen).join(), /expired 1 hour ago.*Nothing else differs/);
  // Nothing is said about what Supabase Auth answers to an expired token.
  await project.finds(project.legacyToken(past), "expired");
});

withProject("keys that differ are named on both sides", async (project) => {
  const signedAs = (kid: string) => sign(claimsOf(project.url), { key: stranger, header: { kid } });
  const expected = {
    seen: /"stranger" \("ES256"\).*live keys at .*jwks\.json" are "project-ec", "project-rsa"/,
    hint: /Sign in again at this project/,
  };
  await project.finds(signedAs("stranger"), "auth-refused", expected);
  const options = { publishableKey: undefined };
  await project.finds(signedAs("stranger"), "key-unknown", { options, ...expected });
  await project.finds(signedAs("project-ec"), "signature");
  await project.finds(signedAs("project-rsa"), "algorithm");
  const legacy = signLegacyToken(claimsOf(project.url), "x".repeat(40));
  await project.finds(legacy, "auth-refused", { seen: /legacy secret \(HS256\)/ });
});

withProject("what a Supabase user's token lacks is told", async (project) => {
  const cases: readonly (readonly [ids: string, claims: Record<string, unknown>, seen: RegExp])[] = [
    ["subject", { sub: "42" }, /`sub` is "42".*UUID/],
    ["subject", { sub: undefined }, /`sub` is missing/],
    ["role", { role: "service_role" }, /`role` is "service_role"/],
    ["audience", { aud: undefined }, /`aud` is missing/],
    ["audience", { aud: "$(reboot)" }, /`aud` is "\$\(reboot\)"/],
    ["times", { exp: "soon" }, /`exp` is "soon", not a number/],
    ["not-yet-valid accepted", { nbf: NOW() + 30 }, /in (29|30) seconds/],
    ["in-milliseconds accepted", { iat: NOW() * 1000, exp: (NOW() + 300) * 1000 }, /in milliseconds/],
  ];
  for (const [ids, claims, seen] of cases) {
    const checks = await project.finds(project.token(claims), ids, { seen, hint: /./ });
    assertEquals(checks.filter(({ change }) => change !== undefined), []);
  }
});

withProject("what became of the user or session is told in Supabase Auth's words", async (project) => {
  const fates = {
    "signed-out": "session-ended",
    "deleted": "user-deleted",
    "banned": "user-banned",
  } as const;
  for (const fate of ["signed-out", "deleted", "banned"] as const) {
    project.fate = fate;
    await project.finds(project.legacyToken(), `auth-${fates[fate]}`);
  }
});

withProject("a server that cannot be asked is not the token's fault", async (project) => {
  const [token, legacy] = [await project.token(), await project.legacyToken()];
  const skipped = (reply: (() => Reply) | undefined, token: string, seen: RegExp, options = {}) => {
    project.fail(reply);
    return project.finds(token, "skipped", { options, status: "skipped", seen });
  };
  await skipped(() => authError(500, "unexpected_failure"), legacy, /./);
  await skipped(undefined, legacy, /refused the API key/, { publishableKey: "sb_publishable_wrong" });
  await skipped(() => SILENCE, token, /No answer within 0\.1 s/, { timeoutMs: 100 });
  const moved = () => Response.redirect("http://127.0.0.1:9/keys");
  await skipped(moved, token, /answered 302\. The functions do not follow redirects/);
  await project.stop();
  await skipped(undefined, token, /The connection was refused/);
  project.start();
  const nowhere = await sign(claimsOf("https://auth.example.com"), { key: ES256 });
  await skipped(undefined, nowhere, /The project is not known/, { project: undefined });
});

withProject("what is not a user's token is told, and nobody is asked", async (project) => {
  const by = (claims: Record<string, unknown>) =>
    sign({ iat: NOW(), exp: NOW() + 300, ...claims }, { key: stranger });
  const user = await project.token();
  const cases: readonly (readonly [ids: string, token: string, hint: RegExp])[] = [
    ["is-functions", await by({ iss: "powersync-auth", sub: "u" }), /makes a PowerSync token from a user's/],
    ["is-publishable-key", PUBLISHABLE_KEY, /`apikey` header/],
    ["is-secret-key", "sb_secret_0123456789", /never put it in an app/],
    ["is-publishable-key", await by({ iss: "supabase", role: "anon" }), /`apikey` header/],
    [
      "is-supabase-id-token",
      await by({ iss: `${project.url}/auth/v1`, sub: USER_ID, aud: "c" }),
      /Send the access token/,
    ],
    [
      "is-supabase-other-project",
      await by(claimsOf("https://abcdefghijklmnopqrst.supabase.co")),
      /Sign in at this project/,
    ],
    ["is-encrypted", "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA", /`audience`/],
    ["is-opaque", "k7zq3bwtw2xh", /refresh token/],
    ["is-cut", user.slice(0, -4), /Copy the whole/],
    ["is-cut", unsigned({ alg: "none" }, claimsOf(project.url)), /Copy the whole/],
    ["is-not-a-token", "", /Sign in/],
    ["malformed", `${user}=`, /Copy the whole/],
    ["malformed", user.replace(".", ".\n"), /Copy the whole/],
  ];
  for (const [ids, token, hint] of cases) await project.finds(token, ids, { hint });
  assertEquals(project.calls, { jwks: 0, user: 0 });
});
