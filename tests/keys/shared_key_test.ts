import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { parseEnv } from "node:util";
import { main } from "../../scripts/generate-keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
import { inFolder } from "../support/run_script.ts";

Deno.test("--alg HS256 makes a shared secret and prints the client_auth block", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/supabase/functions`, { recursive: true });
    const path = `${folder}/supabase/functions/.env`;
    const ran = await callCommand(main, ["--alg", "HS256", "--dir", folder]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const variables = parseEnv(await Deno.readTextFile(path));
    assertEquals(Object.keys(variables), ["POWERSYNC_SHARED_KEY"]);
    assertEquals(JSON.parse(`${Buffer.from(variables.POWERSYNC_SHARED_KEY ?? "", "base64")}`).alg, "HS256");
    assertEquals(readKeySecrets(variables), { signing: [], extra: [] });
    // Beside the address of the functions' keys, so pasting it over that block refuses no token of theirs.
    assertMatch(ran.stdout, /^client_auth:\n {2}jwks_uri: .*jwks:\n {4}keys:\n {6}- kty: "oct"/ms);
    assertFalse(ran.stdout.includes("supabase secrets"));
    assertRefused(await callCommand(main, ["--alg", "HS256", "--env-file", path]), /--force/);
    const other = `${folder}/other.env`;
    await Deno.writeTextFile(other, "POWERSYNC_URL=http://<instance>:8080\n");
    assertRefused(await callCommand(main, ["--alg", "HS256", "--env-file", other]), /placeholder/);
    assertEquals(await Deno.readTextFile(other), "POWERSYNC_URL=http://<instance>:8080\n");
    assertFalse(
      (await callCommand(main, ["--alg", "ES256", "--env-file", path])).stdout.includes("secrets set"),
    );
  });
});
