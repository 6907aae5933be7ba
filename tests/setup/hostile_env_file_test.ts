import { assert, assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
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

Deno.test("a file of 100 KB is read in a moment, whatever is in it", async () => {
  await inFolder(async (folder) => {
    const [spaces, path] = [" ".repeat(100_000), `${folder}/.env`];
    const long = ["A=\n".repeat(20_000), "A=[\n".repeat(20_000), "A=[[\n]\n".repeat(10_000)];
    for (const text of [...long, `A ${spaces}.${spaces}.`, `A=${spaces}\u2028`, `A="${spaces}x"`]) {
      await Deno.writeTextFile(path, text);
      const started = performance.now();
      await openEnvFile(path, { mend: true }).then((file) => updateEnvFile(file, {})).catch(() => {});
      assert(performance.now() - started < 3_000);
    }
  });
});
