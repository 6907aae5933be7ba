import { assert, assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { makeLink } from "../support/file_tree.ts";
import { inFolder } from "../support/run_script.ts";

/** What is in a folder with one secrets file after something was done with it. */
interface Left {
  readonly text: string | undefined;
  readonly names: readonly string[];
}

/** Does something with a file that has this text, or that is missing. */
async function withFile(
  before: string | Uint8Array | undefined,
  act: (path: string, folder: string) => Promise<void>,
): Promise<Left> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/.env`;
    if (before !== undefined) await Deno.writeFile(path, bytesOf(before));
    await act(path, folder);
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return { text: await Deno.readTextFile(path).catch(() => undefined), names: names.sort() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytesOf = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

/** Sets a variable as every command does. */
async function set(path: string, variables: Record<string, string>): Promise<void> {
  await updateEnvFile(await openEnvFile(path), { set: variables });
}

/** What a file becomes when NAME is set to "new" and GONE is removed. */
async function updated(before: string | undefined): Promise<string | undefined> {
  const { text } = await withFile(before, async (path) => {
    await updateEnvFile(await openEnvFile(path), { set: { NAME: "new" }, remove: ["GONE"] });
    assertEquals((await readEnvFile(path))?.NAME, "new");
  });
  return text;
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
  await withFile(undefined, async (path, folder) => {
    assertEquals(await readEnvFile(path), undefined);
    await assertRejects(() => readEnvFile(folder), CommandError, "cannot be read");
  });
  await withFile("A=1\n  #B=2\n\t# $(id)POWERSYNC_URL=3\n", async (path) => {
    assertEquals(await readEnvFile(path), { A: "1" });
  });
});

Deno.test("a file in another encoding is not written, which would lose characters", async () => {
  const latin1 = Uint8Array.from("PASSWORD=p\u00e4ss\n", (character) => character.charCodeAt(0));
  const { names } = await withFile(latin1, async (path) => {
    await assertRejects(() => set(path, { NAME: "new" }), CommandError, "is not UTF-8");
    assertEquals(await Deno.readFile(path), latin1);
  });
  assertEquals(names, [".env"]);
});

/** Values long enough that writing takes several system calls. */
const LONG = "x".repeat(1024 * 1024);

Deno.test("a reader never sees half a file", async () => {
  await withFile(`LONG=${LONG}\nEND=0\n`, async (path) => {
    let writing = true;
    const seen = new Set<number>();
    const reader = async () => {
      while (writing) seen.add((await Deno.readTextFile(path)).length);
    };
    const reading = Promise.all([reader(), reader()]);
    for (let turn = 1; turn < 10; turn++) await set(path, { END: `${turn}` });
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
    const { text, names } = await withFile(before, async (path) => {
      const file = await openEnvFile(path);
      if (meanwhile === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, meanwhile);
      await assertRejects(() => updateEnvFile(file, { set: { A: "2" } }), CommandError, "has changed");
    });
    assertEquals([text, names], [meanwhile, meanwhile === undefined ? [] : [".env"]]);
  });
}

Deno.test("while another command writes, a second one is refused, and a file left behind is named", async () => {
  const { text, names } = await withFile("A=1\n", async (path) => {
    await Deno.writeTextFile(`${path}.tmp`, "");
    await assertRejects(() => set(path, { A: "2" }), CommandError, `${path}.tmp`);
  });
  assertEquals([text, names], ["A=1\n", [".env", ".env.tmp"]]);
});

Deno.test("of two that read the same file only one writes", async () => {
  const { names } = await withFile(undefined, async (path) => {
    const files = await Promise.all([openEnvFile(path), openEnvFile(path)]);
    const results = await Promise.allSettled(
      files.map((file, index) => updateEnvFile(file, { set: { [`KEY_${index}`]: LONG } })),
    );
    assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const written = Object.keys(await readEnvFile(path) ?? {});
    assertEquals(written, [`KEY_${results.findIndex(({ status }) => status === "fulfilled")}`]);
  });
  assertEquals(names, [".env"]);
});

Deno.test("a link is followed and stays, and only the owner may read its target", async () => {
  await withFile(undefined, async (_, folder) => {
    await Deno.mkdir(`${folder}/target`);
    await Deno.writeTextFile(`${folder}/target/old.env`, "A=1\n", { mode: 0o644 });
    for (const name of ["old.env", "new.env"]) {
      const path = `${folder}/${name}`;
      await makeLink(`target/${name}`, path);
      await set(path, { B: "2" });
      assert((await Deno.lstat(path)).isSymlink);
      const { isSymlink, mode } = await Deno.lstat(`${folder}/target/${name}`);
      assertFalse(isSymlink);
      if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
      assertEquals((await readEnvFile(`${folder}/target/${name}`))?.B, "2");
    }
  });
});

Deno.test("a file keeps its owner when root writes it", async () => {
  await withFile("A=1\n", async (path) => {
    const { uid } = await Deno.stat(path);
    const owner = uid === 0 ? 65_534 : uid;
    if (owner !== null) await Deno.chown(path, owner, null);
    await set(path, { B: "2" });
    assertEquals((await Deno.stat(path)).uid, owner);
  });
});

const UPDATE = `
import { openEnvFile, updateEnvFile } from "${new URL("../../scripts/setup/env-file.ts", import.meta.url)}";
import { runCommand } from "${new URL("../../scripts/cli/command.ts", import.meta.url)}";
const set = { NEW: "x".repeat(100_000) };
Deno.exit(await runCommand(async () => await updateEnvFile(await openEnvFile(".env"), { set })));`;

/** Writes to `.env` in a process of its own, which fails: `prepare` is run before, `as` is what starts it. */
async function refusedInShell(cwd: string, { prepare = ":", as = "" }): Promise<string> {
  let said = "";
  await inFolder(async (tools) => {
    await Deno.writeTextFile(`${tools}/update.ts`, UPDATE);
    const run = `${prepare}; exec ${as} "$0" run --no-config --no-lock -A "$1/update.ts"`;
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", run, Deno.execPath(), tools],
      cwd,
      env: { NO_COLOR: "1", DENO_DIR: `${tools}/cache`, DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    said = new TextDecoder().decode(stderr);
    assertEquals(code, 1, said);
  });
  return said;
}

Deno.test({
  name: "a full disk leaves the file as it was, and nothing beside it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const before = `POWERSYNC_PRIVATE_KEY=${"k".repeat(2000)}\n`;
    const { text, names } = await withFile(before, async (_, folder) => {
      const said = await refusedInShell(folder, { prepare: "trap '' XFSZ; ulimit -f 8" });
      assertMatch(said, /^\.env cannot be written: .+\n$/);
    });
    assertEquals([text, names], [before, [".env"]]);
  },
});

let isRoot = false;
await inFolder(async (folder) => void (isRoot = (await Deno.stat(folder)).uid === 0));
// Root may write everywhere, unless it gives up the capability for that.
const AS_OWNER = isRoot ? "setpriv --bounding-set=-dac_override" : "";
const probe = new Deno.Command("sh", { args: ["-c", `${AS_OWNER} true`], stderr: "null" });

Deno.test({
  name: "in a folder that may not be written to, the file stays, and the error says so",
  ignore: Deno.build.os === "windows" || !(await probe.output()).success,
  async fn() {
    const { text, names } = await withFile("A=1\n", async (_, folder) => {
      await Deno.chmod(folder, 0o555);
      const said = await refusedInShell(folder, { as: AS_OWNER });
      await Deno.chmod(folder, 0o755);
      assertMatch(said, /^\.env cannot be written: check who owns its folder/);
    });
    assertEquals([text, names], ["A=1\n", [".env"]]);
  },
});
