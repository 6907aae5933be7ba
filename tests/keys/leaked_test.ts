import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { parseEnv } from "node:util";
import { main } from "../../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { RESTART_DELAY_SECONDS } from "../../scripts/keys/rotation.ts";
import { type KeyRing, loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand, callWithFile } from "../support/call_command.ts";

const URL_LINE = "POWERSYNC_URL=https://a.example\n";
const [PRIVATE, PUBLIC] = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"];
const LEAKED = ["--alg", "ES256", "--rotate", "--leaked"];

/** Runs the command with a file of this text. */
const replaceLeaked = (text: string | undefined, ...args: string[]) =>
  callWithFile(main, [...LEAKED, ...args], text);

/** A file that holds a URL and a key pair for each name, the name as key ID. */
async function fileWith(...names: string[]): Promise<string> {
  const lines = await Promise.all(names.map(async (name) => {
    const { privateJwk, publicJwk } = await makeKeyPair("ES256", { kid: name });
    const publicName = name.replace("PRIVATE", "PUBLIC");
    return `${name}=${encodeSecret(privateJwk)}\n${publicName}=${encodeSecret(publicJwk)}\n`;
  }));
  return `# mine\n${URL_LINE}${lines.join("")}`;
}

function ringOf(text: string): Promise<KeyRing> {
  return loadKeyRing(readKeySecrets(parseEnv(text)));
}

/** The secrets that the printed command unsets. */
function unsetBy(stdout: string): string | undefined {
  return /^supabase secrets unset (.*)$/m.exec(stdout)?.[1];
}

Deno.test("a leaked key leaves the file, except for its key ID, and the new one signs now", async () => {
  const names = [PRIVATE, `${PRIVATE}_2`] as const;
  const before = await fileWith(...names);
  const { code, stdout, stderr, text } = await replaceLeaked(before);
  assertEquals([code, stderr], [0, ""]);
  assert(text.startsWith(`# mine\n${URL_LINE}`));
  for (const [name, value = "none"] of Object.entries(parseEnv(before))) {
    if (name !== "POWERSYNC_URL") assertFalse((text + stdout).includes(value), name);
  }
  for (const name of names) assertMatch(text, RegExp(`^# Leaked, .*: ${name}, key ID ${name}$`, "m"));
  const ring = await ringOf(text);
  assertEquals([ring.signing.length, ring.published.length, ring.problems], [1, 1, []]);
  assert((signingKeyAt(ring, Date.now() / 1000).notBefore ?? Infinity) <= Date.now() / 1000);
});

Deno.test("it prints one flow: set, unset right after, GitHub's copy, then the earliest time for the restart", async () => {
  const from = Date.now();
  const { stdout, path } = await replaceLeaked(await fileWith(PRIVATE));
  assertEquals(stdout.match(/^(supabase|gh) .*$/gm), [
    `supabase secrets set --env-file ${path}`,
    `supabase secrets unset ${PRIVATE} ${PUBLIC}`,
    `gh secret set POWERSYNC_SECRETS --env production < ${path}`,
  ]);
  assertMatch(
    stdout,
    /^1\. Now:[^]*^2\. Right after[^]*^3\. .*every other copy[^]*POWERSYNC_SECRETS[^]*^4\. 11 min after/m,
  );
  const [, restart = ""] = /not before (\d{4}-\d\d-\d\d \d\d:\d\d) UTC/.exec(stdout) ?? [];
  const seconds = (Date.parse(`${restart.replace(" ", "T")}Z`) - from) / 1000;
  assert(seconds >= RESTART_DELAY_SECONDS - 1 && seconds <= RESTART_DELAY_SECONDS + 61, restart);
  // Nothing of an ordinary rotation, which waits.
  assertFalse(/and at any later time|token lifetime|delete the same lines|Not before/.test(stdout), stdout);
});

Deno.test("--json has the same facts", async () => {
  const { stdout, path } = await replaceLeaked(await fileWith(PRIVATE), "--json");
  const { unset, removed, startsAt, unsetNotBefore, leaked, commands } = JSON.parse(stdout);
  assertEquals([unset, removed, unsetNotBefore], [[PRIVATE, PUBLIC], [PRIVATE, PUBLIC], startsAt]);
  assertEquals(leaked, {
    keyIds: [PRIVATE],
    restartSecondsAfterUnset: RESTART_DELAY_SECONDS,
    restartNotBefore: new Date(Date.parse(startsAt) + RESTART_DELAY_SECONDS * 1000).toISOString(),
  });
  assertEquals(commands, {
    set: [`supabase secrets set --env-file ${path}`],
    unset: [`supabase secrets unset ${PRIVATE} ${PUBLIC}`],
    github: [`gh secret set POWERSYNC_SECRETS --env production < ${path}`],
  });
});

Deno.test("run again, it still unsets what leaked first, and uses none of its names again", async () => {
  const rotate = (text: string) => callWithFile(main, ["--alg", "ES256", "--rotate", "--json"], text);
  let { text } = await rotate(URL_LINE);
  let unset: string[] = [];
  const areUnused = () =>
    assertEquals(Object.keys(parseEnv(text)).filter((name) => unset.includes(name)), []);
  for (const length of [2, 4, 6]) {
    const ran = await replaceLeaked(text, "--json");
    ({ text } = ran);
    ({ unset } = JSON.parse(ran.stdout));
    assertEquals(unset.length, length, ran.stdout);
  }
  areUnused();
  const rotated = await rotate(text);
  assertEquals(JSON.parse(rotated.stdout).commands.set.length, 1);
  ({ text } = rotated);
  areUnused();
});

Deno.test("--replaces names the only key that leaked; the others stay", async () => {
  const before = await fileWith(PRIVATE, `${PRIVATE}_2`);
  const { stdout, text } = await replaceLeaked(before, "--replaces", PRIVATE);
  assertEquals(unsetBy(stdout), `${PRIVATE} ${PUBLIC}`);
  assertEquals(parseEnv(text)[PRIVATE], undefined);
  assertEquals(parseEnv(text)[`${PRIVATE}_2`], parseEnv(before)[`${PRIVATE}_2`]);
  const misspelled = await replaceLeaked(text, "--replaces", `${PRIVATE}_3`);
  assertRefused(misspelled, /has no POWERSYNC_PRIVATE_KEY_3: name one of POWERSYNC_PRIVATE_KEY_2/);
  assertEquals(misspelled.text, text);
  // Named once more, it is unset once more.
  assertEquals(unsetBy((await replaceLeaked(text, "--replaces", PRIVATE)).stdout), `${PRIVATE} ${PUBLIC}`);
});

Deno.test("of a key whose private half was deleted by hand, the public half leaves the file too", async () => {
  const before = (await fileWith(PRIVATE)).replace(/^POWERSYNC_PRIVATE_KEY=.*\n/m, "");
  const { stdout, text } = await replaceLeaked(before, "--replaces", PRIVATE);
  assertEquals(unsetBy(stdout), `${PRIVATE} ${PUBLIC}`);
  assertEquals((await ringOf(text)).published.map(({ kid }) => kid === PRIVATE), [false]);
});

Deno.test("another backend's key beside the leaked one stays, in the file and on Supabase", async () => {
  const other = encodeSecret((await makeKeyPair("ES256", { kid: "other" })).publicJwk);
  const before = (await fileWith(PRIVATE)).replace(/^(POWERSYNC_PUBLIC_KEY)=.*$/m, `$1=${other}`);
  const { stdout, text } = await replaceLeaked(before);
  assertEquals(unsetBy(stdout), PRIVATE);
  assertEquals(parseEnv(text)[PUBLIC], other);
});

Deno.test("what cannot be used leaves the file with the rest, and does not keep a leaked key in it", async () => {
  const before = await fileWith(PRIVATE);
  const twice = `${PRIVATE}_COPY=${parseEnv(before)[PRIVATE]}\n`;
  const broken = `${PRIVATE}_BROKEN=bm9wZQ\nPOWERSYNC_TOKEN_TTL=soon\n`;
  const { code, stdout, stderr, text } = await replaceLeaked(before + twice + broken);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(unsetBy(stdout) ?? "", /^POWERSYNC_PRIVATE_KEY .*_KEY_BROKEN .*_KEY_COPY /);
  const { signing, problems } = await ringOf(text);
  assertEquals([signing.length, problems], [1, []]);
});

Deno.test("a name that is in use again is not unset", async () => {
  const leaked = await replaceLeaked(await fileWith(PRIVATE));
  const { text } = await callWithFile(main, ["--alg", "ES256"], leaked.text);
  const [second = ""] = /POWERSYNC_PRIVATE_KEY_\d+(?==)/.exec(text) ?? [];
  const { unset } = JSON.parse((await replaceLeaked(text, "--json", "--replaces", second)).stdout);
  assertEquals(unset, [second, second.replace("PRIVATE", "PUBLIC")]);
});

Deno.test("without a file, --replaces names the leaked key, and GitHub's copy is changed by hand", async () => {
  assertRefused(await callCommand(main, LEAKED), /--replaces.*supabase secrets list/);
  const { stdout, code } = await callCommand(main, [...LEAKED, "--replaces", `${PRIVATE}_20260101`]);
  assertEquals(code, 0);
  const commands = stdout.match(/^(supabase|gh) .*$/gm) ?? [];
  assertEquals(commands.length, 2);
  assertMatch(commands[0] ?? "", /^supabase secrets set POWERSYNC_PRIVATE_KEY_\d{8}=/);
  assertEquals(unsetBy(stdout), `${PRIVATE}_20260101 ${PUBLIC}_20260101`);
  const [, made = ""] = /set (\w+)=/.exec(stdout) ?? [];
  const again = await callCommand(main, [...LEAKED, "--json", "--replaces", made]);
  assertEquals(Object.keys(JSON.parse(again.stdout).secrets), [`${made}_2`]);
  assertMatch(
    stdout,
    /^3\. .*every other copy[^]*POWERSYNC_PRIVATE_KEY_20260101[^]*POWERSYNC_SECRETS[^]*^4\. 11 min after/m,
  );
});

Deno.test("a key that would be published or signed with again is refused, and the file stays as it is", async () => {
  const text = await fileWith(PRIVATE);
  const { [PRIVATE]: privateKey, [PUBLIC]: publicKey = "" } = parseEnv(text);
  const jwk = JSON.parse(atob(publicKey));
  const renamed = encodeSecret({ ...jwk, kid: "another" });
  const listed = encodeSecret({ keys: [jwk, (await makeKeyPair("ES256")).publicJwk] });
  for (
    const [before, reason, ...args] of [
      [text, /key ID POWERSYNC_PRIVATE_KEY.*leaked/i, "--kid", PRIVATE],
      [`${text}${PUBLIC}_OLD=${publicKey}\n`, /POWERSYNC_PUBLIC_KEY_OLD also publishes the leaked key/],
      [`${text}${PUBLIC}_OLD=${renamed}\n`, /POWERSYNC_PUBLIC_KEY_OLD also publishes the leaked key/],
      [text.replace(publicKey, listed), /POWERSYNC_PUBLIC_KEY also publishes the leaked key/],
      [`${text}${PRIVATE}_2=${privateKey}\n`, /_KEY_2 also publishes the leaked key/, "--replaces", PRIVATE],
      [URL_LINE, /no signing key.*--replaces/],
      [undefined, /There is no file/, "--replaces", PRIVATE],
    ] as const
  ) {
    const ran = await replaceLeaked(before, ...args);
    assertRefused(ran, reason);
    assertEquals(ran.text, before ?? "");
  }
});

Deno.test("a key ID cannot add a line to the file", async () => {
  const { privateJwk } = await makeKeyPair("ES256", { kid: "a\nPOWERSYNC_URL=https://evil.example\u202e" });
  const { code, stderr, text } = await replaceLeaked(`${URL_LINE}${PRIVATE}=${encodeSecret(privateJwk)}\n`);
  assertEquals(code, 0, stderr);
  assertStringIncludes(text, "key ID a�POWERSYNC_URL=");
  assertEquals(parseEnv(text).POWERSYNC_URL, "https://a.example");
});

Deno.test("in a file for local work, nothing is set or unset elsewhere", async () => {
  const local = await callWithFile(main, ["--alg", "ES256", "--kid", "dev-me"], undefined);
  const { code, stdout, text } = await replaceLeaked(local.text);
  assertEquals(code, 0);
  assertFalse(/supabase secrets|gh secret/.test(stdout), stdout);
  const again = await replaceLeaked(text, "--json");
  assertEquals(JSON.parse(again.stdout).commands, { set: [], unset: [], github: [] });
  assertEquals((await ringOf(again.text)).signing.map(({ kid }) => /^dev-(?!me)/.test(kid)), [true]);
});

Deno.test("a development key beside a leaked one of the deployment does not hide the commands", async () => {
  const both = await fileWith(PRIVATE, `${PRIVATE}_2`);
  const { text } = await callWithFile(main, ["--alg", "ES256", "--force", "--kid", "dev-me"], both);
  assertMatch(unsetBy((await replaceLeaked(text)).stdout) ?? "", /POWERSYNC_PRIVATE_KEY_2 /);
});
