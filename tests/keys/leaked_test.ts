import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { parseEnv } from "node:util";
import { main } from "../../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { RESTART_DELAY_SECONDS } from "../../scripts/keys/rotation.ts";
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
import { inFolder, type Ran } from "../support/run_script.ts";

const URL_LINE = "POWERSYNC_URL=https://a.example\n";

function replaceLeaked(...args: string[]): Promise<Ran> {
  return callCommand(main, ["--alg", "ES256", "--rotate", "--leaked", ...args]);
}

/** Runs a test with a file that holds a URL and a key pair for each name, the name as key ID. */
async function withKeys(
  names: readonly string[],
  test: (file: { path: string; before: Record<string, string | undefined> }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    let text = `# mine\n${URL_LINE}`;
    for (const name of names) {
      const pair = await makeKeyPair("ES256", { kid: name });
      text += `${name}=${encodeSecret(pair.privateJwk)}\n`;
      text += `${name.replace("PRIVATE", "PUBLIC")}=${encodeSecret(pair.publicJwk)}\n`;
    }
    await Deno.writeTextFile(path, text);
    await test({ path, before: parseEnv(text) });
  });
}

Deno.test("a leaked key leaves the file, except for its key ID, and the new one signs now", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVATE_KEY_2"], async ({ path, before }) => {
    const ran = await replaceLeaked("--env-file", path);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const text = await Deno.readTextFile(path);
    assert(text.startsWith(`# mine\n${URL_LINE}`));
    for (const [name, value = "none"] of Object.entries(before)) {
      if (name !== "POWERSYNC_URL") assertFalse((text + ran.stdout).includes(value), name);
    }
    for (const name of ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVATE_KEY_2"]) {
      assertMatch(text, RegExp(`^# Leaked, .*: ${name}, key ID ${name}$`, "m"));
    }
    const ring = await loadKeyRing(readKeySecrets(parseEnv(text)));
    assertEquals([ring.signing.length, ring.published.length, ring.problems], [1, 1, []]);
    assert((signingKeyAt(ring, Date.now() / 1000).notBefore ?? Infinity) <= Date.now() / 1000);
  });
});

Deno.test("it prints one flow: set, unset right after, GitHub's copy, then the earliest time for the restart", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path }) => {
    const from = Date.now();
    const { stdout } = await replaceLeaked("--env-file", path);
    assertEquals(stdout.match(/^(supabase|gh) .*$/gm), [
      `supabase secrets set --env-file ${path}`,
      "supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY",
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
});

Deno.test("--json has the same facts", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path }) => {
    const report = JSON.parse((await replaceLeaked("--json", "--env-file", path)).stdout);
    const starts = Date.parse(report.startsAt);
    assertEquals(report.unset, ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"]);
    assertEquals(report.removed, report.unset);
    assertEquals(report.unsetNotBefore, report.startsAt);
    assertEquals(report.leaked, {
      keyIds: ["POWERSYNC_PRIVATE_KEY"],
      restartSecondsAfterUnset: RESTART_DELAY_SECONDS,
      restartNotBefore: new Date(starts + RESTART_DELAY_SECONDS * 1000).toISOString(),
    });
    assertEquals(report.commands, {
      set: [`supabase secrets set --env-file ${path}`],
      unset: ["supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY"],
      github: [`gh secret set POWERSYNC_SECRETS --env production < ${path}`],
    });
  });
});

Deno.test("run again, it still unsets what leaked first, and uses none of its names again", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    await Deno.writeTextFile(path, URL_LINE);
    await callCommand(main, ["--alg", "ES256", "--rotate", "--env-file", path]);
    const unset: string[][] = [];
    for (let turn = 0; turn < 3; turn++) {
      unset.push(JSON.parse((await replaceLeaked("--json", "--env-file", path)).stdout).unset);
    }
    assertEquals(unset.map(({ length }) => length), [2, 4, 6]);
    const names = Object.keys(parseEnv(await Deno.readTextFile(path)));
    assertEquals(names.filter((name) => unset[2]?.includes(name)), []);
    const { commands } = JSON.parse(
      (await callCommand(main, ["--alg", "ES256", "--rotate", "--json", "--env-file", path])).stdout,
    );
    assertEquals(commands.set.length, 1);
    const rotated = Object.keys(parseEnv(await Deno.readTextFile(path)));
    assertEquals(rotated.filter((name) => unset[2]?.includes(name)), []);
  });
});

Deno.test("--replaces names the only key that leaked; the others stay", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVATE_KEY_2"], async ({ path, before }) => {
    const { stdout } = await replaceLeaked("--env-file", path, "--replaces", "POWERSYNC_PRIVATE_KEY");
    assertMatch(stdout, /^supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY$/m);
    const after = parseEnv(await Deno.readTextFile(path));
    assertEquals(after.POWERSYNC_PRIVATE_KEY, undefined);
    assertEquals(after.POWERSYNC_PRIVATE_KEY_2, before.POWERSYNC_PRIVATE_KEY_2);
    const text = await Deno.readTextFile(path);
    const misspelled = await replaceLeaked("--env-file", path, "--replaces", "POWERSYNC_PRIVATE_KEY_3");
    assertRefused(misspelled, /has no POWERSYNC_PRIVATE_KEY_3: name one of POWERSYNC_PRIVATE_KEY_2/);
    assertEquals(await Deno.readTextFile(path), text);
    // Named once more, it is unset once more.
    const again = await replaceLeaked("--env-file", path, "--replaces", "POWERSYNC_PRIVATE_KEY");
    assertMatch(again.stdout, /^supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY$/m);
  });
});

Deno.test("of a key whose private half was deleted by hand, the public half leaves the file too", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path }) => {
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace(/^POWERSYNC_PRIVATE_KEY=.*\n/m, ""));
    const { stdout } = await replaceLeaked("--env-file", path, "--replaces", "POWERSYNC_PRIVATE_KEY");
    assertMatch(stdout, /^supabase secrets unset POWERSYNC_PRIVATE_KEY POWERSYNC_PUBLIC_KEY$/m);
    const { published } = await loadKeyRing(readKeySecrets(parseEnv(await Deno.readTextFile(path))));
    assertEquals(published.map(({ kid }) => kid === "POWERSYNC_PRIVATE_KEY"), [false]);
  });
});

Deno.test("another backend's key beside the leaked one stays, in the file and on Supabase", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path, before }) => {
    const other = encodeSecret((await makeKeyPair("ES256", { kid: "other" })).publicJwk);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace(before.POWERSYNC_PUBLIC_KEY ?? "", other));
    const { stdout } = await replaceLeaked("--env-file", path);
    assertMatch(stdout, /^supabase secrets unset POWERSYNC_PRIVATE_KEY$/m);
    assertEquals(parseEnv(await Deno.readTextFile(path)).POWERSYNC_PUBLIC_KEY, other);
  });
});

Deno.test("what cannot be used leaves the file with the rest, and does not keep a leaked key in it", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path, before }) => {
    const twice = `POWERSYNC_PRIVATE_KEY_COPY=${before.POWERSYNC_PRIVATE_KEY}\n`;
    const broken = "POWERSYNC_PRIVATE_KEY_BROKEN=bm9wZQ\nPOWERSYNC_TOKEN_TTL=soon\n";
    await Deno.writeTextFile(path, await Deno.readTextFile(path) + twice + broken);
    const { code, stdout, stderr } = await replaceLeaked("--env-file", path);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /secrets unset POWERSYNC_PRIVATE_KEY .*_KEY_BROKEN .*_KEY_COPY /);
    const { signing, problems } = await loadKeyRing(readKeySecrets(parseEnv(await Deno.readTextFile(path))));
    assertEquals([signing.length, problems], [1, []]);
  });
});

Deno.test("a name that is in use again is not unset", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path }) => {
    await replaceLeaked("--env-file", path);
    await callCommand(main, ["--alg", "ES256", "--env-file", path]);
    const [second = ""] = /POWERSYNC_PRIVATE_KEY_\d+(?==)/.exec(await Deno.readTextFile(path)) ?? [];
    const { unset } = JSON.parse(
      (await replaceLeaked("--json", "--env-file", path, "--replaces", second)).stdout,
    );
    assertEquals(unset, [second, second.replace("PRIVATE", "PUBLIC")]);
  });
});

Deno.test("without a file, --replaces names the leaked key, and GitHub's copy is changed by hand", async () => {
  assertRefused(await replaceLeaked(), /--replaces.*supabase secrets list/);
  const { stdout, code } = await replaceLeaked("--replaces", "POWERSYNC_PRIVATE_KEY_20260101");
  assertEquals(code, 0);
  const commands = stdout.match(/^(supabase|gh) .*$/gm) ?? [];
  assertEquals(commands.length, 2);
  assertMatch(commands[0] ?? "", /^supabase secrets set POWERSYNC_PRIVATE_KEY_\d{8}=/);
  const names = "POWERSYNC_PRIVATE_KEY_20260101 POWERSYNC_PUBLIC_KEY_20260101";
  assertEquals(commands[1], `supabase secrets unset ${names}`);
  assertMatch(
    stdout,
    /^3\. .*every other copy[^]*POWERSYNC_PRIVATE_KEY_20260101[^]*POWERSYNC_SECRETS[^]*^4\. 11 min after/m,
  );
});

Deno.test("a key that would be published or signed with again is refused, and the file stays as it is", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY"], async ({ path, before }) => {
    const text = await Deno.readTextFile(path);
    const unchanged = async (reason: RegExp, ...args: string[]) => {
      const text = await Deno.readTextFile(path);
      assertRefused(await replaceLeaked("--env-file", path, ...args), reason);
      assertEquals(await Deno.readTextFile(path), text);
    };
    await unchanged(/key ID POWERSYNC_PRIVATE_KEY.*leaked/i, "--kid", "POWERSYNC_PRIVATE_KEY");
    await Deno.writeTextFile(path, `${text}POWERSYNC_PUBLIC_KEY_OLD=${before.POWERSYNC_PUBLIC_KEY}\n`);
    await unchanged(/POWERSYNC_PUBLIC_KEY_OLD also publishes the leaked key/);
    const jwk = JSON.parse(atob(before.POWERSYNC_PUBLIC_KEY ?? ""));
    const renamed = encodeSecret({ ...jwk, kid: "another" });
    await Deno.writeTextFile(path, `${text}POWERSYNC_PUBLIC_KEY_OLD=${renamed}\n`);
    await unchanged(/POWERSYNC_PUBLIC_KEY_OLD also publishes the leaked key/);
    const { publicJwk } = await makeKeyPair("ES256");
    const listed = encodeSecret({ keys: [jwk, publicJwk] });
    await Deno.writeTextFile(path, text.replace(before.POWERSYNC_PUBLIC_KEY ?? "", listed));
    await unchanged(/POWERSYNC_PUBLIC_KEY also publishes the leaked key/);
    await Deno.writeTextFile(path, `${text}POWERSYNC_PRIVATE_KEY_2=${before.POWERSYNC_PRIVATE_KEY}\n`);
    await unchanged(
      /POWERSYNC_PRIVATE_KEY_2 also publishes the leaked key/,
      "--replaces",
      "POWERSYNC_PRIVATE_KEY",
    );
    await Deno.writeTextFile(path, URL_LINE);
    await unchanged(/no signing key.*--replaces/);
    await Deno.remove(path);
    const replaces = ["--replaces", "POWERSYNC_PRIVATE_KEY"];
    assertRefused(await replaceLeaked("--env-file", path, ...replaces), /There is no file/);
    assertEquals([...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))], []);
  });
});

Deno.test("a key ID cannot add a line to the file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env.production`;
    const { privateJwk } = await makeKeyPair("ES256", { kid: "a\nPOWERSYNC_URL=https://evil.example\u202e" });
    await Deno.writeTextFile(path, `${URL_LINE}POWERSYNC_PRIVATE_KEY=${encodeSecret(privateJwk)}\n`);
    const ran = await replaceLeaked("--env-file", path);
    assertEquals(ran.code, 0, ran.stderr);
    const text = await Deno.readTextFile(path);
    assertStringIncludes(text, "key ID a�POWERSYNC_URL=");
    assertEquals(parseEnv(text).POWERSYNC_URL, "https://a.example");
  });
});

Deno.test("in a file for local work, nothing is set or unset elsewhere", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await callCommand(main, ["--alg", "ES256", "--kid", "dev-me", "--env-file", path]);
    const { code, stdout } = await replaceLeaked("--env-file", path);
    assertEquals(code, 0);
    assertFalse(/supabase secrets|gh secret/.test(stdout), stdout);
    const { commands } = JSON.parse((await replaceLeaked("--json", "--env-file", path)).stdout);
    assertEquals(commands, { set: [], unset: [], github: [] });
    const { signing } = await loadKeyRing(readKeySecrets(parseEnv(await Deno.readTextFile(path))));
    assertEquals(signing.map(({ kid }) => /^dev-(?!me)/.test(kid)), [true]);
  });
});

Deno.test("a development key beside a leaked one of the deployment does not hide the commands", async () => {
  await withKeys(["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVATE_KEY_2"], async ({ path }) => {
    await callCommand(main, ["--alg", "ES256", "--force", "--kid", "dev-me", "--env-file", path]);
    assertMatch((await replaceLeaked("--env-file", path)).stdout, /unset .*POWERSYNC_PRIVATE_KEY_2 /);
  });
});
