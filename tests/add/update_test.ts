/** What becomes of files that are there already: of another version, edited, or copied by hand. */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  AddProject,
  CLAIMS,
  CONFIG,
  CONFIG_FILE,
  JWKS,
  RECORD,
  SHARED,
  without,
} from "../support/add_project.ts";
import { assertRefused } from "../support/call_command.ts";

Deno.test("an update replaces, adds and removes files, claims.ts too while nobody has edited it", async () => {
  await using project = await AddProject.make();
  await project.added();
  const before = await project.tree();
  const [helper, once, added] = [`${SHARED}/orgs.ts`, `${SHARED}/once.ts`, `${SHARED}/twice.ts`];
  await project.write({ [helper]: "export const mine = 1;\n" });
  await project.release("1.1.0", { [CLAIMS]: "// newer\n", [JWKS]: "// newer\n", [added]: "// new\n" });
  await Deno.remove(join(project.root, once));
  const check = await project.add("--check");
  assertEquals(check.code, 1);
  assertMatch(
    check.stderr,
    /is not up to date \(1\.0\.0 → 1\.1\.0\):[^]*\nRun: (deno|npx -y deno@2) task add -- '/,
  );
  const said = await project.added();
  for (const line of [`change ${CLAIMS}`, `change ${JWKS}`, `add    ${added}`, `remove ${once}`]) {
    assertStringIncludes(said, `\n  ${line}\n`);
  }
  const tree = await project.tree();
  const changed = {
    [CLAIMS]: "// newer\n",
    [JWKS]: "// newer\n",
    [added]: "// new\n",
    [helper]: "export const mine = 1;\n",
  };
  assertEquals(
    without(tree, RECORD),
    without(
      new Map([...before, ...Object.entries(changed)].sort(([a], [b]) => a < b ? -1 : 1)),
      RECORD,
      once,
    ),
  );
  assertEquals((await project.add("--check")).code, 0);
});

Deno.test("an edited claims.ts stays through updates and --force, and --check accepts it", async () => {
  await using project = await AddProject.make();
  await project.added();
  const original = (await project.tree()).get(CLAIMS) ?? "";
  const mine = `${original}// mine\n`;
  await project.write({ [CLAIMS]: mine });
  assertMatch(await project.added("--check"), /keep {3}\S+\/claims\.ts, which is yours\n/);
  await project.release("1.1.0", { [CLAIMS]: "// newer\n", [JWKS]: "// newer\n" });
  for (const flags of [[], ["--force"]]) {
    const said = await project.added(...flags);
    assertMatch(said, /keep {3}\S+\/claims\.ts, which is yours; the default has changed, see .*clone/);
    assertEquals((await project.tree()).get(CLAIMS), mine);
  }
  assertEquals((await project.tree()).get(JWKS), "// newer\n");
  // The edit is taken back: the file is an older one again, and belongs to `add`.
  await project.write({ [CLAIMS]: original });
  await project.added();
  assertEquals((await project.tree()).get(CLAIMS), "// newer\n");
});

Deno.test("if another file was edited, it is listed and nothing changes; --force replaces it and keeps it", async () => {
  await using project = await AddProject.make();
  await project.added();
  await project.write({
    [JWKS]: "// mine\n",
    [`${SHARED}/once.ts`]: "// mine too\n",
    [`${JWKS}.orig`]: "// earlier\n",
  });
  await project.release("1.1.0", { [`${SHARED}/http.ts`]: "// newer\n" });
  await Deno.remove(join(project.root, `${SHARED}/once.ts`));
  const before = await project.tree();
  for (const flag of ["--check", "--dry-run", undefined]) {
    const { code, stdout, stderr } = await project.add(...flag === undefined ? [] : [flag]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^These files were edited:\n/);
    assertStringIncludes(stderr, `\n  ${SHARED}/once.ts\n  ${JWKS}\n`);
    assertStringIncludes(stderr, ` task add -- '${project.folder}' --force\n`);
    assertEquals(await project.tree(), before);
  }
  const dry = await project.added("--force", "--dry-run");
  assertStringIncludes(dry, `change ${JWKS} (the edited one is kept as index.ts.orig.2)`);
  const { code, stderr } = await project.add("--force", "--check");
  assertEquals(code, 1);
  assertMatch(stderr, /^Run: (deno|npx -y deno@2) task add -- '.*' --force$/m);
  assertEquals(await project.tree(), before);
  await project.added("--force");
  const tree = await project.tree();
  assertEquals(tree.get(JWKS), await Deno.readTextFile(join(project.root, JWKS)));
  assertEquals([tree.get(`${JWKS}.orig`), tree.get(`${JWKS}.orig.2`)], ["// earlier\n", "// mine\n"]);
  assertEquals([tree.get(`${SHARED}/once.ts`), tree.get(`${SHARED}/once.ts.orig`)], [
    undefined,
    "// mine too\n",
  ]);
  assertEquals((await project.add("--check")).code, 0);
});

Deno.test("a copy made by hand, without a record: equal files are taken over, others count as edited", async () => {
  await using project = await AddProject.make();
  await project.added();
  const installed = await project.tree();
  await Deno.remove(join(project.folder, RECORD));
  assertMatch(await project.added(), /\(1\.0\.0\):\n {2}add {4}supabase\/powersync-functions\.json\n/);
  assertEquals(await project.tree(), installed);

  await Deno.remove(join(project.folder, RECORD));
  const leftOver = `${SHARED}/bearer.ts`;
  await project.write({
    [`${SHARED}/http.ts`]: "// 0.1.0\n",
    [CLAIMS]: "// mine\n",
    [leftOver]: "// 0.1.0\n",
  });
  const { code, stderr } = await project.add();
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^These files differ from this version, and no record says that they are an older one:\n/,
  );
  const said = await project.added("--force");
  assertStringIncludes(said, `keep   ${leftOver}, which is not part of this version`);
  const tree = await project.tree();
  assertEquals([tree.get(CLAIMS), tree.get(leftOver)], ["// mine\n", "// 0.1.0\n"]);
  assertEquals(tree.get(`${SHARED}/http.ts.orig`), "// 0.1.0\n");
  // Nobody knows which claims.ts it was made from, so it stays for good.
  await project.release("1.1.0", { [CLAIMS]: "// newer\n" });
  await project.added();
  assertEquals((await project.tree()).get(CLAIMS), "// mine\n");
});

Deno.test("the original example's functions have the same names: they count as edited", async () => {
  await using project = await AddProject.make();
  const names = ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"];
  const example = Object.fromEntries(
    names.map((name) => [`supabase/functions/${name}/index.ts`, `Deno.serve(${name});\n`]),
  );
  await project.write({
    ...example,
    [CONFIG_FILE]: `${CONFIG}\n[functions.powersync-auth]\nverify_jwt = true\n`,
  });
  const before = await project.tree();
  assertEquals((await project.add()).code, 1);
  assertEquals(await project.tree(), before);
  const said = await project.added("--force");
  assertStringIncludes(said, "functions.powersync-auth.verify_jwt = false");
  // Its secrets are set: a new key would replace the one that PowerSync knows.
  assertStringIncludes(said, " supabase functions deploy ");
  assertFalse(/task keys|secrets set/.test(said));
  const tree = await project.tree();
  for (const [path, text] of Object.entries(example)) assertEquals(tree.get(`${path}.orig`), text);
  assertEquals((await project.add("--check")).code, 0);
});

Deno.test("files with the line endings of Windows are the same files", async () => {
  await using project = await AddProject.make();
  await project.added();
  const tree = await project.tree();
  const crlf = new Map([...tree].map(([path, text]) => [path, text.replaceAll("\n", "\r\n")]));
  await project.write(Object.fromEntries(crlf));
  assertEquals((await project.add("--check")).code, 0);
  assertEquals(await project.tree(), crlf);
  await project.release("1.1.0", { [JWKS]: "// newer\n" });
  await project.added();
  assertEquals((await project.tree()).get(JWKS), "// newer\n");
});

Deno.test("after an interruption, half of one version and half of another become one", async () => {
  await using project = await AddProject.make();
  await project.added();
  await project.release("1.1.0", { [JWKS]: "// newer\n", [`${SHARED}/http.ts`]: "// newer\n" });
  await project.write({ [JWKS]: "// newer\n" });
  await Deno.remove(join(project.folder, `${SHARED}/once.ts`));
  assertEquals((await project.add("--check")).code, 1);
  await project.added();
  assertEquals((await project.add("--check")).code, 0);
  assert((await project.tree()).has(`${SHARED}/once.ts`));
});

Deno.test("a record that is not one is refused, and names no file outside of the functions", async () => {
  await using project = await AddProject.make();
  await project.added();
  const record = JSON.parse((await project.tree()).get(RECORD) ?? "");
  const paths = [
    "../victim.ts",
    "supabase/functions/powersync-jwks/../hello/index.ts",
    "/etc/passwd",
    "supabase/functions/hello/index.ts",
  ];
  const records = paths.map((path) =>
    JSON.stringify({ ...record, files: { ...record.files, [path]: "sha256-x" } })
  );
  for (const text of ["<<<<<<< HEAD\n", "null", "{}", ...records]) {
    await project.write({ [RECORD]: text });
    const before = await project.tree();
    assertRefused(
      await project.add("--force"),
      /^In .*my app: supabase\/powersync-functions\.json is not as `add` wrote it: /,
    );
    assertEquals(await project.tree(), before);
  }
});
