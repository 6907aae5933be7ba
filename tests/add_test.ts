import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { main } from "../scripts/add.ts";
import {
  AddProject,
  CLAIMS,
  CONFIG,
  CONFIG_FILE,
  JWKS,
  RECORD,
  SHARED,
  without,
} from "./support/add_project.ts";
import { assertRefused, callCommand } from "./support/call_command.ts";
import { readTree } from "./support/file_tree.ts";
import { runTask } from "./support/run_script.ts";

Deno.test("a new project gets the functions; nothing of its own changes but config.toml, at its end", async () => {
  await using project = await AddProject.make();
  const theirs = {
    "deno.json": '{ "imports": { "jose": "npm:jose@4" } }\n',
    "import_map.json": "{}\n",
    "supabase/functions/import_map.json": "{}\n",
    "supabase/functions/hello/deno.json": "{}\n",
    "supabase/functions/hello/index.ts": "export default {};\n",
    "supabase/functions/_shared/cors.ts": "export const cors = {};\n",
  };
  await project.write(theirs);
  const said = await project.added();
  const tree = await project.tree();
  for (const [path, text] of Object.entries(theirs)) assertEquals(tree.get(path), text, path);
  assert(tree.get(CONFIG_FILE)?.startsWith(CONFIG));
  assertEquals(
    new Set(
      [...without(tree, ...Object.keys(theirs)).keys()].map((path) => path.replace(/[^/]+\.ts$/, "*.ts")),
    ),
    new Set([
      ...[".gitignore", CONFIG_FILE, RECORD, `${SHARED}/*.ts`],
      ...["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"].flatMap((name) => [
        `supabase/functions/${name}/*.ts`,
        `supabase/functions/${name}/deno.json`,
      ]),
    ]),
  );
  for (const path of [JWKS, CLAIMS]) {
    assertEquals(tree.get(path), await Deno.readTextFile(join(project.root, path)));
  }
  assertEquals(JSON.parse(tree.get(RECORD) ?? "").version, "1.0.0");
  const dir = `'${project.folder}'`;
  for (
    const command of [
      `task keys -- --dir ${dir} --env-file .env.production`,
      `supabase secrets set --env-file '${project.folder}/.env.production' --workdir ${dir}`,
      `supabase functions deploy powersync-jwks powersync-auth powersync-auth-anonymous --use-api --workdir ${dir}`,
      `task doctor -- --dir ${dir}`,
    ]
  ) assertStringIncludes(said, ` ${command}\n`);
});

Deno.test("run again, it changes nothing, and --check passes", async () => {
  await using project = await AddProject.make();
  assertEquals((await project.add("--check")).code, 1);
  await project.added();
  const tree = await project.tree();
  for (const flags of [[], ["--force"], ["--check"], ["--dry-run"]]) {
    assertEquals(await project.added(...flags), `${project.folder} has the functions of version 1.0.0.\n`);
    assertEquals(await project.tree(), tree);
  }
});

Deno.test("--dry-run and --check print what would change, and change nothing", async () => {
  await using project = await AddProject.make();
  const before = await project.tree();
  const dry = await project.added("--dry-run");
  const check = await project.add("--check");
  assertEquals([check.code, check.stdout], [1, ""]);
  assertEquals(await project.tree(), before);
  const lines = (text: string) => text.split("\n").filter((line) => /^ {2}(add|change|remove) /.test(line));
  assertEquals(lines(check.stderr), lines(dry));
  assertEquals(lines(await project.added()), lines(dry));
});

Deno.test("what is on the command line must be one project", async () => {
  await using project = await AddProject.make();
  const { folder, root } = project;
  const add = (...args: string[]) => callCommand((given) => main(given, { root }), args);
  for (const args of [[], ["--"], ["a", "b"], [""]]) {
    assertRefused(await add(...args), /^Name one folder, /);
  }
  assertRefused(await add("--fore", folder), /^Unknown option '--fore': see --help\.$/m);
  assertRefused(await add("--force=x", folder), /--force.*see --help/);
  assertRefused(await add(`${folder}/nowhere`), /nowhere is not a folder/);
  assertRefused(await add(`${folder}/${CONFIG_FILE}`), /config\.toml is not a folder/);
  assertRefused(await add(`${folder}/supabase`), /is the folder supabase itself/);
  assertRefused(await add(root), /is this repository, which has the functions/);
  assertRefused(await add(`${root}/supabase/..`), /is this repository, which has the functions/);
  await Deno.remove(`${folder}/${CONFIG_FILE}`);
  assertRefused(
    await add(folder),
    /There is no .*config\.toml\. First run: supabase init --workdir '.*my app'$/m,
  );
  await Deno.remove(`${folder}/supabase`);
  assertRefused(
    await add(folder),
    /has no folder supabase\. This creates it: supabase init --workdir '.*my app'$/m,
  );
});

Deno.test("as a task, it finds this repository and a project with a relative path", async () => {
  await using project = await AddProject.make();
  const { folder } = project;
  // Its secrets are there, so no key need be created.
  await project.write({ ".env.production": "" });
  const { code, stdout, stderr } = await runTask("add", ["--", "../my app"], { cwd: folder });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, " task dev -- --dir '../my app'");
  assertFalse(stdout.includes("\u001b") || stdout.includes(" task keys "), stdout);
  assertEquals((await callCommand(main, [folder, "--check"])).code, 0);
});

Deno.test("of commands at the same time one does it, and the others find it done or change nothing", async () => {
  await using project = await AddProject.make();
  const { folder } = project;
  const ran = await Promise.all([1, 2, 3].map(() => runTask("add", [folder], { cwd: folder })));
  for (const { code, stderr } of ran) if (code !== 0) assertMatch(stderr, /Nothing was changed\.$/m);
  assert(ran.some(({ code }) => code === 0));
  assertEquals((await callCommand(main, [folder, "--check"])).code, 0);
  assertEquals(
    [...(await readTree(folder)).keys()].filter((path) => /\.add-|\.lock$|\.orig/.test(path)),
    [],
  );
});
