/** `task dev -- --dir`: the functions of another project. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { assertRefused } from "../support/call_command.ts";
import { copy, DevServer, inProject } from "../support/dev_server.ts";
import { runTask } from "../support/run_script.ts";

const ENV_FILE = "supabase/functions/.env";

Deno.test("--dir serves another project, with the packages of its functions and none of its app", async () => {
  await inProject(async (folder) => {
    const project = `${folder}/my app`;
    const functions = `${project}/supabase/functions`;
    await copy(`${folder}/supabase`, `${project}/supabase`);
    // An app's own files, which a deployed function does not see.
    const workspace = { workspace: ["./supabase/functions/powersync-auth"], imports: { jose: "npm:none@1" } };
    await Deno.writeTextFile(`${project}/deno.json`, JSON.stringify(workspace));
    await Deno.writeTextFile(`${project}/package.json`, '{"dependencies":{"jose":"none@1"}}');
    const packages = JSON.parse(await Deno.readTextFile(`${functions}/powersync-auth/deno.json`));
    packages.imports.mine = "npm:jose@6.2.17/jwt/decode";
    await Deno.writeTextFile(`${functions}/powersync-auth/deno.json`, JSON.stringify(packages));
    const claims = `${functions}/_shared/powersync/claims.ts`;
    const text = (await Deno.readTextFile(claims)).replace('sub: "anonymous"', "$&, mine: typeof decodeJwt");
    await Deno.writeTextFile(claims, `import { decodeJwt } from "mine";\n${text}`);
    await using server = await DevServer.start(folder, { args: ["--dir", "my app", "--port", "0"] });
    const { data } = await server.client().functions.invoke("powersync-auth-anonymous");
    assertEquals(decodeJwt(data.token).mine, "function");
    assertEquals(await readEnvFile(`${folder}/${ENV_FILE}`), undefined);
    assertEquals((await readEnvFile(`${project}/${ENV_FILE}`))?.POWERSYNC_URL, "http://localhost:8080");
    assertStringIncludes(server.output, "Written to my app/supabase/functions/.env: ");
    assertStringIncludes(server.output, "\nProject           my app\n");
    assertStringIncludes(server.output, "task keys -- --dir 'my app' --env-file .env.production");
    await server.edit(
      `my app/${ENV_FILE}`,
      (env) => `${env}\nodd`,
      /^\S.*my app\/supabase\/functions\/\.env, line 5: /,
    );
  });
});

Deno.test("--dir without the functions names the command that copies them", async () => {
  await inProject(async (folder) => {
    await Deno.mkdir(`${folder}/other/supabase`, { recursive: true });
    const ran = await runTask("dev", ["--dir", "other"], { cwd: folder });
    assertRefused(ran, /other\/supabase\/functions\/powersync-jwks.*: `.* task add -- other` copies/);
    assertEquals(await readEnvFile(`${folder}/other/${ENV_FILE}`), undefined);
  });
});
