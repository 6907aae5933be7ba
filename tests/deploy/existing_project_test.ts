import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { commandsOf, copyBundle, FUNCTIONS, readPage } from "../support/bundle.ts";
import { assertContract } from "../support/deployed_contract.ts";
import { startAll } from "../support/deployed_functions.ts";
import { startManagementApi } from "../support/management_api.ts";
import { makeProductionEnv, POWERSYNC_URL } from "../support/production_env.ts";
import { readTree, writeTree } from "../support/file_tree.ts";
import { inFolder } from "../support/run_script.ts";
import { link, supabaseCli } from "../support/supabase_cli.ts";
import { startSupabaseProject } from "../support/supabase_project.ts";

const PAGE = "docs/existing-project.md";

/** A function of somebody else's, with a `_shared` folder and an import map of its own. */
const THEIRS: Readonly<Record<string, string>> = {
  "supabase/functions/_shared/greeting.ts": 'export const greeting = "Hello from their own function";\n',
  "supabase/functions/hello/deno.json": '{ "imports": { "greeting": "../_shared/greeting.ts" } }\n',
  "supabase/functions/hello/index.ts":
    'import { greeting } from "greeting";\n\nexport default { fetch: () => new Response(greeting) };\n',
};

Deno.test("added to an existing project as docs/existing-project.md says, the bundle and the project's own function work", async (t) => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const [bundle, project, cli] = ["bundle", "project", "cli"].map((name) => join(folder, name));
    assert(bundle !== undefined && project !== undefined && cli !== undefined);
    await copyBundle(bundle);
    await Deno.mkdir(project);
    await Deno.mkdir(cli);
    const supabase = await supabaseCli(api, cli);
    await supabase(project, "init");
    await writeTree(project, THEIRS);
    const before = await readTree(project);

    const commands = await commandsOf(PAGE);
    await shell(commands, { cwd: project, bundle });
    const after = await readTree(project);

    await t.step("nothing of theirs is touched: config.toml grows at its end, the rest stays", () => {
      for (const [path, content] of before) {
        if (path === "supabase/config.toml") assert(after.get(path)?.startsWith(content));
        else assertEquals(after.get(path), content, path);
      }
    });

    await t.step("what is added is the shared folder and three functions", () => {
      const added = [...after.keys()].filter((path) => !before.has(path));
      const places = added.map((path) => path.replace(/^(supabase\/functions\/(_shared\/)?[^/]+\/).*/, "$1"));
      assertEquals(
        new Set(places),
        new Set([
          "supabase/functions/_shared/powersync/",
          ...FUNCTIONS.map((name) => `supabase/functions/${name}/`),
        ]),
      );
    });

    await makeProductionEnv(bundle);
    await link(supabase, project);
    await supabase(project, "secrets", "set", "--env-file", join(bundle, ".env.production"));

    await t.step("the page's command deploys the three and leaves theirs alone", async () => {
      const deploy = /`supabase (functions deploy [^`]+)`/.exec(await readPage(PAGE))?.[1];
      assert(deploy !== undefined);
      await supabase(project, ...deploy.split(" "));
      assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);
    });

    await t.step(
      "all of the project's functions deploy together, the gateway's check as each wants it",
      async () => {
        await supabase(project, "functions", "deploy", "--use-api");
        assertEquals([...api.uploads.keys()].sort(), ["hello", ...FUNCTIONS]);
        for (const slug of FUNCTIONS) assertEquals(api.uploads.get(slug)?.metadata.verify_jwt, false);
        assert(api.uploads.get("hello")?.metadata.verify_jwt !== false);
        assertEquals([...api.uploads.get("hello")?.files.keys() ?? []].sort(), Object.keys(THEIRS).sort());
      },
    );

    await t.step("from what was uploaded, theirs and ours run on Deno 2.1.4", async () => {
      await using supabaseProject = await startSupabaseProject();
      const env = { ...supabaseProject.env, ...Object.fromEntries(api.secrets) };
      await using functions = await startAll(api, { folder: join(folder, "running"), env });
      assertEquals(await (await fetch(functions.url("hello"))).text(), "Hello from their own function");
      await assertContract(functions, { project: supabaseProject, powersyncUrl: POWERSYNC_URL });
    });

    await t.step("copying the folders again brings an update", async () => {
      const claims = "supabase/functions/_shared/powersync/claims.ts";
      await writeTree(bundle, { [claims]: "// A newer version.\n" });
      await shell(commands.replace(/^sed .*$/m, ""), { cwd: project, bundle });
      assertEquals(await readTree(project), new Map([...after, [claims, "// A newer version.\n"]]));
    });
  });
});

async function shell(commands: string, { cwd, bundle }: { cwd: string; bundle: string }): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-e", "-c", commands],
    cwd,
    env: { BUNDLE: bundle },
  }).output();
  if (!success) throw new Error(`The page's commands failed:\n${new TextDecoder().decode(stderr)}`);
}
