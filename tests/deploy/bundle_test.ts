import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { decodeJsonSecret, isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { copyBundle, FUNCTIONS, makeLocalEnv, makeProductionEnv } from "../support/bundle.ts";
import {
  assertContract,
  neededFiles,
  startAll,
  startSupabaseProject,
  unpack,
} from "../support/deployed_functions.ts";
import { shellOf } from "../support/documents.ts";
import { startManagementApi } from "../support/management_api.ts";
import { inFolder } from "../support/run_script.ts";
import { link, supabaseCli } from "../support/supabase_cli.ts";

Deno.test("what the CLI deploys is what was tested", async (t) => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const bundle = join(folder, "bundle");
    await copyBundle(bundle);
    await Deno.mkdir(join(folder, "cli"));
    const supabase = await supabaseCli(api, join(folder, "cli"));
    await makeLocalEnv(bundle);
    await makeProductionEnv(bundle);
    await link(supabase, bundle);
    await supabase(bundle, "secrets", "set", "--env-file", ".env.production");
    await supabase(bundle, "functions", "deploy", "--use-api");

    await t.step("these are the README's commands", () => {
      const commands = shellOf("README.md");
      assertStringIncludes(commands, "\nsupabase secrets set --env-file .env.production\n");
      assertStringIncludes(commands, "\nsupabase functions deploy --use-api\n");
    });

    await t.step("the three functions are deployed, each without the gateway's check", () => {
      assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);
      for (const { metadata } of api.uploads.values()) assertEquals(metadata.verify_jwt, false);
    });

    for (const upload of api.uploads.values()) {
      await t.step(`${upload.slug}: every file it needs is uploaded, and no other`, async () => {
        const unpacked = join(folder, upload.slug);
        await unpack(upload, unpacked);
        const own = `supabase/functions/${upload.slug}/deno.json`;
        const needed = [...await neededFiles(upload, unpacked), own];
        assertEquals([...upload.files.keys()].sort(), needed.sort());
      });
    }

    await t.step("the key that is set is the production one; nothing of the local .env leaves", async () => {
      assertEquals([...api.secrets.keys()].sort(), [
        "POWERSYNC_PRIVATE_KEY",
        "POWERSYNC_PUBLIC_KEY",
        "POWERSYNC_URL",
      ]);
      const key = decodeJsonSecret(api.secrets.get("POWERSYNC_PRIVATE_KEY") ?? "");
      assert(key.ok && isJsonObject(key.value) && String(key.value.kid).startsWith("powersync-"));
      const local = await Deno.readTextFile(join(bundle, "supabase/functions/.env"));
      const localKey = /^POWERSYNC_PRIVATE_KEY="?(.+?)"?$/m.exec(local)?.[1];
      assert(localKey !== undefined);
      for (const { files } of api.uploads.values()) {
        for (const content of files.values()) assert(!new TextDecoder().decode(content).includes(localKey));
      }
    });

    await t.step(
      "from the uploaded files alone, on Deno 2.1.4, the functions keep their contract",
      async () => {
        await using project = startSupabaseProject();
        const env = { ...project.env, ...Object.fromEntries(api.secrets) };
        await using functions = await startAll(api, { folder: join(folder, "running"), env });
        await assertContract(functions);
      },
    );
  });
});
