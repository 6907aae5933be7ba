/** What every command answers to a mistake: one line with the fix, exit code 1 or 2, and nothing written. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { callCommand, type Main, mainOf } from "./support/call_command.ts";
import { readTree } from "./support/file_tree.ts";
import { inFolder, readTask } from "./support/run_script.ts";

const ROOT = new URL("../", import.meta.url);

/** A command of scripts/. */
interface Command {
  readonly task: string;
  readonly main: Main;
  readonly help: string;
}

/** Every task with flags of its own; `test` passes its arguments on. */
async function readCommands(): Promise<Command[]> {
  const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const commands: Command[] = [];
  for (const [task, { command }] of Object.entries(tasks)) {
    if (task === "test" || !/scripts\/[\w-]+\.ts$/.test(command)) continue;
    const main = await mainOf(task);
    const { code, stdout } = await callCommand(main, ["--help"]);
    assertEquals(code, 0);
    commands.push({ task, main, help: stdout });
  }
  return commands;
}

const COMMANDS = await readCommands();

/** What a command needs before it looks at a file. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  token: ["--anonymous"],
  "edit-secrets": ["POWERSYNC_TOKEN_TTL=600"],
};

/** What is given, in a folder with `empty/` and the file `plain`, and what the line says. */
const MISTAKES: readonly (readonly [flag: string, value: string | undefined, says: RegExp])[] = [
  ["--dir", undefined, /^--dir needs a value: see --help/],
  ["--dir", "--help", /^--dir needs a value: see --help/],
  ["--dir", "", /^--dir is empty: /],
  ["--dir", "missing", /missing is not a folder: name the one that holds supabase/],
  ["--dir", "plain", /plain is not a folder: /],
  ["--dir", "empty", /empty has no folder supabase\. .*: supabase init --workdir /],
  ["--env-file", undefined, /^--env-file needs a value: see --help/],
  ["--env-file", "", /^--env-file is empty: /],
  ["--env-file", "empty", /empty cannot be read: it is a folder/],
  ["--env-file", "missing/.env", /no file .*missing|its folder does not exist; create it/],
  ["--env-file", "plain/.env", /no file .*plain|a part of its path is a file, not a folder/],
  ["--project", "not a ref", /--project/],
  ["--jwks-url", "ftp://x", /--jwks-url/],
];

/** One line with the reason, and the folder as it was. */
async function assertOneLine(
  { main }: Command,
  args: (folder: string) => readonly string[],
  says: RegExp,
): Promise<void> {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/empty`);
    await Deno.writeTextFile(`${folder}/plain`, "just some text\n");
    const before = await readTree(folder);
    const given = args(folder);
    const { code, stdout, stderr } = await callCommand(main, given);
    const what = `${given.join(" ")}: ${stderr}`;
    assert(code === 1 || code === 2, what);
    assertEquals([stdout, stderr.trimEnd().split("\n").length], ["", 1], what);
    assertMatch(stderr, says);
    assertEquals(await readTree(folder), before);
  });
}

/** Without `--dir`: `add` takes the project's folder as its argument, and `docs` is for this repository alone. */
const NO_DIR: readonly string[] = ["add", "docs"];

Deno.test("the help of every task lists each flag that it takes, --dir and --help too, and no other", async () => {
  assert(COMMANDS.length >= 7);
  for (const { task, help } of COMMANDS) {
    assertEquals(help.includes("\n  --dir "), !NO_DIR.includes(task), task);
    const source = await Deno.readTextFile(new URL((await readTask(task)).script, ROOT));
    const taken = [...source.matchAll(/([\w-]+)"?: \{ type: "/g)].map(([, flag]) => `${flag}`);
    const listed = [...help.matchAll(/^ {2}(?:deno task.* -- )?--([\w-]+)/gm)].map(([, flag]) => `${flag}`);
    assertEquals([...new Set(listed)].sort(), [...taken, "help"].sort(), task);
  }
});

for (const command of COMMANDS) {
  Deno.test(`${command.task}: a mistake is one line with the fix, and nothing is written`, async () => {
    await assertOneLine(command, () => ["--no-such-flag"], /--no-such-flag.*--help/);
    await assertOneLine(command, () => ["one", "two", "three"], /--help|must be NAME=value/);
    for (const [flag, value, says] of MISTAKES.filter(([flag]) => command.help.includes(`\n  ${flag} `))) {
      const isPath = /^\w/.test(value ?? "") && ["--dir", "--env-file"].includes(flag);
      const valueIn = (folder: string) => isPath ? `${folder}/${value}` : `${value}`;
      const args = (folder: string) => value === undefined ? [flag] : [flag, valueIn(folder)];
      await assertOneLine(command, (folder) => [...NEEDED[command.task] ?? [], ...args(folder)], says);
    }
  });
}

Deno.test("check-secrets: a file that cannot be read is one line", async () => {
  const command = COMMANDS.find(({ task }) => task === "check-secrets");
  assert(command !== undefined);
  await assertOneLine(command, (folder) => [`${folder}/empty`], /empty cannot be read: it is a folder/);
  await assertOneLine(command, (folder) => [`${folder}/plain`], /plain, line 1: neither NAME=value/);
  await assertOneLine(command, (folder) => [`${folder}/plain/.env`], /no file .*plain/);
});
