/** What the doctor says of tokens: those that are given, those of the functions, and one that it signs itself. */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { decodeJwt } from "jose";
import { deployedKey, type Deployment, serviceError, withDeployment } from "../support/deployment.ts";
import { startIssuer } from "../support/issuer.ts";
import { base64, SECRET_KEY, USER_ID } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import {
  ACCEPTS,
  all,
  fileOf,
  type Found,
  inEnvironment,
  json,
  look,
  NOW,
  otherKey,
  service,
  type SetUp,
  testSetUp,
  tokenFor,
  withFile,
} from "./examination.ts";

/** One RSA key that its JWKS states for RS256, and that signs with RS512 as well. */
const rsa = await makeKey("RS512", "rsa");
const pss = await makeKey("PS256", deployedKey.kid);

/** A token is given, and nothing else but the JWKS' address is known. */
const given = (token: (deployment: Deployment) => string | Promise<string>): SetUp => async (deployment) => ({
  project: undefined,
  publishableKey: undefined,
  userToken: undefined,
  jwksUrl: `${deployment.url}/functions/v1/powersync-jwks`,
  audiences: [deployment.powersync],
  token: await token(deployment),
});
const claims = (changes: Record<string, unknown>) => given((deployment) => tokenFor(deployment, changes));
const signed = (key: typeof rsa, header = {}) =>
  given((deployment) => tokenFor(deployment, {}, { key, header }));
const withRsa: SetUp = (deployment) => {
  const keys = [deployedKey.publicJwk, { ...rsa.publicJwk, alg: "RS256" }];
  deployment.instead["powersync-jwks"] = json({ keys });
};

const ago = (seconds: number) => Math.floor(NOW()) - seconds;
const S2101 = { code: "PSYNC_S2101" };
const S2105 = { code: "PSYNC_S2105" };
const WARNING = { status: "warning", code: undefined } as const;

/** What is found first, and the set-up. */
const CASES: readonly (readonly [first: string, setUp: SetUp, found?: Found])[] = [
  ["token aud-accepted", claims({ aud: "https://a.example/" }), S2105],
  ["token aud-present", claims({ aud: undefined }), S2105],
  ["token lifetime", claims({ exp: ago(-90_000) }), { code: "PSYNC_S2104" }],
  ["token exp-not-passed", claims({ iat: ago(900), exp: ago(600) }), { code: "PSYNC_S2103" }],
  ["token token-is-unpublished-key", signed(deployedKey, { kid: "nobody" }), S2101],
  ["token signature", signed(otherKey, { kid: deployedKey.kid }), S2101],
  ["token sub-text", claims({ sub: 42 }), WARNING],
  ["token iss-not-supabase", claims({ iss: "https://x.supabase.co" }), WARNING],
  ["token token-is-not-a-token", given(() => "a.b"), S2101],
  ["token token-size", claims({ text: "x".repeat(17_000) }), { code: "HTTP 431" }],
  ["token key-algorithm", all(withRsa, signed(rsa)), S2101],
  ["token token-algorithm", signed(pss), S2101],
  // Where no audience is known, `aud` is not compared, and that is said.
  ["", all(claims({ aud: "anything" }), () => ({ audiences: [] })), {
    also: /^token undefined: .*--audience/m,
  }],
  // The file for this computer says nothing about what is elsewhere.
  [
    "key-secrets POWERSYNC_PRIVATE_KEY_MISSING",
    all(given(tokenFor), () => ({
      file: {
        path: "supabase/functions/.env",
        local: true,
        variables: { POWERSYNC_URL: "http://127.0.0.1:1" },
      },
      jwksUrl: "http://project.invalid/jwks",
      audiences: [],
    })),
    { also: /^token undefined: No JWKS was given/m },
  ],
  // White space in a token is a fault of its own, and the rest is still checked.
  [
    "token token-header",
    all(service(ACCEPTS), async (deployment) => {
      const good = await tokenFor(deployment);
      return { token: `${good.slice(0, 50)} ${good.slice(50)}` };
    }),
    { code: "PSYNC_S2106", also: /^powersync undefined: It accepts the token that was given/m },
  ],
  // An instance is not asked with a token that cannot be a header.
  [
    "token token-is-not-a-token",
    all(given(() => "a.b\n.c"), service(ACCEPTS)),
    { also: /^powersync undefined: No token to ask it with/m },
  ],
  // A project's token is compared with where its functions send clients.
  ["", async (deployment) => ({ token: await tokenFor(deployment) })],
  [
    "token aud-accepted",
    async (deployment) => ({ token: await tokenFor(deployment, { aud: `${deployment.powersync}/` }) }),
  ],

  // The functions' tokens. An audience that the instance accepts is right, whatever the file says.
  ["", all(inEnvironment({ POWERSYNC_AUDIENCE: "my-app" }), service(ACCEPTS))],
  [
    "function-token audience-other",
    all(
      inEnvironment({ POWERSYNC_AUDIENCE: "my-app" }),
      service(() => serviceError("PSYNC_S2105")),
      withFile(),
    ),
  ],
  // An anonymous sign-in goes through supabase-js.
  [
    "",
    (deployment) => {
      deployment.instead["/auth/v1/signup"] = json({
        access_token: deployment.userToken,
        refresh_token: "refresh",
        token_type: "bearer",
        expires_in: 3600,
        user: { id: USER_ID, aud: "authenticated" },
      });
      return { userToken: undefined, signInAnonymously: true };
    },
    {
      also: new RegExp(
        `^sign-in undefined: It created the user "${USER_ID}", which stays in the project`,
        "m",
      ),
    },
  ],
  // A user's token is as old as the servers' clock says, not this computer's.
  [
    "clocks clock-unknown",
    (deployment) => {
      const Date = new globalThis.Date().toUTCString();
      deployment.instead["powersync-jwks"] = json({ keys: [deployedKey.publicJwk] }, { headers: { Date } });
      return { now: () => NOW() + 7200 };
    },
    WARNING,
  ],
];

for (const [number, [first, setUp, found]] of CASES.entries()) {
  testSetUp(`${first || "nothing"} is found first of a token (case ${number})`, first, setUp, found);
}

const INSTANCE = "https://x.example.com";
const key = await makeKey("ES256", "powersync-0123456789");

/** Without a deployment: a file, a token for an audience, and whether that is one of PowerSync's. */
for (
  const [variables, aud, options, isAccepted] of [
    [{ POWERSYNC_AUDIENCE: "first, second" }, "second", {}, true],
    [{ POWERSYNC_AUDIENCE: "first, second" }, INSTANCE, {}, false],
    // --audience wins over the file's.
    [{ POWERSYNC_AUDIENCE: "first" }, "third", { audiences: ["third"] }, true],
  ] as const
) {
  testSetUp(
    `the audience ${aud} ${isAccepted ? "is" : "is not"} accepted with ${
      JSON.stringify([variables, options])
    }`,
    isAccepted ? "" : "token aud-accepted",
    async () => ({
      project: undefined,
      publishableKey: undefined,
      userToken: undefined,
      file: {
        path: ".env.production",
        local: false,
        variables: { POWERSYNC_PRIVATE_KEY: base64(key.privateJwk), POWERSYNC_URL: INSTANCE, ...variables },
      },
      token: await tokenFor({ powersync: aud }, {}, { key }),
      ...options,
    }),
    isAccepted ? {} : S2105,
  );
}

Deno.test("the deployed function decides about a provider that the file does not name", async () => {
  await using provider = await startIssuer("RS256");
  const listed = (audience: string) => ({
    POWERSYNC_IDENTITY_PROVIDERS: base64([{ issuer: provider.issuer, audience }]),
  });
  const userToken = await provider.sign({ sub: "u", aud: "api" });
  await withDeployment(async (deployment) => {
    const first = async (variables: Record<string, string>) => {
      const checks = await look(deployment, { userToken, file: fileOf(deployment, variables) });
      return checks.find(({ status }) => status === "failed") ??
        checks.find(({ status }) => status !== "passed");
    };
    const unknown = await first({});
    assertEquals([unknown?.status, unknown?.cause], ["failed", "user-token-provider-not-in-file"]);
    assert(unknown?.change?.set?.POWERSYNC_IDENTITY_PROVIDERS);
    const uploaded = await first(listed("api"));
    assertEquals([uploaded?.id, uploaded?.cause], ["powersync-auth", "settings-not-deployed"]);

    Object.assign(deployment.environment, listed("api"));
    assertEquals(await first({}), undefined);
    const differs = await first(listed("other"));
    assertEquals([differs?.status, differs?.cause], ["warning", "user-token-audience"]);
  });
});

Deno.test("an instance is never given a secret, nor what is not a JWT", async () => {
  await withDeployment(async (deployment) => {
    let asked = "";
    deployment.service = ({ headers }) => {
      asked = headers.get("Authorization") ?? "";
      return ACCEPTS();
    };
    const legacy = await sign({ role: "service_role", ref: "abc" }, { key: otherKey });
    for (const token of [SECRET_KEY, legacy, base64(otherKey.privateJwk), "k7zq3bwtw2xh"]) {
      await look(deployment, { token, powersync: deployment.powersync });
      assert(asked.startsWith("Token ey"));
      assertFalse(asked.includes(token));
    }
  });
});

Deno.test("a server's clock does not make the doctor sign a token for a time that is far away", async () => {
  await withDeployment(async (deployment) => {
    let sent = "";
    deployment.service = ({ headers }) => {
      sent = headers.get("Authorization") ?? "";
      return ACCEPTS();
    };
    for (const [ahead, signedAhead] of [[100 * 365 * 86_400, 0], [3_600, 3_600]] as const) {
      const date = new Date((NOW() + ahead) * 1000).toUTCString();
      deployment.instead["powersync-jwks"] = json({ keys: [] }, { headers: { Date: date } });
      deployment.instead["powersync-auth-anonymous"] = () => new Response(null, { status: 500 });
      const { powersync } = deployment;
      await look(deployment, { file: fileOf(deployment), powersync, userToken: undefined });
      const { exp = 0 } = decodeJwt(sent.replace("Token ", ""));
      assert(Math.abs(exp - (NOW() + signedAhead + 60)) < 5, `it ends ${exp - NOW()} s from now`);
    }
  });
});

Deno.test("no token goes to a public host without TLS", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, {
      jwksUrl: `${deployment.url}/functions/v1/powersync-jwks`,
      project: "http://project.example.com",
      powersync: "http://sync.example.com",
    });
    const skipped = checks.filter(({ status }) => status === "skipped").map((
      { id, seen },
    ) => [id, /without TLS/.test(seen)]);
    assertEquals(skipped, [["functions", true], ["powersync", true]]);
    assertFalse(checks.some(({ id }) => id.startsWith("powersync-auth")));
  });
});
