/** Every member of a token's header and claims with JSON of every type and depth: a coded 4xx, or no difference. */
import { assertEquals } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { type FunctionName, type StartedFunctions, startFunctions } from "../support/functions.ts";
import { startIssuer } from "../support/issuer.ts";
import { captureLog } from "../support/log.ts";
import { projectKeys, userClaims } from "../support/project.ts";
import type { TestKey } from "../support/signing.ts";
import { assertReasonsOnly, assertRefusal } from "./attack.ts";
import { headerOf, signed, withRawMember } from "./jws.ts";

/** The limit of a token is 16,384 characters, which is 12 KB of JSON. This is not JSON: nothing closes it. */
const OPEN = "[".repeat(10_000);

const ODD = [
  "null",
  "false",
  "0",
  "-1",
  "1e309",
  '""',
  '"x"',
  '"HS256"',
  '"__proto__"',
  '"\\ud800"',
  "[]",
  "[null]",
  '["ES256"]',
  "[{}]",
  "{}",
  '{"toString":1}',
  '{"toString":null,"valueOf":null}',
  '{"length":-1}',
  '{"__proto__":{"alg":"ES256"}}',
  '{"then":1}',
  "[".repeat(5_000) + "]".repeat(5_000),
  '{"":'.repeat(1_800) + "1" + "}".repeat(1_800),
  OPEN,
];

/** Members that decide; the others change nothing. */
const DECIDES = {
  header: ["alg", "kid", "typ", "crit"],
  payload: ["iss", "sub", "aud", "exp", "client_id"],
};
const MEMBERS = {
  header: [...DECIDES.header, "b64", "jwk", "x5u", "zip", "p2c", "__proto__", "toString"],
  payload: [
    ...DECIDES.payload,
    ...["role", "nbf", "iat", "is_anonymous", "app_metadata", "firebase", "__proto__", "toString", "then"],
  ],
};
type Part = keyof typeof MEMBERS;

/** A well-signed token with one member replaced by JSON text. */
async function tokenWith(
  [part, member, json]: readonly [Part, string, string],
  { key, claims }: { key: TestKey; claims: Record<string, unknown> },
): Promise<string> {
  const whole = { header: headerOf(key), payload: claims };
  return await signed(key, { ...whole, [part]: withRawMember(whole[part], member, json) });
}

const BOTH = ["powersync-auth", "powersync-auth-anonymous"] as const;

/** Functions refuse with a coded 4xx; where the member does not decide, they may also accept. */
async function assertCoded(
  { send }: StartedFunctions,
  { token, what, decides, names = BOTH }: {
    token: string;
    what: string;
    decides: boolean;
    names?: readonly FunctionName[];
  },
): Promise<void> {
  for (const name of names) {
    const response = await send(name, { headers: { Authorization: `Bearer ${token}` } });
    if (response.status === 200 && !decides) await response.body?.cancel();
    else await assertRefusal(response, `${name}: ${what}`);
  }
}

const CASES = (["header", "payload"] as const).flatMap((part) =>
  MEMBERS[part].flatMap((member) => ODD.map((json) => [part, member, json] as const))
);

function describe([part, member, json]: readonly [Part, string, string]) {
  return {
    what: `${part}.${member} = ${json.slice(0, 40)} (${json.length})`,
    decides: DECIDES[part].includes(member) || json === OPEN,
  };
}

type Case = typeof CASES[number];

interface Tried {
  readonly key: TestKey;
  readonly claims: Record<string, unknown>;
  /** Members that may have any text. */
  readonly free?: readonly string[];
  readonly names?: readonly FunctionName[];
  readonly cases?: readonly Case[];
}

/** Tries every case. */
async function tryAll(
  start: () => StartedFunctions,
  { key, claims, free = [], names = BOTH, cases = CASES }: Tried,
): Promise<void> {
  const tokens = await Promise.all(cases.map((one) => tokenWith(one, { key, claims })));
  const log = await captureLog(async () => {
    let functions = start();
    for (const [number, one] of cases.entries()) {
      // The log of a new isolate leaves nothing out.
      if (one[2].length > 1_000) functions = start();
      const { what, decides } = describe(one);
      const isFree = free.includes(one[1]) && one[2] !== OPEN;
      const token = tokens[number] ?? "";
      await assertCoded(functions, { token, what, decides: decides && !isFree, names });
    }
  });
  assertReasonsOnly(log);
}

Deno.test("odd JSON in a user's token is a coded 4xx", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  const { ES256: key } = projectKeys;
  await tryAll(() => startFunctions({ url: auth.url }), { key, claims: userClaims() });
});

/** Both functions verify users' tokens in one place, which reads the header before it asks the Auth server. */
Deno.test("odd JSON in a user's claims is a coded 4xx, with POWERSYNC_SESSION_CHECK=server", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  const environment = { POWERSYNC_SESSION_CHECK: "server" };
  await tryAll(() => startFunctions({ url: auth.url, environment }), {
    key: projectKeys.ES256,
    claims: userClaims(),
    names: ["powersync-auth"],
    cases: CASES.filter(([part]) => part === "payload"),
  });
});

Deno.test("odd JSON in a token of another identity provider is a coded 4xx", async () => {
  await using provider = await startIssuer();
  const [key = projectKeys.ES256] = provider.keys;
  const start = () => startFunctions({ providers: [{ issuer: provider.issuer, audience: "app" }] });
  const claims = { ...userClaims(), iss: provider.issuer, aud: "app" };
  assertEquals(await start().code(await signed(key, { payload: claims })), "200");
  // Its users' IDs may be any text, and `client_id` means nothing.
  await tryAll(start, { key, claims, free: ["client_id", "sub"], names: ["powersync-auth"] });
});

Deno.test("generated JSON in any member of a token is a coded 4xx, or no difference", async () => {
  await using auth = new AuthStandIn([]);
  const functions = startFunctions(auth);
  const member = fc.constantFrom(...CASES.map(([part, name]) => [part, name] as const));
  const json = fc.json({ maxDepth: 6 });
  const log = await captureLog(async () => {
    await fc.assert(
      fc.asyncProperty(member, json, async ([part, name], json) => {
        const one = [part, name, json] as const;
        const token = await tokenWith(one, { key: projectKeys.ES256, claims: userClaims() });
        await assertCoded(functions, { token, what: describe(one).what, decides: false });
      }),
      { numRuns: 300 },
    );
  });
  assertReasonsOnly(log);
});
