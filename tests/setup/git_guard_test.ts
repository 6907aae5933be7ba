import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { main } from "../../scripts/generate-keys.ts";
import { assertGitIgnores } from "../../scripts/setup/git-guard.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
import { makeLink } from "../support/file_tree.ts";
import { inFolder, type Ran, runTask } from "../support/run_script.ts";

/** Whatever this computer's git is configured with. */
const NEUTRAL = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
for (const [name, value] of Object.entries(NEUTRAL)) Deno.env.set(name, value);

/** Writes a key to `keys.env` in a folder, as a person does whose environment has these variables. */
function writeKey(cwd: string, env: Record<string, string>): Promise<Ran> {
  return runTask("keys", ["--alg", "ES256", "--env-file", "keys.env"], { cwd, env });
}

async function git(folder: string, ...args: string[]): Promise<void> {
  const config = ["user.name=t", "user.email=t@example.com", "protocol.file.allow=always"];
  const { success, stderr } = await new Deno.Command("git", {
    args: ["-C", folder, ...config.flatMap((setting) => ["-c", setting]), ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(success, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A key may be written to `keys.env` in a folder. */
const assertAllowed = (folder: string) => assertGitIgnores(`${folder}/keys.env`);

/** It may not, for this reason. */
async function assertForbidden(folder: string, reason: RegExp): Promise<void> {
  assertMatch((await assertRejects(() => assertAllowed(folder), CommandError)).message, reason);
}

Deno.test("a file that git would commit is refused; an ignored one, or one outside of a repository, is written", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/keys.env`;
    const write = (...args: string[]) => callCommand(main, ["--alg", "ES256", "--env-file", file, ...args]);
    await assertAllowed(folder);
    await git(folder, "init", "--quiet");
    assertRefused(await write(), /Git would commit \S+\/keys\.env: add it to \.gitignore/);
    await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
    await Deno.writeTextFile(`${folder}/.gitignore`, "*.env\n");
    const { code, stderr } = await write();
    assertEquals([code, stderr], [0, ""]);
    assert((await Deno.stat(file)).isFile);
    await git(folder, "add", "--force", "keys.env");
    assertRefused(await write("--force"), /Git would commit/);
    const nowhere = ["--env-file", `${folder}/missing/folder/.env`];
    assertRefused(await callCommand(main, nowhere), /folder does not exist/);
  });
});

Deno.test("the target of a link counts, because it gets the key", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet", "outer");
    const outer = `${folder}/outer`;
    await Deno.mkdir(`${outer}/shared`);
    await Deno.writeTextFile(`${outer}/.gitignore`, "keys.env\n");
    await makeLink("shared/secrets", `${outer}/keys.env`);
    await assertForbidden(outer, /Git would commit/);
    await Deno.writeTextFile(`${outer}/.gitignore`, "shared/\n");
    await assertAllowed(outer);
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
      await assertForbidden(place, /Git would commit/);
      await Deno.writeTextFile(`${place}/.gitignore`, "*.env\n");
      await assertAllowed(place);
    }
    // A worktree whose repository was moved: git can still be repaired, and would commit then.
    await Deno.rename(main, `${folder}/moved`);
    await assertForbidden(`${folder}/worktree`, /not a git repository: .*Nothing was written/);
  });
});

Deno.test("a repository that git cannot read is refused, with git's own words", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet");
    await Deno.writeTextFile(`${folder}/.gitignore`, "*.env\n");
    await Deno.writeTextFile(`${folder}/.git/config`, "[broken");
    await assertForbidden(folder, /bad config line \d/);
    await Deno.remove(`${folder}/.git`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.git`, "broken");
    // In another language too.
    const env = { LC_ALL: "de_DE.UTF-8", LANGUAGE: "de" };
    assertRefused(await writeKey(folder, env), /invalid gitfile format/);
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
    assertRefused(await writeKey(`${folder}/own/sub`, ceiling), /Git would commit/);
    const misleading = {
      GIT_DIR: other,
      GIT_WORK_TREE: folder,
      GIT_COMMON_DIR: other,
      GIT_INDEX_FILE: `${other}/index`,
    };
    await Promise.all(
      [...Object.entries(misleading), ["GIT_DIR", ".git"]].map(async ([name = "", value = ""]) => {
        assertRefused(await writeKey(`${folder}/own`, { [name]: value }), RegExp(`${name} is set`));
      }),
    );
  });
});

Deno.test("without git on this computer the file is written: nothing here commits it", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.git`);
    const { code, stderr } = await writeKey(folder, { PATH: folder });
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
        await assertForbidden(folder, /dubious ownership/);
      },
    });
  });
});
