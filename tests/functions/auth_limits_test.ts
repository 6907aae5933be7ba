/** How many questions to Supabase Auth one isolate keeps open, and who is served meanwhile. */
import { assertEquals } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { outcome } from "../support/answer.ts";
import { bearer, startFunctions } from "../support/functions.ts";
import { projectKeys, signLegacyToken, USER_ID, userClaims, userToken } from "../support/project.ts";

const UNAVAILABLE = "503 AUTH_SERVER_UNAVAILABLE";
const LIMITED = "503 AUTH_SERVER_LIMIT_REACHED";
const INVALID = "401 USER_TOKEN_INVALID";
const { ES256: key, RS256: nextKey } = projectKeys;

const start = ({ url }: AuthStandIn, limits = { timeoutMs: 20_000 }) =>
  startFunctions({ url, inline: [], limits });

/** As many results, each of another number. */
const many = <T>(count: number, one: (number: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => one(i)));

/** Tokens with a wrong secret. */
const forged = (count: number) =>
  many(count, (i) => signLegacyToken(userClaims({ session_id: `${i}` }), "f".repeat(40)));

/** Tokens whose key ID no published key has. */
const invented = (count: number) => many(count, (i) => userToken({}, { ...key, kid: `invented-${i}` }));

/** Users' tokens with the key that a rotation has just made. */
const rotated = (count: number) => many(count, (i) => userToken({ session_id: `${i}` }, nextKey));

const counted = (codes: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(codes, (code) => code)].map(([code, all]) => [code, all.length]));

/**
 * Sends tokens whose questions Supabase Auth keeps open, and waits until so many are. Other tokens are a user's.
 *
 * @returns `end` has Auth refuse them all, and counts the answers.
 */
async function flood(
  { auth, code }: { auth: AuthStandIn; code: (token: string) => Promise<string> },
  tokens: readonly string[],
  expected: number,
) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
  let open = 0;
  auth.user = async (token) => {
    if (!tokens.includes(token)) return Response.json({ id: USER_ID });
    open += 1;
    if (open === expected) isFull();
    await released;
    return authError(403, "bad_jwt");
  };
  const codes = Promise.all(tokens.map((token) => code(token)));
  await full;
  const end = async () => {
    release();
    return counted(await codes);
  };
  return { open: () => open, codes, end };
}

Deno.test("while Auth hangs 64 questions are open, and everybody else hears at once to try again in a second", async () => {
  await using auth = new AuthStandIn([]);
  const { code, send } = start(auth);
  const { end, open } = await flood({ auth, code }, await forged(200), 64);
  const limited = await send("powersync-auth", { headers: bearer(await signLegacyToken()) });
  assertEquals([limited.headers.get("Retry-After"), await outcome(limited), open()], ["1", LIMITED, 64]);
  assertEquals(await end(), { [INVALID]: 64, [LIMITED]: 136 });
  assertEquals(await code(await signLegacyToken()), "200", "answered questions free their places");
});

Deno.test("16 of them are about key IDs that Auth has not confirmed; legacy users go on", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const { end, open } = await flood({ auth, code }, await invented(40), 16);
  // A key ID of the shared secret cannot be published, so it is none to confirm.
  const legacyToken = (i: number) => signLegacyToken(userClaims(), undefined, { kid: `legacy-${i}` });
  const legacy = await many(40, async (i) => await code(await legacyToken(i)));
  assertEquals([counted(legacy), open()], [{ "200": 40 }, 16]);
  assertEquals(await end(), { [INVALID]: 16, [LIMITED]: 24 });
});

Deno.test("a key ID that Auth has confirmed is not held up by invented ones", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const [first = "", ...others] = await rotated(41);
  assertEquals(await code(first), "200");
  const { end } = await flood({ auth, code }, await invented(200), 16);
  assertEquals(counted(await Promise.all(others.map((token) => code(token)))), { "200": 40 });
  assertEquals(await end(), { [INVALID]: 16, [LIMITED]: 184 });
});

Deno.test("Auth's refusal confirms no key ID, and 16 confirmed ones are remembered", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const kid = (name: string) => userToken({ session_id: name }, { ...key, kid: name });
  auth.user = () => Response.json({ id: USER_ID });
  for (let i = 0; i < 17; i++) assertEquals(await code(await kid(`confirmed-${i}`)), "200");
  auth.user = () => authError(403, "bad_jwt");
  assertEquals(await code(await kid("refused")), INVALID);
  const { end } = await flood({ auth, code }, await invented(16), 16);
  assertEquals(await code(await kid("refused")), LIMITED);
  assertEquals(await code(await kid("confirmed-0")), LIMITED, "the oldest is forgotten");
  for (const name of ["confirmed-1", "confirmed-16"]) assertEquals(await code(await kid(name)), "200");
  await end();
});

Deno.test("equal tokens share one question: PowerSync's JS SDK asks twice for each renewal", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const token = await signLegacyToken();
  assertEquals(counted(await many(100, () => code(token))), { "200": 100 });
  assertEquals(auth.calls.user, 1);
  assertEquals([await code(token), auth.calls.user], ["200", 2], "an answer is not kept");
});

Deno.test("a question that Auth never answers frees its place at its time limit", async () => {
  await using auth = new AuthStandIn([]);
  const limits = { timeoutMs: 200 };
  const { code } = start(auth, limits);
  const { codes, end } = await flood({ auth, code }, await forged(70), 1);
  assertEquals(counted(await codes), { [UNAVAILABLE]: 64, [LIMITED]: 6 });
  limits.timeoutMs = 20_000;
  assertEquals(await code(await signLegacyToken()), "200");
  await end();
});

Deno.test("a question whose answer never comes is given up, by its place and by whoever has the same token", async () => {
  await using auth = new AuthStandIn([]);
  const { clock, code } = start(auth, { timeoutMs: 60_000 });
  const tokens = await forged(64);
  const { end } = await flood({ auth, code }, tokens, 64);
  auth.user = undefined;
  const token = await signLegacyToken();
  assertEquals(await code(token), LIMITED);
  clock.ms += 15_000;
  assertEquals([await code(token), await code(tokens[0] ?? "")], ["200", INVALID]);
  await end();
});
