import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../support/call_command.ts";
import { inFolder, type Ran, type RunOptions, runTask } from "../support/run_script.ts";

/** Writes a key to `keys.env` in a folder, as a person does, whatever this computer's git is configured with. */
function writeKey(cwd: string, { env = {}, args = [] }: Partial<RunOptions> & { args?: string[] } = {}) {
  const neutral = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  return runTask("keys", ["--alg", "ES256", "--env-file", "keys.env", ...args], {
    cwd,
    env: { ...neutral, ...env },
  });
}

async function git(folder: string, ...args: string[]): Promise<void> {
  const identity = [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.com",
    "-c",
    "protocol.file.allow=always",
  ];
  const { success, stderr } = await new Deno.Command("git", {
    args: ["-C", folder, ...identity, ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(success, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

async function assertWritten(folder: string, ran: Promise<Ran>): Promise<void> {
  const { code, stderr } = await ran;
  assertEquals([code, stderr], [0, ""]);
  assert((await Deno.stat(`${folder}/keys.env`)).isFile);
}

/** It is refused, with this reason, and there is no file. */
async function assertNotWritten(folder: string, { ran, reason }: { ran: Promise<Ran>; reason: RegExp }) {
  assertRefused(await ran, reason);
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assert(!names.includes("keys.env"), names.join());
}

Deno.test("a file that git would commit is refused; an ignored one, or one outside of a repository, is written", async () => {
  await inFolder(async (folder) => {
    await assertWritten(folder, writeKey(folder));
    await Deno.remove(`${folder}/keys.env`);
    await git(folder, "init", "--quiet");
    const reason = /Git would commit keys\.env: add it to \.gitignore/;
    await assertNotWritten(folder, { ran: writeKey(folder), reason });
    await Deno.writeTextFile(`${folder}/.gitignore`, "*.env\n");
    await assertWritten(folder, writeKey(folder));
    await git(folder, "add", "--force", "keys.env");
    assertRefused(await writeKey(folder, { args: ["--force"] }), /Git would commit/);
    const nowhere = await runTask("keys", ["--env-file", "missing/folder/.env"], { cwd: folder });
    assertRefused(nowhere, /folder does not exist/);
  });
});

Deno.test("the target of a link counts, because it gets the key", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet", "outer");
    const outer = `${folder}/outer`;
    await Deno.mkdir(`${outer}/shared`);
    await Deno.writeTextFile(`${outer}/.gitignore`, "keys.env\n");
    // Deno.symlink needs leave to write anywhere.
    await new Deno.Command("sh", { args: ["-c", 'ln -s shared/secrets "$0"', `${outer}/keys.env`] }).output();
    assertRefused(await writeKey(outer), /Git would commit/);
    await Deno.writeTextFile(`${outer}/.gitignore`, "shared/\n");
    assertEquals((await writeKey(outer)).code, 0);
  });
});

Deno.test("a worktree and a submodule are repositories", async () => {
  await inFolder(async (folder) => {
    const main = `${folder}/main`;
    await git(folder, "init", "--quiet", "main");
    await git(main, "commit", "--quiet", "--allow-empty", "-m", "start");
    await git(main, "worktree", "add", "--quiet", "../worktree");
    await git(main, "submodule", "--quiet", "add", main, "module");
    for (const place of [`${folder}/worktree`, `${main}/module`]) {
      await assertNotWritten(place, { ran: writeKey(place), reason: /Git would commit/ });
      await Deno.writeTextFile(`${place}/.gitignore`, "*.env\n");
      await assertWritten(place, writeKey(place));
    }
    // A worktree whose repository was moved: git can still be repaired, and would commit then.
    await Deno.remove(`${folder}/worktree/keys.env`);
    await Deno.rename(main, `${folder}/moved`);
    const reason = /not a git repository: .*Nothing was written/;
    await assertNotWritten(`${folder}/worktree`, { ran: writeKey(`${folder}/worktree`), reason });
  });
});

Deno.test("a repository that git cannot read is refused, with git's own words", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet");
    await Deno.writeTextFile(`${folder}/.gitignore`, "*.env\n");
    await Deno.writeTextFile(`${folder}/.git/config`, "[broken");
    await assertNotWritten(folder, { ran: writeKey(folder), reason: /bad config line \d/ });
    await Deno.remove(`${folder}/.git`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.git`, "broken");
    // In another language too.
    const env = { LC_ALL: "de_DE.UTF-8", LANGUAGE: "de" };
    await assertNotWritten(folder, { ran: writeKey(folder, { env }), reason: /invalid gitfile format/ });
  });
});

Deno.test("while the environment leads git to another repository, the file is refused", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet", "other");
    await git(folder, "init", "--quiet", "own");
    const other = `${folder}/other/.git`;
    await Deno.writeTextFile(`${other}/info/exclude`, "*\n");
    const ceiling = { GIT_CEILING_DIRECTORIES: `${folder}/own` };
    await Deno.mkdir(`${folder}/own/sub`);
    const sub = writeKey(`${folder}/own/sub`, { env: ceiling });
    await assertNotWritten(`${folder}/own/sub`, { ran: sub, reason: /Git would commit/ });
    for (
      const env of [
        { GIT_DIR: other },
        { GIT_DIR: ".git" },
        { GIT_WORK_TREE: folder },
        { GIT_COMMON_DIR: other },
        { GIT_INDEX_FILE: `${other}/index` },
      ]
    ) {
      const [reason = ""] = Object.keys(env);
      await assertNotWritten(`${folder}/own`, {
        ran: writeKey(`${folder}/own`, { env }),
        reason: RegExp(`${reason} is set`),
      });
    }
  });
});

Deno.test("without git on this computer the file is written: nothing here commits it", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.git`);
    const { code, stderr } = await writeKey(folder, { env: { PATH: folder } });
    assertEquals(code, 0, stderr);
  });
});

Deno.test("a repository of another user, whom git does not trust, is refused (needs root to make one)", async (test) => {
  await inFolder(async (folder) => {
    const isRoot = (await Deno.stat(folder)).uid === 0;
    await test.step({
      name: "as root",
      ignore: !isRoot,
      async fn() {
        await git(folder, "init", "--quiet");
        await Deno.chown(folder, 65_534, 65_534);
        await Deno.chown(`${folder}/.git`, 65_534, 65_534);
        await assertNotWritten(folder, { ran: writeKey(folder), reason: /dubious ownership/ });
      },
    });
  });
});
