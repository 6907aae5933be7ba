import { assertRefused } from "../support/call_command.ts";
import { inFolder, runTask } from "../support/run_script.ts";

Deno.test("--dir must be a folder that holds supabase/", async () => {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/empty`);
    await Deno.writeTextFile(`${cwd}/a file`, "");
    await Deno.mkdir(`${cwd}/odd`);
    await Deno.writeTextFile(`${cwd}/odd/supabase`, "");
    await Deno.mkdir(`${cwd}/mine/supabase`, { recursive: true });
    await Deno.writeTextFile(`${cwd}/mine/supabase/config.toml`, "");
    const folders: readonly [string, RegExp][] = [
      ["missing", /^missing is not a folder: --dir names the folder that holds supabase\/\.$/m],
      ["a file", /^a file is not a folder/],
      ["empty", /^empty has no folder supabase: .*: supabase init --workdir empty$/m],
      ["odd", /^odd has no folder supabase/],
      [
        "mine/supabase",
        /^mine\/supabase is the folder supabase itself: --dir names the folder that holds it\.$/m,
      ],
      ["mine/supabase/", /^mine\/supabase\/ is the folder supabase itself/],
      ["", /^--dir is empty/],
      ["x".repeat(300), /^x+ cannot be opened: .*\(os error \d+\)/],
    ];
    for (const [dir, reason] of folders) {
      assertRefused(await runTask("doctor", ["--dir", dir], { cwd }), reason, 2);
    }
  });
});
