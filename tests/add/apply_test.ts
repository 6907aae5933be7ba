import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { applyChanges, type Change } from "../../scripts/add/apply.ts";
import { CommandError } from "../../scripts/cli/command.ts";
import { makeLink, readTree, writeTree } from "../support/file_tree.ts";
import { inFolder } from "../support/run_script.ts";

const FILES = { "supabase/config.toml": "old config\n", "a/changed.ts": "old\n", "a/removed.ts": "gone\n" };
const CHANGES: readonly Change[] = [
  { path: "a/changed.ts", from: "old\n", to: "new\n", keptAs: "a/changed.ts.orig" },
  { path: "a/removed.ts", from: "gone\n", to: undefined },
  { path: "b/c/added.ts", from: undefined, to: "added\n" },
];

/** The changes are refused, and the folder is as it was, empty folders too. */
async function assertNothingChanged(
  folder: string,
  changes: readonly Change[],
  reason: RegExp,
): Promise<void> {
  const [before, folders] = [await readTree(folder), await foldersIn(folder)];
  const { message } = await assertRejects(() => applyChanges(folder, changes), CommandError);
  assertMatch(message, reason);
  assertEquals([await readTree(folder), await foldersIn(folder)], [before, folders]);
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const inner = entries.filter(({ isDirectory }) => isDirectory).map(async (
    { name },
  ) => [name, ...(await foldersIn(join(folder, name))).map((below) => `${name}/${below}`)]);
  return (await Promise.all(inner)).flat().sort();
}

async function inProject(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await writeTree(folder, FILES);
    await test(await Deno.realPath(folder));
  });
}

Deno.test("files are changed, removed, added and kept, and nothing else is left", async () => {
  await inProject(async (folder) => {
    await applyChanges(folder, CHANGES);
    assertEquals(
      await readTree(folder),
      new Map([
        ["supabase/config.toml", "old config\n"],
        ["a/changed.ts", "new\n"],
        ["a/changed.ts.orig", "old\n"],
        ["b/c/added.ts", "added\n"],
      ].sort(([a = ""], [b = ""]) => a < b ? -1 : 1) as [string, string][]),
    );
  });
});

Deno.test("a failure while files are renamed takes back what was renamed", async () => {
  await inProject(async (folder) => {
    // The second removal of the same file fails, after all other changes.
    const again = { path: "a/removed.ts", from: "gone\n", to: undefined };
    await assertNothingChanged(
      folder,
      [...CHANGES, again],
      /^a\/removed\.ts cannot be written: .+ Nothing was changed\.$/,
    );
  });
});

Deno.test("what cannot be put back is said, and its copy stays: another program takes its place meanwhile", async () => {
  await inProject(async (folder) => {
    let reads = 0;
    const last: Change = {
      path: "b/last.ts",
      from: undefined,
      // Read once before anything is changed, and again after all other changes.
      get to() {
        if (++reads === 2) {
          Deno.mkdirSync(join(folder, "a/removed.ts"));
          Deno.removeSync(join(folder, "b/last.ts.add-new"));
        }
        return "x";
      },
    };
    const { message } = await assertRejects(() => applyChanges(folder, [...CHANGES, last]), CommandError);
    assertMatch(
      message,
      /^b\/last\.ts cannot be written: .* Not everything could be put back \(.*\): what was there ends with \.add-old\.$/,
    );
    const tree = await readTree(folder);
    assertEquals([tree.get("a/changed.ts"), tree.get("a/removed.ts.add-old")], ["old\n", "gone\n"]);
    assertEquals([...tree.keys()].filter((path) => /^b\/.*\.ts$/.test(path)), []);
  });
});

Deno.test("a failure before that changes nothing: a file that has changed since, or a folder in its place", async () => {
  await inProject(async (folder) => {
    const stale = { path: "supabase/config.toml", from: "another text", to: "new" };
    await assertNothingChanged(
      folder,
      [...CHANGES, stale],
      /config\.toml has changed since it was read: run this again/,
    );
    await assertNothingChanged(
      folder,
      [...CHANGES, { path: "a/removed.ts", from: undefined, to: "x" }],
      /a\/removed\.ts has changed since it was read/,
    );
    const below = { path: "a/changed.ts/file.ts", from: undefined, to: "x" };
    await assertNothingChanged(folder, [...CHANGES, below], /^a\/changed\.ts\/file\.ts cannot be written: /);
    const kept = { ...CHANGES[0], keptAs: "a/removed.ts" } as Change;
    await assertNothingChanged(folder, [kept], /removed\.ts exists/);
  });
});

Deno.test("only one command at a time: the lock of another one is named", async () => {
  await inProject(async (folder) => {
    await writeTree(folder, { "supabase/powersync-functions.json.lock": "" });
    await assertNothingChanged(
      folder,
      CHANGES,
      /^Another `add` is writing there, or was interrupted: .* remove supabase\/powersync-functions\.json\.lock /,
    );
  });
});

Deno.test("what an interrupted command left beside a file is replaced, and a link there is not followed", async () => {
  await inProject(async (folder) => {
    await writeTree(folder, {
      "a/changed.ts.add-old": "left",
      "b/c/added.ts.add-new": "left",
      "outside": "mine",
    });
    await makeLink(join(folder, "outside"), join(folder, "a/changed.ts.add-new"));
    await makeLink(join(folder, "outside"), join(folder, "a/removed.ts.add-old"));
    await applyChanges(folder, CHANGES);
    const tree = await readTree(folder);
    assertEquals(tree.get("outside"), "mine");
    assertEquals([...tree.keys()].filter((path) => path.includes(".add-")), []);
  });
});

Deno.test({
  name: "a file keeps its mode",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inProject(async (folder) => {
      const path = join(folder, "a/changed.ts");
      await Deno.chmod(path, 0o640);
      await applyChanges(folder, CHANGES);
      assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o640);
    });
  },
});
