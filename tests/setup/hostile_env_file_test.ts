import { assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { assertCostsLike, assertGrowsLinearly } from "../support/growth.ts";
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

/** Reads a file with this text, and writes it again in order. */
async function mend(folder: string, text: string): Promise<void> {
  const path = `${folder}/.env`;
  await Deno.writeTextFile(path, text);
  await openEnvFile(path, { mend: true }).then((file) => updateEnvFile(file, {})).catch(() => {});
}

Deno.test("lines that might begin a wrapped value cost no more than others", async () => {
  await inFolder(async (folder) => {
    for (const lines of ["A=\n", "A=[\n", "A=[[\n]\n"]) {
      await assertCostsLike(
        () => mend(folder, "A=1\n".repeat(1_000)),
        () => mend(folder, lines.repeat(1_000)),
      );
    }
  });
});

Deno.test("a longer line costs no more than it is longer", async () => {
  await inFolder(async (folder) => {
    const spaces = (size: number) => " ".repeat(size);
    await assertGrowsLinearly((size) => mend(folder, `A ${spaces(size)}.${spaces(size)}.`), 25_000);
    await assertGrowsLinearly((size) => mend(folder, `A=${spaces(size)}\u2028`), 25_000);
    await assertGrowsLinearly((size) => mend(folder, `A="${spaces(size)}x"`), 25_000);
  });
});
