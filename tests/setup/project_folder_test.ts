import { assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openProject } from "../../scripts/setup/project-folder.ts";
import { writeTree } from "../support/file_tree.ts";
import { inFolder } from "../support/run_script.ts";

Deno.test("--dir must be a folder that holds supabase/", async () => {
  await inFolder(async (cwd) => {
    await writeTree(cwd, {
      "a file": "",
      "empty/x": "",
      "odd/supabase": "",
      "mine/supabase/config.toml": "",
    });
    const folders: readonly [string, RegExp][] = [
      ["missing", /missing is not a folder: name the one that holds supabase\/\.$/],
      ["a file", /a file is not a folder/],
      ["empty", /empty has no folder supabase\. .*: supabase init --workdir \S+empty$/],
      ["odd", /odd has no folder supabase/],
      [
        "mine/supabase",
        /mine\/supabase is the folder supabase itself: name the folder that holds it\.$/,
      ],
      ["mine/supabase/", /mine\/supabase\/ is the folder supabase itself/],
      ["x".repeat(300), /x+ cannot be opened: .*\(os error \d+\)/],
    ];
    for (const [dir, reason] of folders) {
      const { message } = await assertRejects(() => openProject(`${cwd}/${dir}`), CommandError);
      assertMatch(message, reason);
    }
  });
});
