/** `supabase functions serve` of the real CLI, as docs/self-hosting.md describes it, with a stand-in for Docker. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { copyBundle, FUNCTIONS, makeProductionEnv, POWERSYNC_URL } from "../support/bundle.ts";
import { assertContract, startAll, startSupabaseProject } from "../support/deployed_functions.ts";
import { startDockerApi } from "./docker_api.ts";
import { readTree } from "../support/file_tree.ts";
import { startManagementApi, type Upload } from "../support/management_api.ts";
import { inFolder } from "../support/run_script.ts";
import { cliEnvironment, SUPABASE_CLI } from "../support/supabase_cli.ts";

Deno.test("`supabase functions serve` gives the functions what they need", async (t) => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    await using docker = startDockerApi();
    const [bundle, home] = [join(folder, "bundle"), join(folder, "home")];
    await copyBundle(bundle);
    await Deno.mkdir(home);
    await makeProductionEnv(bundle);
    await Deno.rename(join(bundle, ".env.production"), join(bundle, "supabase/functions/.env"));
    await new Deno.Command("npx", {
      args: ["-y", SUPABASE_CLI, "functions", "serve"],
      cwd: bundle,
      env: { ...await cliEnvironment(api, home), DOCKER_HOST: docker.host },
      clearEnv: true,
      stdin: "null",
    }).output();
    const container = [...docker.containers].find(([name]) => name.startsWith("supabase_edge_runtime_"))?.[1];
    assert(container !== undefined, "The CLI asked for no container.");
    const { env, mounts } = container;
    const config = JSON.parse(env.SUPABASE_INTERNAL_FUNCTIONS_CONFIG ?? "");

    await t.step(
      "it mounts the functions' folder and nothing else, with each function's deno.json",
      async () => {
        const functions = join(bundle, "supabase/functions");
        assertEquals([...mounts.values()], [functions]);
        assertEquals(Object.keys(config).sort(), [...FUNCTIONS]);
        for (const name of FUNCTIONS) {
          const { verifyJWT, entrypointPath, importMapPath } = config[name];
          const place = `supabase/functions/${name}`;
          assertEquals([verifyJWT, entrypointPath, importMapPath], [
            false,
            `${place}/index.ts`,
            `${place}/deno.json`,
          ]);
        }
        assert((await readTree(functions)).has("_shared/powersync/claims.ts"));
      },
    );

    await t.step("it reads supabase/functions/.env, and sets the variables of the platform", () => {
      assertEquals(env.POWERSYNC_URL, POWERSYNC_URL);
      assert(env.POWERSYNC_PRIVATE_KEY !== undefined);
      assertEquals(env.SUPABASE_URL, "http://kong:8000");
      const { keys } = JSON.parse(env.SUPABASE_JWKS ?? "");
      // The shared secret is among them: the functions must never publish or trust it.
      assertEquals(keys.map(({ kty }: { kty: string }) => kty), ["EC", "oct"]);
    });

    await t.step("from what is mounted and that environment, they work on Deno 2.1.4", async () => {
      await using project = startSupabaseProject();
      const files = new Map(
        [...await readTree(join(bundle, "supabase/functions"))].map(([path, text]) =>
          [`supabase/functions/${path}`, new TextEncoder().encode(text)] as const
        ),
      );
      const uploads = new Map(FUNCTIONS.map((slug): [string, Upload] => [slug, {
        slug,
        metadata: {
          entrypoint_path: config[slug].entrypointPath,
          import_map_path: config[slug].importMapPath,
        },
        files,
      }]));
      const options = { folder: join(folder, "running"), env: { ...env, ...project.env } };
      await using functions = await startAll({ uploads }, options);
      await assertContract(functions);
    });
  });
});
