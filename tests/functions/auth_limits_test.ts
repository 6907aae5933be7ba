/** How many questions to Supabase Auth one isolate keeps open, and who is served meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { outcome } from "../support/answer.ts";
import { startFunctions } from "../support/functions.ts";
import { projectKeys, signLegacyToken, userClaims, userToken } from "../support/project.ts";

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

/** Lets Supabase Auth hang, for some tokens, until it is released. */
function hang(auth: AuthStandIn, concerns: (token: string) => boolean = () => true) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
  let waiting = 0;
  let wanted = Infinity;
  const check = () => waiting >= wanted && isFull();
  auth.user = async (token) => {
    if (!concerns(token)) return Response.json({ id: userClaims().sub });
    waiting += 1;
    check();
    await released;
    return authError(403, "bad_jwt");
  };
  /** Waits until so many questions are open. */
  const until = async (count: number) => {
    wanted = count;
    check();
    await full;
  };
  return { release, until, open: () => waiting };
}

const counted = (codes: readonly string[]) =>
  Object.fromEntries(
    [...new Set(codes)].sort().map((code) => [code, codes.filter((it) => it === code).length]),
  );

Deno.test("while Auth hangs 64 questions are open, and everybody else hears at once to try again in a second", async () => {
  await using auth = new AuthStandIn([]);
  const { code, send } = start(auth);
  const { release, until, open } = hang(auth);
  const tokens = await forged(200);
  const codes = Promise.all(tokens.map((token) => code(token)));
  await until(64);
  const headers = { Authorization: `Bearer ${await signLegacyToken()}` };
  const limited = await send("powersync-auth", { headers });
  assertEquals([limited.headers.get("Retry-After"), await outcome(limited), open()], ["1", LIMITED, 64]);
  release();
  assertEquals(counted(await codes), { [INVALID]: 64, [LIMITED]: 136 });
  auth.user = undefined;
  assertEquals(await code(await signLegacyToken()), "200", "answered questions free their places");
});

Deno.test("16 of them are about key IDs that Auth has not confirmed; legacy users go on", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const tokens = await invented(40);
  const { release, until, open } = hang(auth, (token) => tokens.includes(token));
  const codes = Promise.all(tokens.map((token) => code(token)));
  await until(16);
  // A key ID of the shared secret cannot be published, so it is none to confirm.
  const legacyToken = (i: number) => signLegacyToken(userClaims(), undefined, { kid: `legacy-${i}` });
  const legacy = await many(40, async (i) => await code(await legacyToken(i)));
  assertEquals([counted(legacy), open()], [{ "200": 40 }, 16]);
  release();
  assertEquals(counted(await codes), { [INVALID]: 16, [LIMITED]: 24 });
});

Deno.test("a key ID that Auth has confirmed is not held up by invented ones", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const users = await rotated(41);
  const [first = "", ...others] = users;
  const attack = await invented(200);
  const { release, until } = hang(auth, (token) => attack.includes(token));
  assertEquals(await code(first), "200");
  const codes = Promise.all(attack.map((token) => code(token)));
  await until(16);
  assertEquals(counted(await Promise.all(others.map((token) => code(token)))), { "200": 40 });
  release();
  assertEquals(counted(await codes), { [INVALID]: 16, [LIMITED]: 184 });
});

Deno.test("Auth's refusal confirms no key ID, and 16 confirmed ones are remembered", async () => {
  await using auth = new AuthStandIn([]);
  const { code } = start(auth);
  const kid = async (name: string) => await userToken({ session_id: name }, { ...key, kid: name });
  auth.user = () => Response.json({ id: userClaims().sub });
  for (let i = 0; i < 17; i++) assertEquals(await code(await kid(`confirmed-${i}`)), "200");
  auth.user = () => authError(403, "bad_jwt");
  assertEquals(await code(await kid("refused")), INVALID);
  const attack = await invented(16);
  const { release, until } = hang(auth, (token) => attack.includes(token));
  const codes = Promise.all(attack.map((token) => code(token)));
  await until(16);
  assertEquals(await code(await kid("refused")), LIMITED);
  assertEquals(await code(await kid("confirmed-0")), LIMITED, "the oldest is forgotten");
  for (const name of ["confirmed-1", "confirmed-16"]) assertEquals(await code(await kid(name)), "200");
  release();
  await codes;
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
  const { release } = hang(auth);
  const codes = await Promise.all((await forged(70)).map((token) => code(token)));
  assertEquals(counted(codes), { "503 AUTH_SERVER_UNAVAILABLE": 64, [LIMITED]: 6 });
  [auth.user, limits.timeoutMs] = [undefined, 20_000];
  assertEquals(await code(await signLegacyToken()), "200");
  release();
  assert(auth.calls.user >= 64);
});

Deno.test("a question whose answer never comes is given up, by its place and by whoever has the same token", async () => {
  await using auth = new AuthStandIn([]);
  const { clock, code } = start(auth, { timeoutMs: 60_000 });
  const tokens = await forged(64);
  const { release, until } = hang(auth);
  const lost = Promise.all(tokens.map((token) => code(token)));
  await until(64);
  auth.user = undefined;
  const token = await signLegacyToken();
  assertEquals(await code(token), LIMITED);
  clock.ms += 15_000;
  assertEquals([await code(token), await code(tokens[0] ?? "")], ["200", INVALID]);
  release();
  await lost;
});
