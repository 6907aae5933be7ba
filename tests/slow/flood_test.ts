/** What a flood of forged tokens costs an isolate, and who is served meanwhile. Bounded, and on loopback only. */
import { assert, assertEquals } from "@std/assert";
import { authError, AuthStandIn } from "../support/auth_stand_in.ts";
import { projectKeys, signLegacyToken, USER_ID, userClaims, userToken } from "../support/project.ts";
import { startServer } from "./server.ts";

const FORGED = 5_000;
/** Callers at once; each holds a connection to the function. */
const CALLERS = 200;
/** Hosted isolates have 256 MB. */
const MAX_RESIDENT_BYTES = 200 * 1024 * 1024;
/** One for each caller, one for each of the 64 questions, and a few. */
const MAX_FILES = CALLERS + 64 + 64;

const { ES256: key, RS256: nextKey } = projectKeys;

/** The status of a call with a token. */
async function call(port: number, token: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test("5,000 forged legacy tokens while Auth hangs leave an isolate within its memory", async () => {
  const secret = "f".repeat(40);
  const tokens = await Promise.all(
    Array.from({ length: FORGED }, (_, i) => signLegacyToken(userClaims({ session_id: `${i}` }), secret)),
  );
  await using auth = new AuthStandIn([]);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  auth.user = async () => {
    await released;
    return authError(403, "bad_jwt");
  };
  await using server = await startServer("powersync-auth", { url: auth.url, inline: [key] });
  const statuses: number[] = [];
  let peak = { residentBytes: 0, files: 0 };
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
      statuses.push(await call(server.port, token));
      if (statuses.length % 1_000 !== 0) continue;
      const { residentBytes, files } = await server.measure();
      peak = {
        residentBytes: Math.max(peak.residentBytes, residentBytes),
        files: Math.max(peak.files, files),
      };
    }
  }));
  release();
  console.log(`${Math.round(peak.residentBytes / 1024 / 1024)} MB, ${peak.files} files`);
  assertEquals([statuses.length, new Set(statuses)], [FORGED, new Set([503])]);
  assert(peak.residentBytes < MAX_RESIDENT_BYTES, `${peak.residentBytes} bytes`);
  assert(peak.files < MAX_FILES, `${peak.files} files`);
  const log = await server.stop();
  assert(log.length <= 4, `${log.length} log lines`);
});

Deno.test("500 invented key IDs a second refuse no genuine user after the first confirmation", async () => {
  const seconds = 4;
  const invented = await Promise.all(
    Array.from({ length: 500 * seconds }, (_, i) => userToken({}, { ...key, kid: `invented-${i}` })),
  );
  const users = await Promise.all(
    Array.from({ length: 40 * seconds }, (_, i) => userToken({ session_id: `${i}` }, nextKey)),
  );
  await using auth = new AuthStandIn([key.publicJwk]);
  const genuine = new Set(users);
  // As long as Auth takes; the rotated key is known to it, and not yet to its JWKS.
  auth.user = async (token) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return genuine.has(token) ? Response.json({ id: USER_ID }) : authError(403, "bad_jwt");
  };
  await using server = await startServer("powersync-auth", { url: auth.url, inline: [key] });
  const outcomes: number[] = [];
  const attack: Promise<number>[] = [];
  const started = performance.now();
  for (const [i, user] of users.entries()) {
    const due = started + i * 1_000 / 40;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const share = invented.slice(Math.floor(i * 12.5), Math.floor((i + 1) * 12.5));
    attack.push(...share.map((token) => call(server.port, token)));
    outcomes.push(await call(server.port, user));
  }
  const refused = new Set(await Promise.all(attack));
  const first = outcomes.indexOf(200);
  console.log(`first confirmation: user ${first + 1}; attack: ${[...refused]}`);
  assert(first >= 0 && first < 20, `the first of ${outcomes}`);
  assertEquals(new Set(outcomes.slice(first)), new Set([200]));
  assert(!refused.has(200));
  const elapsed = (performance.now() - started) / 1_000;
  assert(auth.calls.jwks <= elapsed + 2, `${auth.calls.jwks} fetches in ${elapsed} s`);
  await server.stop();
});
