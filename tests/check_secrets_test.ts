import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { inFolder, runTask } from "./support/run_script.ts";

const POWERSYNC_URL = "POWERSYNC_URL=https://instance.powersync.example\n";

async function makeFile(folder: string, ...flags: string[]): Promise<string> {
  const { code } = await runTask("keys", ["--alg", "ES256", ...flags, "--env-file", "secrets.env"], {
    cwd: folder,
  });
  assertEquals(code, 0);
  return join(folder, "secrets.env");
}

Deno.test("a file with a deployment's secrets may be uploaded", async () => {
  await inFolder(async (folder) => {
    const file = await makeFile(folder);
    await Deno.writeTextFile(file, POWERSYNC_URL, { append: true });
    const { code, stdout } = await runTask("check-secrets", [file], { cwd: folder });
    assertEquals([code, stdout], [0, `${file} may be uploaded.\n`]);
  });
});

Deno.test("a file with a dev- key or a loopback URL may not, and nothing of the key is shown", async () => {
  await inFolder(async (folder) => {
    const withKey = await runTask("check-secrets", [await makeFile(folder, "--kid", "dev-me")], {
      cwd: folder,
    });
    assertEquals([withKey.code, withKey.stdout], [1, ""]);
    assertMatch(
      withKey.stderr,
      /do not upload it: it holds a key in POWERSYNC_\w+ whose `kid` begins with "dev-"/,
    );
    await Deno.writeTextFile(join(folder, "url.env"), "POWERSYNC_URL=http://localhost:8080\n");
    const withUrl = await runTask("check-secrets", ["url.env"], { cwd: folder });
    assertEquals([withUrl.code, withUrl.stdout], [1, ""]);
    assertMatch(withUrl.stderr, /do not upload it: it has a POWERSYNC_URL that is this computer/);
  });
});

Deno.test("a missing file and a missing name are said", async () => {
  await inFolder(async (folder) => {
    const missing = await runTask("check-secrets", ["nowhere.env"], { cwd: folder });
    assertEquals([missing.code, missing.stderr], [1, "There is no file nowhere.env.\n"]);
    const unnamed = await runTask("check-secrets", [], { cwd: folder });
    assertEquals([unnamed.code, unnamed.stderr], [1, "Usage: deno task check-secrets FILE\n"]);
  });
});
