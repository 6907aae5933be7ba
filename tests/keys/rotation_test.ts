import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { decodeProtectedHeader } from "jose";
import { parseEnv } from "node:util";
import { main } from "../../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { removableSecrets } from "../../scripts/keys/rotate.ts";
import { rotationSecretName } from "../../scripts/keys/secret-names.ts";
import { main as makeToken } from "../../scripts/token.ts";
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand, callWithFile } from "../support/call_command.ts";
import { inFolder, type Ran, runTask } from "../support/run_script.ts";

const FAST = ["--alg", "ES256", "--rotate"];
const MINUTE = 60;

/** Runs the rotation and says between which seconds it ran. */
async function rotate(args: readonly string[]): Promise<Ran & { from: number; to: number }> {
  const from = Math.floor(Date.now() / 1000);
  const ran = await callCommand(main, [...FAST, ...args]);
  return { ...ran, from, to: Math.floor(Date.now() / 1000) };
}

interface RotationJson {
  kid: string;
  secrets: Record<string, string>;
  startsAt: string;
  unset: string[];
  unsetNotBefore: string;
  removed: string[];
  commands: { set: string[]; unset: string[] };
}

function json({ stdout }: Ran): RotationJson {
  return JSON.parse(stdout);
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** The same with a file of this text. */
const rotateIn = (text: string, ...args: string[]) => callWithFile(main, [...FAST, ...args], text);

/** A file with signing keys that start at the given times (seconds). */
async function fileWith(keys: Record<string, number | undefined>, more = ""): Promise<string> {
  const lines = await Promise.all(
    Object.entries(keys).map(async ([name, notBefore]) =>
      `${name}=${encodeSecret((await makeKeyPair("ES256", { notBefore })).privateJwk)}`
    ),
  );
  return `${more}${lines.join("\n")}\n`;
}

Deno.test("a new key's secret is named after the UTC date, with a number when that is taken", () => {
  const late = Date.UTC(2026, 10, 21, 23, 59, 59) / 1000;
  const name = "POWERSYNC_PRIVATE_KEY_20261121";
  assertEquals(rotationSecretName(late, ["POWERSYNC_PRIVATE_KEY"]), name);
  assertEquals(rotationSecretName(late, [name]), `${name}_2`);
  assertEquals(rotationSecretName(late, [name, `${name}_2`]), `${name}_3`);
  assertEquals(rotationSecretName(late + 1, [name]), "POWERSYNC_PRIVATE_KEY_20261122");
});

Deno.test("it prints two commands with their times, without the old key", async () => {
  const before = rotationSecretName(Date.now() / 1000, []);
  const ran = await callCommand(main, FAST);
  // One of them, should midnight pass.
  const names = [before, rotationSecretName(Date.now() / 1000, [])];
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const commands = ran.stdout.match(/^supabase .*$/gm) ?? [];
  assertEquals(commands.length, 2);
  assert(
    names.some((name) => commands[0]?.startsWith(`supabase secrets set ${name}=`)),
    commands[0]?.slice(0, 60),
  );
  assertEquals(commands[1], "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY");
  assertMatch(ran.stdout, /signs from \d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 1 h 15 min\)/);
  assertMatch(ran.stdout, /1\. Now:[^]*2\. Not before \d{4}-\d\d-\d\d \d\d:\d\d UTC[^]*unset/);
});

Deno.test("the new key starts after 75 minutes, and the old one may be removed 16 minutes later", async () => {
  const ran = await rotate(["--json"]);
  const { startsAt, unsetNotBefore, secrets } = json(ran);
  const start = seconds(startsAt);
  assert(start >= ran.from + 75 * MINUTE && start <= ran.to + 75 * MINUTE);
  assertEquals(seconds(unsetNotBefore) - start, 300 + 60 + 600);
  const { signing } = await loadKeyRing(readKeySecrets(secrets));
  assertEquals(signing.map(({ notBefore }) => notBefore), [start]);
});

for (const [text, lead] of [["now", 0], ["90s", 90], ["2h", 7200], ["1d", 86_400]] as const) {
  Deno.test(`--starts-in ${text} starts after ${lead} s`, async () => {
    const ran = await rotate(["--json", "--starts-in", text]);
    const start = seconds(json(ran).startsAt);
    assert(start >= ran.from + lead && start <= ran.to + lead);
  });
}

Deno.test("--starts-in now says nothing of a leaked key, which has a flow of its own", async () => {
  const { stdout } = await rotate(["--starts-in", "now"]);
  assertMatch(stdout, /signs at once/);
  assertFalse(/leaked|restart/.test(stdout));
});

Deno.test("--replaces names another old key, and its name is not used again", async () => {
  const { secrets: first } = json(await rotate(["--json"]));
  const [name = ""] = Object.keys(first);
  const { unset, secrets } = json(await rotate(["--json", "--replaces", name]));
  assertEquals(unset, [name, name.replace("PRIVATE", "PUBLIC")]);
  assertEquals(Object.keys(secrets), [`${name}_2`]);
});

Deno.test("with --env-file it adds to the file, and reads the names and the lifetime from it", async () => {
  const first = (await callWithFile(main, ["--alg", "ES256"], undefined)).text;
  const { code, stdout, stderr, path, text } = await rotateIn(
    `${first}POWERSYNC_TOKEN_TTL=3600\nPOWERSYNC_URL=https://a.example\n`,
  );
  assertEquals([code, stderr], [0, ""]);
  assert(text.startsWith(first));
  const ring = await loadKeyRing(readKeySecrets(parseEnv(text)));
  assertEquals([ring.signing.length, ring.published.length], [2, 2]);
  const now = Date.now() / 1000;
  assertEquals(signingKeyAt(ring, now).secret, "POWERSYNC_PRIVATE_KEY");
  assertMatch(signingKeyAt(ring, now + 75 * MINUTE).secret, /^POWERSYNC_PRIVATE_KEY_\d{8}$/);
  assertEquals(stdout.match(/^supabase .*$/gm), [
    `supabase secrets set --env-file ${path}`,
    "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY",
  ]);
  const second = await rotateIn(text, "--json");
  const again = json(second);
  assertEquals(seconds(again.unsetNotBefore) - seconds(again.startsAt), 3600 + 60 + 600);
  assertEquals([again.unset.length, again.removed], [3, []]);
  const third = await rotateIn(text, "--replaces", "POWERSYNC_PRIVATE_KEY");
  for (const { text } of [second, third]) {
    assertEquals(text.match(/^POWERSYNC_PRIVATE_KEY_\d{8}(_2)?=/gm)?.length, 2);
  }
});

Deno.test("of rotations at the same time, each that says success has its key in the file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    await Deno.writeTextFile(path, await fileWith({ POWERSYNC_PRIVATE_KEY: undefined }));
    const args = [...FAST, "--json", "--env-file", path];
    const ran = await Promise.all([1, 2, 3, 4].map(() => runTask("keys", args, { cwd: folder })));
    const succeeded = ran.filter(({ code }) => code === 0);
    const { signing } = await loadKeyRing(readKeySecrets(parseEnv(await Deno.readTextFile(path))));
    const made = signing.flatMap(({ kid, secret }) => secret === "POWERSYNC_PRIVATE_KEY" ? [] : [kid]);
    assertEquals(made.sort(), succeeded.map((report) => json(report).kid).sort());
    assert(succeeded.length > 0);
    for (const refused of ran.filter(({ code }) => code !== 0)) {
      assertRefused(refused, /has changed since it was read|Another command is writing/);
    }
  });
});

Deno.test("with --env-file it removes both halves of keys that are no longer needed, and says how to unset them", async () => {
  const lastHour = Math.floor(Date.now() / 1000) - 3600;
  const keys = { POWERSYNC_PRIVATE_KEY: undefined, POWERSYNC_PRIVATE_KEY_20200101: lastHour };
  const more = "POWERSYNC_URL=https://a.example\nPOWERSYNC_PUBLIC_KEY=e30\n";
  const { stdout, text } = await rotateIn(await fileWith(keys, more));
  const names = Object.keys(parseEnv(text));
  assertEquals(names.slice(0, 2), ["POWERSYNC_URL", "POWERSYNC_PRIVATE_KEY_20200101"]);
  assertEquals(names.length, 3);
  assertEquals(stdout.match(/^supabase secrets unset.*$/gm), [
    "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY",
    "supabase secrets unset POWERSYNC_PRIVATE_KEY_20200101",
  ]);
});

Deno.test("a key may be removed exactly when the last token it signed has expired", async () => {
  const start = 1_800_000_000;
  const [old, current, future] = await Promise.all(
    [undefined, start, start + 100_000].map((notBefore) => makeKeyPair("ES256", { notBefore })),
  );
  const { signing } = await loadKeyRing(readKeySecrets({
    POWERSYNC_PRIVATE_KEY: encodeSecret(old?.privateJwk),
    POWERSYNC_PRIVATE_KEY_2: encodeSecret(current?.privateJwk),
    POWERSYNC_PRIVATE_KEY_3: encodeSecret(future?.privateJwk),
  }));
  const removable = (nowSeconds: number) =>
    removableSecrets(signing, { nowSeconds, tokenLifetimeSeconds: 300 });
  assertEquals(removable(start), []);
  assertEquals(removable(start + 300 + 60 + 600 - 1), []);
  assertEquals(removable(start + 300 + 60 + 600), ["POWERSYNC_PRIVATE_KEY"]);
  assertEquals(removableSecrets([], { nowSeconds: start, tokenLifetimeSeconds: 300 }), []);
});

Deno.test("a file for local work gets a dev- key and no command that uploads", async () => {
  const local = await callWithFile(main, ["--alg", "ES256", "--kid", "dev-me"], undefined);
  const { code, stdout, text } = await rotateIn(local.text);
  assertEquals(code, 0);
  assertFalse(stdout.includes("supabase secrets"), stdout);
  const { signing } = await loadKeyRing(readKeySecrets(parseEnv(text)));
  assertEquals(signing.map(({ kid }) => kid.startsWith("dev-")), [true, true]);
});

Deno.test("a broken key or lifetime in the file, or a key that is not there, is named", async () => {
  assertRefused(
    await rotateIn("POWERSYNC_PRIVATE_KEY=bm9wZQ\n"),
    /POWERSYNC_PRIVATE_KEY cannot be used.*Remove it/,
  );
  const text = await fileWith({ POWERSYNC_PRIVATE_KEY: undefined });
  const longLived = `${text}POWERSYNC_TOKEN_TTL=soon\n`;
  assertRefused(await rotateIn(longLived), /POWERSYNC_TOKEN_TTL cannot be used/);
  assertEquals((await rotateIn(longLived, "--token-ttl", "300")).code, 0);
  const refused = await rotateIn(text, "--replaces", "POWERSYNC_PRIVATE_KEY_X");
  assertRefused(refused, /has no POWERSYNC_PRIVATE_KEY_X/);
});

Deno.test("tokens go from the old key to the new one with one file", async () => {
  const kidOf = async (text: string) =>
    decodeProtectedHeader((await callWithFile(makeToken, ["--user", "u"], text)).stdout.trim()).kid;
  const first = await fileWith({ POWERSYNC_PRIVATE_KEY: undefined });
  const { text: second } = await rotateIn(first);
  assertEquals(await kidOf(second), await kidOf(first));
  const { text: third } = await rotateIn(second, "--starts-in", "now", "--kid", "urgent");
  assertEquals(await kidOf(third), "urgent");
});

for (
  const [args, reason] of [
    [["--starts-in", "soon"], /--starts-in/],
    [["--starts-in", "31d"], /--starts-in/],
    [["--starts-in", "-5m"], /--starts-in/],
    [["--replaces", "POWERSYNC_URL"], /--replaces/],
    [["--alg", "HS256"], /--force/],
    [["--token-ttl", "5"], /--token-ttl/],
    [["--kid", "dev-x"], /dev-/],
  ] as const
) {
  Deno.test(`--rotate ${args.join(" ")} exits 1 with the reason`, async () => {
    assertRefused(await rotate(args), reason);
  });
}
