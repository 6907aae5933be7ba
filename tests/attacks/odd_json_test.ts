/** Every member of a token's header and claims with JSON of every type and depth: a coded 4xx, or no difference. */
import { assertEquals } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { AUTH_FUNCTIONS, bearer, startFunctions } from "../support/functions.ts";
import type { FunctionName, StartedFunctions } from "../support/functions.ts";
import { startIssuer } from "../support/issuer.ts";
import { projectKeys, userClaims } from "../support/project.ts";
import type { TestKey } from "../support/signing.ts";
import { assertReasonsOnly, assertRefusal } from "./attack.ts";
import { headerOf, signed, withRawMember } from "./jws.ts";

/** The limit of a token is 16,384 characters, which is 12 KB of JSON. This is not JSON: nothing closes it. */
const OPEN = "[".repeat(10_000);

const ODD = [
  ...'null false 0 -1 1e309 "" "x" "HS256" "__proto__" "\\ud800" [] [null] ["ES256"] [{}] {}'.split(" "),
  ...['{"toString":1}', '{"toString":null,"valueOf":null}', '{"length":-1}', '{"then":1}'],
  '{"__proto__":{"alg":"ES256"}}',
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

/** A member of a token, and what stands in its place. */
type Case = readonly [part: keyof typeof MEMBERS, member: string, json: string];

const PARTS = ["header", "payload"] as const;
const PLACES = PARTS.flatMap((part) => MEMBERS[part].map((member) => [part, member] as const));
const CASES = PLACES.flatMap(([part, member]) => ODD.map((json): Case => [part, member, json]));

/** Whose token it is, and where it is sent. */
interface Tried {
  readonly key: TestKey;
  readonly claims: Record<string, unknown>;
  /** Members that may have any text. */
  readonly free?: readonly string[];
  readonly names?: readonly FunctionName[];
}

/** A well-signed token with the member in its place. */
function tokenWith([part, member, json]: Case, { key, claims }: Tried): Promise<string> {
  const whole = { header: headerOf(key), payload: claims };
  return signed(key, { ...whole, [part]: withRawMember(whole[part], member, json) });
}

/** Functions refuse the token with a coded 4xx; where the member does not decide, they may also accept it. */
async function assertCoded(
  { send }: StartedFunctions,
  [part, member, json]: Case,
  { token, free = [], names = AUTH_FUNCTIONS }: Tried & { readonly token: string },
): Promise<void> {
  const decides = json === OPEN || (DECIDES[part].includes(member) && !free.includes(member));
  await Promise.all(names.map(async (name) => {
    const response = await send(name, { headers: bearer(token) });
    if (response.status === 200 && !decides) await response.body?.cancel();
    else await assertRefusal(response, `${name}: ${part}.${member} = ${json.slice(0, 40)} (${json.length})`);
  }));
}

async function tryAll(functions: StartedFunctions, tried: Tried, cases = CASES): Promise<void> {
  const tokens = await Promise.all(cases.map((one) => tokenWith(one, tried)));
  for (const [number, one] of cases.entries()) {
    // The log leaves nothing out.
    functions.clock.ms += 60_000;
    await assertCoded(functions, one, { ...tried, token: tokens[number] ?? "" });
    assertReasonsOnly(functions.log.splice(0));
  }
}

const USER: Tried = { key: projectKeys.ES256, claims: userClaims({ exp: 4e9 }) };

Deno.test("odd JSON in a user's token is a coded 4xx", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  await tryAll(startFunctions(auth), USER);
});

/** Both functions verify users' tokens in one place, which reads the header before it asks the Auth server. */
Deno.test("odd JSON in a user's claims is a coded 4xx, with POWERSYNC_SESSION_CHECK=server", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  const functions = startFunctions({ url: auth.url, environment: { POWERSYNC_SESSION_CHECK: "server" } });
  const payload = CASES.filter(([part]) => part === "payload");
  await tryAll(functions, { ...USER, names: ["powersync-auth"] }, payload);
});

Deno.test("odd JSON in a token of another identity provider is a coded 4xx", async () => {
  await using provider = await startIssuer();
  const [key = projectKeys.ES256] = provider.keys;
  const functions = startFunctions({ providers: [{ issuer: provider.issuer, audience: "app" }] });
  const claims = { ...USER.claims, iss: provider.issuer, aud: "app" };
  assertEquals(await functions.code(await signed(key, { payload: claims })), "200");
  // Its users' IDs may be any text, and `client_id` means nothing.
  await tryAll(functions, { key, claims, free: ["client_id", "sub"], names: ["powersync-auth"] });
});

Deno.test("generated JSON in any member of a token is a coded 4xx, or no difference", async () => {
  await using auth = new AuthStandIn([]);
  const functions = startFunctions(auth);
  const anything = [...DECIDES.header, ...DECIDES.payload];
  const check = async ([part, member]: typeof PLACES[number], json: string) => {
    const one: Case = [part, member, json];
    const token = await tokenWith(one, USER);
    await assertCoded(functions, one, { ...USER, free: anything, token });
  };
  const property = fc.asyncProperty(fc.constantFrom(...PLACES), fc.json({ maxDepth: 6 }), check);
  await fc.assert(property, { numRuns: 300 });
  assertReasonsOnly(functions.log);
});
