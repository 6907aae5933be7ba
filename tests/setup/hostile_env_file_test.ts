import { openEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { assertCostsLike, assertGrowsLinearly } from "../support/growth.ts";
import { inFolder } from "../support/run_script.ts";

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
