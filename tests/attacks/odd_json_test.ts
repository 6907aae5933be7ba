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

type Place = readonly [part: keyof typeof MEMBERS, member: string];

const PLACES = (["header", "payload"] as const).flatMap((part) =>
  MEMBERS[part].map((member): Place => [part, member])
);

/** Whose token it is, and where it is sent. */
interface Tried {
  readonly key: TestKey;
  readonly claims: Record<string, unknown>;
  /** Members that may have any text. */
  readonly free?: readonly string[];
  readonly names?: readonly FunctionName[];
}

/**
 * Sends a well-signed token with JSON in a member's place. Functions refuse it with a coded 4xx; where the member does not
 * decide, they may also accept it.
 */
async function assertCoded(
  { send }: StartedFunctions,
  { place: [part, member], json }: { place: Place; json: string },
  { key, claims, free = [], names = AUTH_FUNCTIONS }: Tried,
): Promise<void> {
  const whole = { header: headerOf(key), payload: claims };
  const token = await signed(key, { ...whole, [part]: withRawMember(whole[part], member, json) });
  const decides = json === OPEN || (DECIDES[part].includes(member) && !free.includes(member));
  for (const name of names) {
    const response = await send(name, { headers: bearer(token) });
    if (response.status === 200 && !decides) await response.body?.cancel();
    else await assertRefusal(response, `${name}: ${part}.${member} = ${json.slice(0, 40)} (${json.length})`);
  }
}

/** Tries every value in each place, in an isolate for the place. */
async function tryAll(start: () => StartedFunctions, tried: Tried, places = PLACES): Promise<void> {
  await Promise.all(places.map(async (place) => {
    const functions = start();
    for (const json of ODD) {
      await assertCoded(functions, { place, json }, tried);
      assertReasonsOnly(functions.log.splice(0));
      // From then on the log leaves nothing out.
      functions.clock.ms += 60_000;
    }
  }));
}

const USER: Tried = { key: projectKeys.ES256, claims: userClaims({ exp: 4e9 }) };

Deno.test("odd JSON in a user's token is a coded 4xx", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  await tryAll(() => startFunctions(auth), USER);
});

/** Both functions verify users' tokens in one place, which reads the header before it asks the Auth server. */
Deno.test("odd JSON in a user's claims is a coded 4xx, with POWERSYNC_SESSION_CHECK=server", async () => {
  await using auth = new AuthStandIn([projectKeys.ES256.publicJwk]);
  const start = () => startFunctions({ url: auth.url, environment: { POWERSYNC_SESSION_CHECK: "server" } });
  const payload = PLACES.filter(([part]) => part === "payload");
  await tryAll(start, { ...USER, names: ["powersync-auth"] }, payload);
});

Deno.test("odd JSON in a token of another identity provider is a coded 4xx", async () => {
  await using provider = await startIssuer();
  const [key = projectKeys.ES256] = provider.keys;
  const start = () => startFunctions({ providers: [{ issuer: provider.issuer, audience: "app" }] });
  const claims = { ...USER.claims, iss: provider.issuer, aud: "app" };
  assertEquals(await start().code(await signed(key, { payload: claims })), "200");
  // Its users' IDs may be any text, and `client_id` means nothing.
  await tryAll(start, { key, claims, free: ["client_id", "sub"], names: ["powersync-auth"] });
});

Deno.test("generated JSON in any member of a token is a coded 4xx, or no difference", async () => {
  await using auth = new AuthStandIn([]);
  const functions = startFunctions(auth);
  const anything = [...DECIDES.header, ...DECIDES.payload];
  const check = (place: Place, json: string) =>
    assertCoded(functions, { place, json }, { ...USER, free: anything });
  const property = fc.asyncProperty(fc.constantFrom(...PLACES), fc.json({ maxDepth: 6 }), check);
  await fc.assert(property, { numRuns: 300 });
  assertReasonsOnly(functions.log);
});
