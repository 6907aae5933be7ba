import { assert, assertEquals, assertMatch } from "@std/assert";
import { delimiter, join } from "node:path";
import { copyBundle, FUNCTIONS, makeLocalEnv, makeProductionEnv } from "../support/bundle.ts";
import { PROJECT_REF, startManagementApi } from "../support/management_api.ts";
import { inFolder } from "../support/run_script.ts";
import { cliEnvironment } from "../support/supabase_cli.ts";
import { deploySteps } from "../support/workflow.ts";

Deno.test("deploy.yml sets the secrets and deploys the functions, with what it installs itself", async (t) => {
  await inFolder(async (folder) => {
    const bundle = join(folder, "bundle");
    await copyBundle(bundle);
    await makeProductionEnv(bundle);
    const production = await Deno.readTextFile(join(bundle, ".env.production"));
    await Deno.remove(join(bundle, ".env.production"));

    await t.step("with secrets", async () => {
      const { failed, mode, left, log, api } = await deploy(bundle, production);
      assertEquals([failed, mode, left], [undefined, 0o600, ["tools"]], log);
      assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);
      const key = api.secrets.get("POWERSYNC_PRIVATE_KEY") ?? "";
      assert(production.includes(key) && key.length > 100 && !log.includes(key));
    });

    await t.step("without secrets, those of the project stay", async () => {
      const { failed, left, log, api } = await deploy(bundle, "");
      assertEquals([failed, left], [undefined, ["tools"]], log);
      assertEquals([api.uploads.size, api.secrets.size], [3, 0]);
    });

    await t.step("with secrets for local development, nothing is sent, and the file is removed", async () => {
      await makeLocalEnv(bundle);
      const local = await Deno.readTextFile(join(bundle, "supabase/functions/.env"));
      const { failed, left, log, api } = await deploy(bundle, local);
      assertEquals([failed, left], ["Check the file", ["tools"]], log);
      assertMatch(log, /do not upload it/);
      assertEquals([api.uploads.size, api.secrets.size], [0, 0]);
    });
  });
});

/**
 * Runs the steps as GitHub's runner does, from the one that installs to the one that deploys. The last one asks the
 * deployment, which is on the internet.
 *
 * @param secrets The value of POWERSYNC_SECRETS.
 */
async function deploy(bundle: string, secrets: string) {
  const runner = await Deno.makeTempDir();
  const temporary = join(runner, "temp");
  await Deno.mkdir(temporary);
  const files = { GITHUB_PATH: join(runner, "path"), GITHUB_OUTPUT: join(runner, "output") };
  await Promise.all(Object.values(files).map((path) => Deno.writeTextFile(path, "")));
  await using api = startManagementApi();
  const { SUPABASE_ACCESS_TOKEN = "", PATH = "", ...shared } = await cliEnvironment(api, runner);
  const values: Record<string, string> = {
    "${{ secrets.POWERSYNC_SECRETS }}": secrets,
    "${{ secrets.SUPABASE_ACCESS_TOKEN }}": SUPABASE_ACCESS_TOKEN,
  };
  let [failed, mode, log]: [string?, (number | null)?, string?] = [];
  try {
    for (const { name, if: condition, env = {}, run = "" } of (await deploySteps()).slice(1, -1)) {
      const given = (await Deno.readTextFile(files.GITHUB_OUTPUT)).includes("given=true");
      if (condition !== "always()" && (failed !== undefined || condition !== undefined && !given)) continue;
      const added = (await Deno.readTextFile(files.GITHUB_PATH)).trim();
      const { success, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-e", "-c", run],
        cwd: bundle,
        env: {
          ...shared,
          ...files,
          ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, values[value] ?? ""])),
          RUNNER_TEMP: temporary,
          SUPABASE_PROJECT_REF: PROJECT_REF,
          PATH: [added, PATH].join(delimiter),
        },
        clearEnv: true,
        stdin: "null",
      }).output();
      log = `${log ?? ""}${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`;
      if (!success) failed ??= name ?? run;
      const { mode: seen } = await Deno.stat(join(temporary, ".env.production")).catch(() => ({
        mode: null,
      }));
      mode ??= seen === null ? undefined : seen & 0o777;
    }
    const left = [...Deno.readDirSync(temporary)].map((entry) => entry.name);
    return { failed, mode, left, log: log ?? "", api };
  } finally {
    await Deno.remove(runner, { recursive: true });
  }
}
