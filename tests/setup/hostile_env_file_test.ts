import { assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { assertGrowsLinearly } from "../support/growth.ts";
import { inFolder } from "../support/run_script.ts";

Deno.test("a file in another encoding is not written, which would lose characters", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    const latin1 = Uint8Array.from("PASSWORD=p\u00e4ss\n", (character) => character.charCodeAt(0));
    await Deno.writeFile(path, latin1);
    const file = await openEnvFile(path);
    await assertRejects(() => updateEnvFile(file, { set: { NAME: "new" } }), CommandError, "is not UTF-8");
    assertEquals(await Deno.readFile(path), latin1);
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [".env"]);
  });
});

Deno.test("an indented comment defines nothing", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.env`, "A=1\n  #B=2\n\t# $(id)POWERSYNC_URL=3\n");
    assertEquals(await readEnvFile(`${folder}/.env`), { A: "1" });
  });
});

/** What a parser may read again and again. */
const REPEATED: Readonly<Record<string, (size: number) => string>> = {
  "empty values": (size) => "A=\n".repeat(size),
  "lists that never end": (size) => "A=[\n".repeat(size),
  "lists in lists": (size) => "A=[[\n]\n".repeat(size / 2),
  "spaces in a loose line": (size) => `A ${" ".repeat(50 * size)}.${" ".repeat(50 * size)}.`,
  "spaces before a line separator": (size) => `A=${" ".repeat(50 * size)}\u2028`,
  "an open quote": (size) => `A="${" ".repeat(50 * size)}x"`,
};

for (const [what, repeat] of Object.entries(REPEATED)) {
  Deno.test(`a longer file costs no more than it is longer: ${what}`, async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/.env`;
      await assertGrowsLinearly(async (size) => {
        await Deno.writeTextFile(path, repeat(size));
        await openEnvFile(path, { mend: true }).then((file) => updateEnvFile(file, {})).catch(() => {});
      }, 500);
    });
  });
}
