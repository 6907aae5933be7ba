/**
 * Nothing of a key, a token, an environment value or an exception appears in an answer or a log: every failure that a
 * request or a secret can cause is caused, and everything that is told is searched.
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import {
  base64,
  logged,
  PUBLISHABLE_KEY,
  signLegacyToken,
  userClaims,
  withAuth,
} from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const rsa = await makeKey("RS256", "marker-kid");
const ec = await makeKey("ES256", "marker-kid-2");
const userKey = await makeKey("ES256", "marker-user-kid");
const stranger = await makeKey("ES256", "marker-stranger-kid");

/** Fragments long enough not to occur by chance. */
function fragments(text: string): string[] {
  return text.length < 12 ? [text] : [text.slice(0, 12), text.slice(-12)];
}

/** Environments in each of which something is wrong; every value is marked, so that it is found wherever it shows. */
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
  ];
  const values = keys.map((key) => typeof key === "string" ? key : base64(key));
  const settings = [
    "POWERSYNC_URL",
    "POWERSYNC_TOKEN_TTL",
    "POWERSYNC_SESSION_CHECK",
    "POWERSYNC_IDENTITY_PROVIDERS",
    "SUPABASE_URL",
    "SUPABASE_JWKS",
    "SUPABASE_PUBLISHABLE_KEYS",
  ];
  return [
    ...values.map((value) => ({ ...good, POWERSYNC_PRIVATE_KEY: value, POWERSYNC_PUBLIC_KEY: value })),
    { ...good, POWERSYNC_PRIVATE_KEY: "", POWERSYNC_PUBLIC_KEY: base64(rsa.privateJwk) },
    { ...good, POWERSYNC_PRIVATE_KEY_2: base64(rsa.privateJwk), POWERSYNC_PRIVATE_KEY_3: "marker-3" },
    ...settings.map((name) => ({ ...good, [name]: "marker value" })),
  ];
}

/** Everything secret among what the functions are given. */
const SECRETS = [
  "marker",
  "hunter2",
  PUBLISHABLE_KEY,
  ...[rsa, ec, userKey].flatMap(({ privateJwk }) =>
    [privateJwk.d, privateJwk.p, privateJwk.q, privateJwk.dp, privateJwk.dq, privateJwk.qi]
      .flatMap((member) => member === undefined ? [] : fragments(member))
  ),
];

Deno.test("no failure tells anything secret, in its answer, its headers or the log", async () => {
  await withAuth([], async (auth) => {
    auth.user = () => Response.json({ msg: "marker: what the Auth server says" }, { status: 500 });
    const good = {
      POWERSYNC_URL: "https://marker.powersync.journeyapps.com",
      POWERSYNC_PRIVATE_KEY: base64(rsa.privateJwk),
      SUPABASE_URL: auth.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
      SUPABASE_JWKS: JSON.stringify({ keys: [userKey.publicJwk] }),
    };
    const token = await sign(userClaims(), { key: userKey });
    const expired = await sign(userClaims({ exp: 1 }), { key: userKey });
    const bearers = [
      token,
      expired,
      `${token}marker`,
      await sign(userClaims(), { key: stranger }),
      await signLegacyToken(),
      "marker.marker.marker",
      "sb_secret_marker",
    ];
    const secrets = [...SECRETS, ...bearers.flatMap(fragments)];
    const throwing = () => {
      throw new Error("hunter2", { cause: token });
    };
    const told: string[] = [];
    const codes = new Set<string>();

    async function ask(
      handle: (request: Request) => Promise<Response>,
      headers: Record<string, string> = {},
    ) {
      const response = await handle(new Request("http://localhost/", { headers }));
      const text = await response.text();
      if (response.status === 200) return;
      codes.add(JSON.parse(text).code);
      told.push(JSON.stringify([...response.headers]), text);
    }

    const lines = await logged(async () => {
      for (const environment of [good, ...badEnvironments(good)]) {
        const options = { environment: () => environment };
        await ask(powersyncJwks(options));
        for (const bearer of bearers) {
          const headers = { Authorization: `Bearer ${bearer}` };
          await ask(powersyncAuth(options), headers);
          await ask(powersyncAuth({ ...options, claims: throwing }), headers);
          await ask(powersyncAuthAnonymous(options), headers);
          await ask(powersyncAuthAnonymous({ ...options, claims: throwing }), { apikey: PUBLISHABLE_KEY });
        }
      }
    });
    assert(codes.size >= 20, `only ${[...codes]}`);
    assert(lines.length > 100);
    for (const text of [...told, ...lines]) {
      for (const secret of secrets) assertFalse(text.includes(secret), `${secret} is in ${text}`);
      assertFalse(/\n|\bat [\w./]+:\d|\.ts:\d|Error:/.test(text), `A stack is in ${text}`);
    }
    assertEquals(
      lines.filter((line) => !/^powersync-[a-z-]+ [A-Z_]+ execution_id=unknown \S/.test(line)),
      [],
    );
  });
});
