import { assertEquals, assertRejects } from "@std/assert";
import { readEnvFile, updateEnvFile } from "../scripts/env-file.ts";
import { CommandError } from "../scripts/flags.ts";
import { inFolder } from "./support/run_script.ts";

/** What a file becomes when NAME is set to "new" and GONE is removed. */
async function updated(text: string | undefined): Promise<string> {
  let after = "";
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    if (text !== undefined) await Deno.writeTextFile(path, text);
    await updateEnvFile(path, { set: { NAME: "new" }, remove: ["GONE"] });
    after = await Deno.readTextFile(path);
    assertEquals((await readEnvFile(path))?.NAME, "new");
  });
  return after;
}

for (
  const [what, before, after] of [
    ["a missing file is made", undefined, "NAME=new\n"],
    ["an empty file is filled", "", "NAME=new\n"],
    ["a last line without line break stays a line", "A=1", "A=1\nNAME=new\n"],
    [
      "a variable is replaced, comments and blank lines stay",
      "# c\n\nNAME=old\nA=1\n",
      "# c\n\nA=1\nNAME=new\n",
    ],
    [
      "every definition is replaced, indented and exported too",
      "NAME=1\n export NAME = 2\nA=1\n",
      "A=1\nNAME=new\n",
    ],
    ["a variable is removed", "GONE=1\nA=1\n", "A=1\nNAME=new\n"],
    ["a commented definition stays", "#NAME=old\n", "#NAME=old\nNAME=new\n"],
    ["a longer name stays", "NAME_2=x\nMY_NAME=y\n", "NAME_2=x\nMY_NAME=y\nNAME=new\n"],
    ["a value of several lines goes as a whole", 'GONE="a\nb\nc"\nA=1\n', "A=1\nNAME=new\n"],
    ["a definition within another value stays", 'A="x\nNAME=inner\n"\n', 'A="x\nNAME=inner\n"\nNAME=new\n'],
    ["an unclosed quote takes no further line", 'GONE="a\nA=1\n', "A=1\nNAME=new\n"],
    ["Windows line breaks are read", "NAME=old\r\nA=1\r\n", "A=1\nNAME=new\n"],
  ] as const
) {
  Deno.test(`.env: ${what}`, async () => assertEquals(await updated(before), after));
}

Deno.test(".env: a missing file has no variables, a folder is no file", async () => {
  await inFolder(async (folder) => {
    assertEquals(await readEnvFile(`${folder}/.env`), undefined);
    await assertRejects(() => readEnvFile(folder), CommandError, "cannot be read");
  });
});
