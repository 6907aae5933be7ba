import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { makeLink } from "../support/file_tree.ts";
import { inFolder } from "../support/run_script.ts";

/** What a file becomes when NAME is set to "new" and GONE is removed. */
async function updated(text: string | undefined): Promise<string> {
  let after = "";
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    if (text !== undefined) await Deno.writeTextFile(path, text);
    await updateEnvFile(await openEnvFile(path), { set: { NAME: "new" }, remove: ["GONE"] });
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
    ["Windows line breaks are read", "NAME=old\r\nA=1\r\n", "A=1\nNAME=new\n"],
  ] as const
) {
  Deno.test(`.env: ${what}`, async () => assertEquals(await updated(before), after));
}

Deno.test("a missing file has no variables, a folder is refused, and an indented comment defines nothing", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    assertEquals(await readEnvFile(path), undefined);
    await assertRejects(() => readEnvFile(folder), CommandError, "cannot be read");
    await Deno.writeTextFile(path, "A=1\n  #B=2\n\t# $(id)POWERSYNC_URL=3\n");
    assertEquals(await readEnvFile(path), { A: "1" });
  });
});

Deno.test("a file in another encoding is not written, which would lose characters", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    const latin1 = Uint8Array.from("PASSWORD=p\u00e4ss\n", (character) => character.charCodeAt(0));
    await Deno.writeFile(path, latin1);
    const file = await openEnvFile(path);
    await assertRejects(() => updateEnvFile(file, { set: { NAME: "new" } }), CommandError, "is not UTF-8");
    assertEquals(await Deno.readFile(path), latin1);
    assertEquals(await namesIn(folder), [".env"]);
  });
});

/** Values long enough that writing takes several system calls. */
const LONG = "x".repeat(1024 * 1024);

Deno.test("a reader never sees half a file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await updateEnvFile(await openEnvFile(path), { set: { LONG, END: "0" } });
    let writing = true;
    const seen = new Set<number>();
    const reader = async () => {
      while (writing) seen.add((await Deno.readTextFile(path)).length);
    };
    const reading = Promise.all([reader(), reader()]);
    for (let turn = 1; turn < 10; turn++) {
      await updateEnvFile(await openEnvFile(path), { set: { END: `${turn}` } });
    }
    writing = false;
    await reading;
    assertEquals([...seen], [`LONG=${LONG}\nEND=0\n`.length]);
  });
});

for (
  const [what, before, meanwhile] of [
    ["has changed", "A=1\n", "A=1\nB=2\n"],
    ["appeared", undefined, "B=2\n"],
    ["went away", "A=1\n", undefined],
  ] as const
) {
  Deno.test(`a file that ${what} since it was read is refused and kept`, async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/.env`;
      if (before !== undefined) await Deno.writeTextFile(path, before);
      const file = await openEnvFile(path);
      if (meanwhile === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, meanwhile);
      await assertRejects(() => updateEnvFile(file, { set: { A: "2" } }), CommandError, "has changed");
      assertEquals((await openEnvFile(path)).text, meanwhile);
      assertEquals(await namesIn(folder), meanwhile === undefined ? [] : [".env"]);
    });
  });
}

Deno.test("while another command writes, a second one is refused, and a file left behind is named", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await Deno.writeTextFile(path, "A=1\n");
    await Deno.writeTextFile(`${path}.tmp`, "");
    const error = await assertRejects(
      async () => updateEnvFile(await openEnvFile(path), { set: { A: "2" } }),
      CommandError,
    );
    assertStringIncludes(error.message, `${path}.tmp`);
    assertEquals(await namesIn(folder), [".env", ".env.tmp"]);
    assertEquals(await Deno.readTextFile(path), "A=1\n");
  });
});

Deno.test("of two that read the same file only one writes", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    const files = await Promise.all([openEnvFile(path), openEnvFile(path)]);
    const results = await Promise.allSettled(
      files.map((file, index) => updateEnvFile(file, { set: { [`KEY_${index}`]: LONG } })),
    );
    assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const written = Object.keys(await readEnvFile(path) ?? {});
    assertEquals(written, [`KEY_${results.findIndex(({ status }) => status === "fulfilled")}`]);
    assertEquals(await namesIn(folder), [".env"]);
  });
});

Deno.test("a link is followed and stays, and only the owner may read its target", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/target`);
    await Deno.writeTextFile(`${folder}/target/old.env`, "A=1\n", { mode: 0o644 });
    for (const name of ["old.env", "new.env"]) {
      const path = `${folder}/${name}`;
      await makeLink(`target/${name}`, path);
      await updateEnvFile(await openEnvFile(path), { set: { B: "2" } });
      assert((await Deno.lstat(path)).isSymlink);
      const { isSymlink, mode } = await Deno.lstat(`${folder}/target/${name}`);
      assertFalse(isSymlink);
      if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
      assertEquals((await readEnvFile(`${folder}/target/${name}`))?.B, "2");
    }
  });
});

Deno.test("a file keeps its owner when root writes it", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await Deno.writeTextFile(path, "A=1\n");
    const { uid } = await Deno.stat(path);
    const owner = uid === 0 ? 65_534 : uid;
    if (owner !== null) await Deno.chown(path, owner, null);
    await updateEnvFile(await openEnvFile(path), { set: { B: "2" } });
    assertEquals((await Deno.stat(path)).uid, owner);
  });
});

/** Writes to `.env` in a process of its own: `prepare` is run before, `as` is the command that starts it. */
async function updateInShell(
  folder: string,
  { prepare = ":", as = "" }: { prepare?: string; as?: string },
): Promise<{ code: number; stderr: string }> {
  await Deno.writeTextFile(
    `${folder}/../update.ts`,
    `import { openEnvFile, updateEnvFile } from "${new URL(
      "../../scripts/setup/env-file.ts",
      import.meta.url,
    )}";
import { runCommand } from "${new URL("../../scripts/cli/command.ts", import.meta.url)}";
const set = { NEW: "x".repeat(100_000) };
Deno.exit(await runCommand(async () => await updateEnvFile(await openEnvFile(".env"), { set })));`,
  );
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", `${prepare}; exec ${as} "$0" run --no-config --no-lock -A ../update.ts`, Deno.execPath()],
    cwd: folder,
    env: { NO_COLOR: "1", DENO_DIR: `${folder}/../cache`, DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "a full disk leaves the file as it was, and nothing beside it",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inFolder(async (outer) => {
      const folder = `${outer}/project`;
      await Deno.mkdir(folder);
      const text = `POWERSYNC_PRIVATE_KEY=${"k".repeat(2000)}\n`;
      await Deno.writeTextFile(`${folder}/.env`, text);
      const { code, stderr } = await updateInShell(folder, { prepare: "trap '' XFSZ; ulimit -f 8" });
      assertEquals(await Deno.readTextFile(`${folder}/.env`), text);
      assertEquals(await namesIn(folder), [".env"]);
      assertEquals(code, 1);
      assertMatch(stderr, /^\.env cannot be written: .+\n$/);
    });
  },
});

Deno.test("in a folder that may not be written to, the file stays, and the error says so", async (test) => {
  await inFolder(async (outer) => {
    const folder = `${outer}/project`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/.env`, "A=1\n");
    const isRoot = (await Deno.stat(folder)).uid === 0;
    // Root may write everywhere, unless it gives up the capability for that.
    const as = isRoot ? "setpriv --bounding-set=-dac_override" : "";
    const probe = new Deno.Command("sh", { args: ["-c", `${as} true`], stderr: "null" });
    await test.step({
      name: "as a user with an owner's rights",
      ignore: Deno.build.os === "windows" || !(await probe.output()).success,
      async fn() {
        await Deno.chmod(folder, 0o555);
        const { code, stderr } = await updateInShell(folder, { as });
        await Deno.chmod(folder, 0o755);
        assertEquals(await Deno.readTextFile(`${folder}/.env`), "A=1\n");
        assertEquals(await namesIn(folder), [".env"]);
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /^\.env cannot be written: check who owns its folder/);
      },
    });
  });
});

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}
