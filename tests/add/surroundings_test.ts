/** What `add` does where it may not write, where links lead elsewhere, and with files that are not text. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { AddProject, CONFIG, SHARED } from "../support/add_project.ts";
import { assertRefused } from "../support/call_command.ts";
import { makeLink, readTree } from "../support/file_tree.ts";
import type { Ran } from "../support/run_script.ts";

const CONFIG_FILE = "supabase/config.toml";

for (
  const [name, path, text] of [
    ["the folder of functions", "supabase/functions", undefined],
    ["the shared folder", "supabase/functions/_shared", undefined],
    ["a function's folder", "supabase/functions/powersync-jwks", undefined],
    ["the folder supabase", "supabase", undefined],
    ["config.toml", CONFIG_FILE, CONFIG],
    [".gitignore", ".gitignore", "dist\n"],
    ["a function's file", "supabase/functions/powersync-auth/index.ts", "// theirs\n"],
  ] as const
) {
  Deno.test(`nothing is written through a link that leads out of the project: ${name}`, async () => {
    await using project = await AddProject.make();
    const outside = join(project.root, "..", "outside");
    await Deno.mkdir(join(outside, "functions"), { recursive: true });
    if (text !== undefined) await Deno.writeTextFile(join(outside, "file"), text);
    else await Deno.writeTextFile(join(outside, "config.toml"), CONFIG);
    const link = join(project.folder, path);
    await Deno.mkdir(join(link, ".."), { recursive: true });
    await Deno.remove(link, { recursive: true }).catch(() => {});
    await makeLink(text === undefined ? outside : join(outside, "file"), link);
    const before = await readTree(outside);
    assertRefused(await project.add("--force"), /is a link to .*outside.*, which is not in the project\./);
    assertEquals(await readTree(outside), before);
    assertEquals([...before.keys()].filter((path) => path.includes("orig")), []);
  });
}

Deno.test("a link that leads nowhere is named; one within the project is followed", async () => {
  await using project = await AddProject.make();
  await makeLink("nowhere", join(project.folder, ".gitignore"));
  assertRefused(
    await project.add(),
    /^In .*my app: \.gitignore is a link that leads nowhere: remove it first\.$/m,
  );
  await Deno.remove(join(project.folder, ".gitignore"));
  await Deno.mkdir(join(project.folder, "packages/shared"), { recursive: true });
  await Deno.mkdir(join(project.folder, "supabase/functions"));
  await makeLink("../../packages/shared", join(project.folder, "supabase/functions/_shared"));
  await project.added();
  assertEquals((await project.add("--check")).code, 0);
  await Deno.stat(join(project.folder, "packages/shared/powersync/claims.ts"));
});

Deno.test("a file that is not UTF-8 is refused; a byte order mark stays", async () => {
  await using project = await AddProject.make();
  const config = join(project.folder, CONFIG_FILE);
  await Deno.writeFile(
    config,
    new Uint8Array(Uint16Array.from(CONFIG, (c) => c.charCodeAt(0)).buffer).with(0, 0xff),
  );
  assertRefused(
    await project.add(),
    /^In .*my app: supabase\/config\.toml is not UTF-8: save it as UTF-8\.$/m,
  );
  await Deno.writeTextFile(config, "a = \n");
  assertRefused(await project.add(), /^In .*my app: supabase\/config\.toml, line 1: /);
  await Deno.writeTextFile(config, `\ufeff${CONFIG}`);
  await project.added();
  assertEquals((await Deno.readFile(config)).slice(0, 3), new Uint8Array([0xef, 0xbb, 0xbf]));
});

Deno.test("a folder where a file belongs is named", async () => {
  await using project = await AddProject.make();
  await Deno.mkdir(join(project.folder, `${SHARED}/claims.ts`), { recursive: true });
  assertRefused(await project.add(), /^In .*my app: \S+\/claims\.ts cannot be read: it is a folder/);
});

Deno.test("a file where a folder belongs is named, and nothing changes", async () => {
  await using project = await AddProject.make();
  await project.write({ "supabase/functions/_shared": "a file" });
  const before = await project.tree();
  assertRefused(
    await project.add(),
    /^In .*my app: supabase\/functions\/_shared\/\S+ cannot be read: a part of its path is a file, not a folder\.$/m,
  );
  assertEquals(await project.tree(), before);
});

/** Runs it as a process that has no more rights than an owner; root gives up what lets it write everywhere. */
async function addAsOwner(folder: string): Promise<Ran> {
  const isRoot = (await Deno.stat(folder)).uid === 0;
  const script = new URL("../../scripts/add.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const run = '"$0" run --no-prompt --allow-read --allow-write --config="$1" "$2" "$3"';
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [
      ...["-c", `${isRoot ? "setpriv --bounding-set=-dac_override,-dac_read_search " : ""}${run}`],
      ...[Deno.execPath(), config, script, folder],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const CAN_DROP = Deno.build.os !== "windows" &&
  ((await Deno.stat(Deno.cwd())).uid !== 0 ||
    (await new Deno.Command("sh", { args: ["-c", "setpriv --bounding-set=-dac_override true"] }).output())
      .success);

for (
  const folder of [
    ...["supabase", "supabase/functions", "supabase/functions/powersync-jwks", "."],
  ]
) {
  Deno.test({
    name: `a folder that may not be written to: nothing is half done (${folder})`,
    ignore: !CAN_DROP,
    async fn() {
      await using project = await AddProject.make();
      const readOnly = join(project.folder, folder);
      await Deno.mkdir(readOnly, { recursive: true });
      const before = await project.tree();
      await Deno.chmod(readOnly, 0o555);
      const ran = await addAsOwner(project.folder);
      await Deno.chmod(readOnly, 0o755);
      assertRefused(
        ran,
        /^In .*my app: \S+ cannot be written: check who owns its folder, and its permissions\. Nothing was changed\.$/m,
      );
      assertEquals(await project.tree(), before);
    },
  });
}

Deno.test({
  name: "a project that may not be read is refused in one sentence",
  ignore: !CAN_DROP,
  async fn() {
    await using project = await AddProject.make();
    const config = join(project.folder, CONFIG_FILE);
    await Deno.chmod(config, 0o000);
    const ran = await addAsOwner(project.folder);
    await Deno.chmod(config, 0o644);
    assertRefused(ran, /^In .*my app: supabase\/config\.toml cannot be read: /);
    await Deno.chmod(join(project.folder, "supabase"), 0o000);
    const closed = await addAsOwner(project.folder);
    await Deno.chmod(join(project.folder, "supabase"), 0o755);
    assertEquals([closed.code, closed.stdout], [1, ""]);
    assertMatch(closed.stderr, /^\S.* cannot be read: check who owns it, and its permissions\.$/m);
  },
});
