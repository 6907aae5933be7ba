/** What `keys --dir` prints works with the real CLI, from the reader's folder, on the other project alone. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { copyBundle, FUNCTIONS } from "../support/bundle.ts";
import { PROJECT_REF, startManagementApi } from "../support/management_api.ts";
import { printed } from "../support/printed_command.ts";
import { inFolder } from "../support/run_script.ts";
import { cliEnvironment } from "../support/supabase_cli.ts";

Deno.test("the printed commands link, set, deploy and unset the project that --dir names", async () => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const [reader, project, cli] = ["the bundle", "my app", "cli"].map((name) => join(folder, name));
    assert(reader !== undefined && project !== undefined && cli !== undefined);
    await copyBundle(reader);
    await copyBundle(project);
    await Deno.mkdir(cli);
    // The reader's own file must stay here.
    await Deno.writeTextFile(join(reader, ".env.production"), "READERS_OWN=1\n");
    const env = await cliEnvironment(api, cli);
    const run = (command: string) => printed(command, { cwd: reader, env });
    const keys = async (flags: string) =>
      commandsIn(await run(`deno task keys -- --dir '../my app' --alg ES256 ${flags}`));

    const first = await keys("--env-file .env.production");
    assertEquals(first.map((command) => command.replace(/ '.*/, "")), [
      "supabase link --workdir",
      "supabase secrets set --env-file",
      "supabase functions deploy powersync-jwks powersync-auth powersync-auth-anonymous --use-api --workdir",
    ]);
    // What a person would answer.
    await run(`${first[0]} --project-ref ${PROJECT_REF} --yes`);
    for (const command of first.slice(1)) await run(`${command} --yes`);
    assertEquals([...api.secrets.keys()].sort(), ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"]);
    assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);

    const rotation = await keys("--env-file .env.production --rotate");
    assertEquals(rotation.length, 2);
    for (const command of rotation) await run(`${command} --yes`);
    assertEquals([...api.secrets.keys()].map((name) => name.replace(/\d{8}$/, "<date>")), [
      "POWERSYNC_PRIVATE_KEY_<date>",
    ]);

    const [unset = "", ...others] = await keys("--rotate");
    assertEquals(others.length, 1);
    await run(`${unset} --yes`);
    assert([...api.secrets].some(([name, value]) => unset.includes(`${name}=${value}`)));
  });
});

/** The CLI's commands in the output, in their order. */
function commandsIn(stdout: string): string[] {
  return [...stdout.matchAll(/(?:^|: +)(supabase .*)$/gm)].map(([, command = ""]) => command);
}
