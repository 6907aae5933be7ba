import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { parseEnv } from "node:util";
import { main } from "../../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { removableSecrets } from "../../scripts/keys/rotate.ts";
import { rotationSecretName } from "../../scripts/keys/secret-names.ts";
import { main as makeToken } from "../../scripts/token.ts";
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
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

/** Writes a file with signing keys that start at the given times (seconds). */
async function writeKeys(path: string, keys: Record<string, number | undefined>, more = ""): Promise<void> {
  const lines = await Promise.all(
    Object.entries(keys).map(async ([name, notBefore]) =>
      `${name}=${encodeSecret((await makeKeyPair("ES256", { notBefore })).privateJwk)}`
    ),
  );
  await Deno.writeTextFile(path, `${more}${lines.join("\n")}\n`);
}

Deno.test("it prints two commands with their times, without the old key", async () => {
  const before = rotationSecretName(Date.now() / 1000, []);
  const ran = await runTask("keys", FAST, { cwd: Deno.cwd(), permissions: [] });
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
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    await callCommand(main, ["--alg", "ES256", "--env-file", path]);
    const before = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, `${before}POWERSYNC_TOKEN_TTL=3600\nPOWERSYNC_URL=https://a.example\n`);
    const ran = await rotate(["--env-file", path]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const text = await Deno.readTextFile(path);
    assert(text.startsWith(before));
    const ring = await loadKeyRing(readKeySecrets(parseEnv(text)));
    assertEquals([ring.signing.length, ring.published.length], [2, 2]);
    assertEquals(signingKeyAt(ring, ran.to).secret, "POWERSYNC_PRIVATE_KEY");
    assertMatch(signingKeyAt(ring, ran.to + 75 * MINUTE).secret, /^POWERSYNC_PRIVATE_KEY_\d{8}$/);
    const commands = ran.stdout.match(/^supabase .*$/gm);
    assertEquals(commands, [
      `supabase secrets set --env-file ${path}`,
      "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY",
    ]);
    const again = json(await rotate(["--json", "--env-file", path]));
    assertEquals(seconds(again.unsetNotBefore) - seconds(again.startsAt), 3600 + 60 + 600);
    assertEquals(again.unset.length, 3);
    assertEquals(again.removed, []);
    assertEquals((await Deno.readTextFile(path)).match(/^POWERSYNC_PRIVATE_KEY_\d{8}(_2)?=/gm)?.length, 2);
  });
});

Deno.test("of rotations at the same time, each that says success has its key in the file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    await writeKeys(path, { POWERSYNC_PRIVATE_KEY: undefined });
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
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    const now = Math.floor(Date.now() / 1000);
    const keys = { POWERSYNC_PRIVATE_KEY: undefined, POWERSYNC_PRIVATE_KEY_20200101: now - 3600 };
    await writeKeys(path, keys, "POWERSYNC_URL=https://a.example\nPOWERSYNC_PUBLIC_KEY=e30\n");
    const ran = await rotate(["--env-file", path]);
    const names = Object.keys(parseEnv(await Deno.readTextFile(path)));
    assertEquals(names.slice(0, 2), ["POWERSYNC_URL", "POWERSYNC_PRIVATE_KEY_20200101"]);
    assertEquals(names.length, 3);
    assertEquals(ran.stdout.match(/^supabase secrets unset.*$/gm), [
      "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY",
      "supabase secrets unset POWERSYNC_PRIVATE_KEY_20200101",
    ]);
  });
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
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await callCommand(main, ["--alg", "ES256", "--kid", "dev-me", "--env-file", path]);
    const ran = await rotate(["--env-file", path]);
    assertEquals(ran.code, 0);
    assertFalse(ran.stdout.includes("supabase secrets"), ran.stdout);
    const { signing } = await loadKeyRing(
      readKeySecrets(parseEnv(await Deno.readTextFile(path))),
    );
    assertEquals(signing.map(({ kid }) => kid.startsWith("dev-")), [true, true]);
  });
});

Deno.test("a broken key in the file, or one that is not there, is named", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await Deno.writeTextFile(path, "POWERSYNC_PRIVATE_KEY=bm9wZQ\n");
    assertRefused(
      await rotate(["--env-file", path]),
      /POWERSYNC_PRIVATE_KEY cannot be used.*Remove it/,
    );
    await writeKeys(path, { POWERSYNC_PRIVATE_KEY: undefined });
    assertRefused(
      await rotate(["--env-file", path, "--replaces", "POWERSYNC_PRIVATE_KEY_X"]),
      /has no POWERSYNC_PRIVATE_KEY_X/,
    );
  });
});

Deno.test("tokens go from the old key to the new one with one file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await writeKeys(path, { POWERSYNC_PRIVATE_KEY: undefined });
    const token = () => callCommand(makeToken, ["--user", "u", "--env-file", path]);
    const kid = ({ stdout }: Ran) => JSON.parse(atob(stdout.split(".")[0] ?? "")).kid;
    const old = kid(await token());
    await rotate(["--env-file", path]);
    assertEquals(kid(await token()), old);
    await rotate(["--env-file", path, "--starts-in", "now", "--kid", "urgent"]);
    const latest = await token();
    assertEquals(kid(latest), "urgent");
    assertEquals(decodeJwt(latest.stdout.trim()).sub, "u");
  });
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
