/**
 * Nothing of a key, a token, an environment value or an exception appears in an answer or a log: every failure that a
 * request or a secret can cause is caused, and every answer and log line is searched.
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { answer } from "../support/answer.ts";
import { bearer, environmentOf, type FunctionName, startFunctions } from "../support/functions.ts";
import { base64, PUBLISHABLE_KEY, signLegacyToken, userClaims } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const rsa = await makeKey("RS256", "marker-kid");
const ec = await makeKey("ES256", "marker-kid-2");
const userKey = await makeKey("ES256", "marker-user-kid");
const stranger = await makeKey("ES256", "marker-stranger-kid");

/** Fragments long enough not to occur by chance. */
function fragments(text: string): string[] {
  return text.length < 12 ? [text] : [text.slice(0, 12), text.slice(-12)];
}

const SETTINGS = [
  ...["POWERSYNC_URL", "POWERSYNC_TOKEN_TTL", "POWERSYNC_SESSION_CHECK", "POWERSYNC_AUDIENCE"],
  ...["POWERSYNC_OAUTH_CLIENTS", "POWERSYNC_IDENTITY_PROVIDERS"],
  ...["SUPABASE_URL", "SUPABASE_JWKS", "SUPABASE_PUBLISHABLE_KEYS"],
];

/** Environments in each of which something is wrong; every value has a mark, which must not show anywhere. */
function badEnvironments(good: Record<string, string>): Record<string, string>[] {
  const keys: unknown[] = [
    "marker: neither JSON nor base64",
    base64(rsa.privateJwk).slice(0, 600),
    rsa.publicJwk,
    { ...rsa.privateJwk, q: ec.privateJwk.d },
    { ...rsa.privateJwk, alg: "PS256" },
    { ...ec.privateJwk, d: userKey.privateJwk.d },
    { ...ec.privateJwk, x: userKey.privateJwk.x },
    { ...ec.privateJwk, kty: "marker-kty" },
    { kty: "oct", k: "marker-symmetric" },
    [rsa.privateJwk, ec.privateJwk],
    base64(base64(rsa.privateJwk)),
    `'${base64(rsa.privateJwk)}`,
    `OTHER=${base64(rsa.privateJwk)}`,
    JSON.stringify(rsa.privateJwk).replaceAll('"', "'"),
    "-----BEGIN PRIVATE KEY-----\nmarker\n-----END PRIVATE KEY-----",
    "sb_secret_marker_marker",
    "https://user:marker@marker.example/key",
    "/home/marker/key.json",
    "$(cat marker)",
  ];
  const values = keys.map((key) => typeof key === "string" ? key : base64(key));
  const wrong = (
    name: string,
  ) => ["marker value", '["marker"]', '"marker","marker"', "sb_secret_marker", `${name}=marker`];
  return [
    ...values.map((value) => ({ ...good, POWERSYNC_PRIVATE_KEY: value, POWERSYNC_PUBLIC_KEY: value })),
    { ...good, POWERSYNC_PRIVATE_KEY: "", POWERSYNC_PUBLIC_KEY: base64(rsa.privateJwk) },
    { ...good, POWERSYNC_PRIVATE_KEY_2: base64(rsa.privateJwk), POWERSYNC_PRIVATE_KEY_3: "marker-3" },
    ...SETTINGS.flatMap((name) => wrong(name).map((value) => ({ ...good, [name]: value }))),
  ];
}

/** Every secret that the functions are given. */
const SECRETS = [
  "marker",
  "hunter2",
  PUBLISHABLE_KEY,
  ...[rsa, ec, userKey].flatMap(({ privateJwk }) =>
    [privateJwk.d, privateJwk.p, privateJwk.q, privateJwk.dp, privateJwk.dq, privateJwk.qi]
      .flatMap((member) => member === undefined ? [] : fragments(member))
  ),
];

Deno.test("no failure shows anything secret, in its answer, its headers or the log", async () => {
  await using auth = new AuthStandIn([]);
  auth.user = () => authError(500, "unexpected_failure", "marker: what the Auth server says");
  const good = environmentOf({
    url: auth.url,
    inline: [userKey],
    environment: {
      POWERSYNC_URL: "https://marker.powersync.journeyapps.com",
      POWERSYNC_PRIVATE_KEY: base64(rsa.privateJwk),
    },
  });
  const token = await sign(userClaims(), { key: userKey });
  const bearers = [
    token,
    await sign(userClaims({ exp: 1 }), { key: userKey }),
    `${token}marker`,
    await sign(userClaims(), { key: stranger }),
    await signLegacyToken(),
    "marker.marker.marker",
    "sb_secret_marker",
  ];
  const secrets = [...SECRETS, ...bearers.flatMap(fragments)];
  const told: string[] = [];
  const lines: string[] = [];
  const codes = new Set<string>();
  const throwing = () => {
    throw new Error("hunter2", { cause: token });
  };
  const environments = [good, ...badEnvironments(good)].map((whole) => ({ whole }));
  await Promise.all([{ whole: good, claims: throwing }, ...environments].map(async (options) => {
    const { send, log } = startFunctions(options);
    const ask = async (name: FunctionName, headers: Record<string, string> = {}) => {
      const response = await send(name, { headers });
      const { status, body } = await answer(response);
      if (status === 200) return;
      codes.add(body.code);
      told.push(JSON.stringify([...response.headers]), JSON.stringify(body));
    };
    await ask("powersync-jwks");
    await ask("powersync-auth-anonymous", { apikey: PUBLISHABLE_KEY });
    for (const sent of bearers) {
      await ask("powersync-auth", bearer(sent));
      await ask("powersync-auth-anonymous", bearer(sent));
    }
    lines.push(...log);
  }));
  assert(codes.size >= 19, `only ${[...codes]}`);
  assert(lines.length > 100);
  for (const text of [...told, ...lines]) {
    for (const secret of secrets) assertFalse(text.includes(secret), `${secret} is in ${text}`);
    // The log alone has the frames of an exception, without its message.
    const isFrames = / CLAIMS_FAILED .* \(Error\) at /.test(text) && !told.includes(text);
    assertFalse(!isFrames && /\n|\bat [\w./]+:\d|\.ts:\d|Error:/.test(text), `A stack is in ${text}`);
  }
  const malformed = lines.filter((line) =>
    !/^powersync-[a-z-]+ [A-Z_]+ (reason=\S+ ((iss|aud|status|code|issuer|cause)=.* )?)?execution_id=unknown \S/
      .test(line)
  );
  assertEquals(malformed, []);
});
