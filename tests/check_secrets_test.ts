import { assertEquals, assertFalse } from "@std/assert";
import { join } from "node:path";
import { main } from "../scripts/check-secrets.ts";
import { main as makeKeys } from "../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { assertRefused, callCommand } from "./support/call_command.ts";
import { inFolder, runTask } from "./support/run_script.ts";

const POWERSYNC_URL = "POWERSYNC_URL=https://instance.powersync.example\n";

async function makeFile(folder: string, ...flags: string[]): Promise<string> {
  const file = join(folder, "secrets.env");
  const { code } = await callCommand(makeKeys, ["--alg", "ES256", ...flags, "--env-file", file]);
  assertEquals(code, 0);
  return file;
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
    assertRefused(
      await callCommand(main, [await makeFile(folder, "--kid", "dev-me")]),
      /do not upload it\. POWERSYNC_\w+ holds a key whose `kid` begins with "dev-"/,
    );
    const file = join(folder, "url.env");
    await Deno.writeTextFile(file, "POWERSYNC_URL=http://localhost:8080\n");
    const withUrl = await callCommand(main, [file]);
    assertRefused(withUrl, /do not upload it\. POWERSYNC_URL is a URL of this computer/);
  });
});

Deno.test("what stands around a value hides nothing from the check", async () => {
  await inFolder(async (folder) => {
    const { privateJwk } = await makeKeyPair("ES256", { prefix: "dev-" });
    const key = encodeSecret(privateJwk);
    const lines: [string, RegExp][] = [
      [`POWERSYNC_PRIVATE_KEY='"${key}"'`, /holds a key whose `kid` begins with "dev-"/],
      [`POWERSYNC_PRIVATE_KEY='POWERSYNC_PRIVATE_KEY=${key}'`, /holds a key whose `kid` begins with "dev-"/],
      [`POWERSYNC_URL='"http://localhost:8080"'`, /POWERSYNC_URL is a URL of this computer/],
    ];
    for (const [number, [line, refused]] of lines.entries()) {
      const file = join(folder, `${number}.env`);
      await Deno.writeTextFile(file, `${line}\n`);
      assertRefused(await callCommand(main, [file]), refused);
    }
    const quoted = join(folder, "quoted.env");
    await Deno.writeTextFile(quoted, `POWERSYNC_URL='"https://instance.powersync.example"'\n`);
    assertEquals((await callCommand(main, [quoted])).code, 0);
  });
});

Deno.test("a missing file and a missing name are reported", async () => {
  assertRefused(await callCommand(main, ["nowhere.env"]), /^There is no file nowhere\.env\.$/m);
  assertRefused(await callCommand(main, []), /^Usage: deno task check-secrets FILE$/m);
});

Deno.test("a secret that no function could use is refused, and not shown", async () => {
  const { privateJwk } = await makeKeyPair("ES256");
  const key = encodeSecret(privateJwk);
  const hex = "00".repeat(32);
  for (
    const [name, value] of [
      ["POWERSYNC_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----"],
      ["POWERSYNC_PRIVATE_KEY", key.slice(0, 100)],
      ["POWERSYNC_PRIVATE_KEY", hex],
      ["POWERSYNC_PUBLIC_KEY", key],
      ["POWERSYNC_URL", "instance.powersync.example"],
      ["POWERSYNC_URL", "https://<instance>.powersync.journeyapps.com"],
      ["POWERSYNC_TOKEN_TTL", "1h"],
      ["POWERSYNC_IDENTITY_PROVIDERS", "[{}]"],
    ] as const
  ) {
    await inFolder(async (folder) => {
      const file = join(folder, "secrets.env");
      await Deno.writeTextFile(file, `${name}=${value}\n`);
      const ran = await callCommand(main, [file]);
      assertRefused(ran, new RegExp(`do not upload it\\. .*${name}`));
      assertFalse(ran.stderr.includes(hex) || ran.stderr.includes(key.slice(0, 100)));
    });
  }
});
