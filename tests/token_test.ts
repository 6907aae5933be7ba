import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { parseEnv } from "node:util";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { checkToken } from "../scripts/powersync/check-token.ts";
import { verdictOf } from "../scripts/powersync/result.ts";
import { makeSharedKey } from "../scripts/setup/shared-key.ts";
import { main } from "../scripts/token.ts";
import { loadKeyRing, publicJwks } from "../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand, callWithFile } from "./support/call_command.ts";
import { inFolder, type Ran, runTask } from "./support/run_script.ts";

const pair = await makeKeyPair("ES256", { prefix: "dev-" });
const shared = makeSharedKey();
const KEYS = `POWERSYNC_PRIVATE_KEY=${encodeSecret(pair.privateJwk)}\nPOWERSYNC_SHARED_KEY=${
  encodeSecret(shared)
}\n`;

/** Runs the command with a file that has the keys and the given lines. */
const token = (args: readonly string[], { lines = "", file = KEYS } = {}) =>
  callWithFile(main, args, file + lines);

/** The token on standard output, which holds nothing else. */
function alone({ code, stdout, stderr }: Ran): string {
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return stdout.trim();
}

async function verdict(made: string, options: { audiences: string[]; staticJwks?: unknown }) {
  const ring = await loadKeyRing(readKeySecrets(parseEnv(KEYS)));
  return verdictOf(
    await checkToken(made, { jwks: publicJwks(ring), nowSeconds: Date.now() / 1000, ...options }),
  ).outcome;
}

Deno.test("standard output holds nothing but the token, and PowerSync accepts it", async () => {
  const ran = await token(["--user", "user-1"], { lines: "POWERSYNC_URL=http://localhost:8080/\n" });
  const made = alone(ran);
  const { iat = 0, exp = 0, ...claims } = decodeJwt(made);
  assertEquals(claims, {
    sub: "user-1",
    role: "authenticated",
    is_anonymous: false,
    iss: "powersync-auth",
    aud: "http://localhost:8080",
  });
  assertEquals(exp - iat, 12 * 3600);
  assertEquals(decodeProtectedHeader(made), { alg: "ES256", kid: pair.kid, typ: "JWT" });
  assertEquals(await verdict(made, { audiences: ["http://localhost:8080"] }), "accepted");
});

Deno.test("standard error says what it contains and how to use it, without the token", async () => {
  const ran = await token(["--user", "user-1"], { lines: "POWERSYNC_URL=http://localhost:8080\n" });
  for (const text of [pair.kid, "12 h", '"sub":"user-1"', "http://localhost:8080", "fetchCredentials"]) {
    assertStringIncludes(ran.stderr, text);
  }
  assertMatch(ran.stderr, /diagnostics-app\.powersync\.com[^]* task config -- --static/);
  assertFalse(ran.stderr.includes(alone(ran)));
  assertFalse(ran.stderr.includes(alone(ran).split(".")[2] ?? ""));
});

Deno.test("the audience is --audience, else POWERSYNC_AUDIENCE, else POWERSYNC_URL, else powersync-dev", async () => {
  const url = "POWERSYNC_URL=https://a.example/\n";
  const both = `${url}POWERSYNC_AUDIENCE=first, second\n`;
  const audience = async (args: string[], lines: string) =>
    decodeJwt(alone(await token(["--user", "u", ...args], { lines }))).aud;
  assertEquals(await audience(["--audience", "given"], both), "given");
  assertEquals(await audience(["--audience", "one", "--audience", "two"], both), ["one", "two"]);
  assertEquals(await audience([], both), ["first", "second"]);
  assertEquals(await audience([], url), "https://a.example");
  assertEquals(await audience([], ""), "powersync-dev");
});

Deno.test("--expires-in takes up to 24 hours", async () => {
  for (const [text, lifetime] of [["30m", 1800], ["24h", 86_400], ["1d", 86_400], ["90", 90]] as const) {
    const { iat = 0, exp = 0 } = decodeJwt(alone(await token(["--user", "u", "--expires-in", text])));
    assertEquals(exp - iat, lifetime);
  }
  for (const text of ["24h1", "25h", "86401", "0", "soon"]) {
    assertRefused(await token(["--user", "u", "--expires-in", text]), /--expires-in.*24 hours/);
  }
});

Deno.test("--claim adds claims with JSON values, or text", async () => {
  const claims: readonly [stated: string, value: unknown][] = [
    ["plan=pro", "pro"],
    ["seats=5", 5],
    ["beta=true", true],
    ['teams=["a","b"]', ["a", "b"]],
    ['quoted="5"', "5"],
    ["note=a=b", "a=b"],
    ["role=editor", "editor"],
    ['parameters={"x":1}', { x: 1 }],
  ];
  const made = decodeJwt(
    alone(await token(["--user", "u", ...claims.flatMap(([text]) => ["--claim", text])])),
  );
  for (const [text, value] of claims) assertEquals(made[text.split("=")[0] ?? ""], value);
});

Deno.test("--anonymous says what the anonymous function says", async () => {
  const { sub, role, is_anonymous } = decodeJwt(alone(await token(["--anonymous"])));
  assertEquals({ sub, role, is_anonymous }, { sub: "anonymous", role: "anon", is_anonymous: true });
});

Deno.test("--shared signs with the shared secret", async () => {
  for (const args of [["--user", "u"], ["--anonymous"]]) {
    const made = alone(await token(["--shared", ...args]));
    assertEquals(decodeProtectedHeader(made), { alg: "HS256", kid: shared.kid, typ: "JWT" });
    const verdictWith = (key: unknown) =>
      verdict(made, { audiences: ["powersync-dev"], staticJwks: { keys: [key] } });
    assertEquals(await verdictWith(shared), "accepted");
    assertEquals(await verdictWith({ ...makeSharedKey(), kid: shared.kid }), "refused");
  }
});

Deno.test("the key is that of supabase/functions/.env, or of --env-file", async () => {
  await inFolder(async (folder) => {
    const run = (...args: string[]) => callCommand(main, ["--dir", folder, "--user", "u", ...args]);
    await Deno.mkdir(`${folder}/supabase/functions`, { recursive: true });
    assertRefused(await run(), /no file \S+\/supabase\/functions\/\.env/);
    await Deno.writeTextFile(`${folder}/supabase/functions/.env`, KEYS);
    alone(await run());
    assertRefused(await run("--env-file", "none"), /no file \S+\/none.* task dev/);
    // As a task, with its permissions.
    alone(await runTask("token", ["--user", "u"], { cwd: folder }));
  });
});

const MISSPELT = KEYS.replace("PRIVATE_KEY", "PRIVTE_KEY");

Deno.test("a shared secret needs no signing key", async () => {
  alone(await token(["--user", "u", "--shared"], { file: MISSPELT }));
});

for (
  const [args, file, reason] of [
    [[], "X=1\n", /no signing key.* task keys/],
    [[], MISSPELT, /Rename it to POWERSYNC_PRIVATE_KEY/],
    [[], "POWERSYNC_PRIVATE_KEY=c2VjcmV0\n", /POWERSYNC_PRIVATE_KEY cannot be used/],
    [["--shared"], "X=1\n", /POWERSYNC_SHARED_KEY.* task keys -- --alg HS256/],
    [["--shared"], "POWERSYNC_SHARED_KEY=c2VjcmV0\n", /is not an HS256 key.*--force/],
    [[], `${KEYS}POWERSYNC_URL=https://<instance>.powersync.journeyapps.com\n`, /placeholder/],
    [[], `${KEYS}POWERSYNC_URL=https://a.example\nPOWERSYNC_AUDIENCE=<audience>\n`, /placeholder/],
    [["--audience", "https://your-instance.powersync.journeyapps.com"], KEYS, /placeholder/],
  ] as const
) {
  Deno.test(`what a token needs is named with its fix, and not shown: ${args.join(" ")} ${reason}`, async () => {
    const refused = await token(["--user", "u", ...args], { file });
    assertRefused(refused, reason);
    assertFalse(refused.stderr.includes("c2VjcmV0"));
  });
}

for (
  const [args, reason] of [
    [[], /--user <id>/],
    [["--user", "u", "--anonymous"], /cannot be used together/],
    [["--user", ""], /--user is empty/],
    [["--user", "a\nb"], /control characters/],
    [["--user", "u", "--claim", "plan"], /name=value/],
    [["--user", "u", "--claim", "=x"], /name=value/],
    [["--user", "u", "--claim", "x={a:1}"], /not valid JSON/],
    [["--user", "u", "--claim", "sub=other"], /--user/],
    [["--user", "u", "--claim", "exp=9999999999"], /--expires-in/],
    [["--user", "u", "--claim", "parameters=[]"], /parameters/],
    [["--user", "u", "--shared", "--claim", "parameters=[]"], /PSYNC_S2101/],
  ] as const
) {
  Deno.test(`${JSON.stringify(args)} exits 1 with the reason`, async () => {
    assertRefused(await token(args), reason);
  });
}
