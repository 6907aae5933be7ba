import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
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

/** The faults it prints, one a line, for a file with these lines. */
async function faultsOf(...lines: string[]): Promise<string[]> {
  const found: string[] = [];
  await inFolder(async (folder) => {
    const file = join(folder, "secrets.env");
    await Deno.writeTextFile(file, lines.map((line) => `${line}\n`).join(""));
    const { code, stdout, stderr } = await callCommand(main, [file]);
    const [first, ...faults] = stderr.trimEnd().split("\n");
    assertEquals([code, stdout, first], [1, "", `${file}: do not upload it.`]);
    found.push(...faults);
  });
  return found;
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
  const { privateJwk } = await makeKeyPair("ES256", { prefix: "dev-" });
  const key = encodeSecret(privateJwk);
  const faults = await faultsOf(`POWERSYNC_PRIVATE_KEY=${key}`, "POWERSYNC_URL=http://localhost:8080");
  assertEquals(faults.length, 2);
  assertMatch(`${faults[0]}`, /POWERSYNC_URL is http:\/\/localhost:8080, a URL of this computer/);
  assertMatch(
    `${faults[1]}`,
    /POWERSYNC_PRIVATE_KEY holds a key for development: its `kid` begins with "dev-"/,
  );
});

Deno.test("what stands around a value hides nothing from the check", async () => {
  const { privateJwk } = await makeKeyPair("ES256", { prefix: "dev-" });
  const key = encodeSecret(privateJwk);
  const lines: [string, RegExp][] = [
    [`POWERSYNC_PRIVATE_KEY='"${key}"'`, /holds a key for development: its `kid` begins with "dev-"/],
    [
      `POWERSYNC_PRIVATE_KEY='POWERSYNC_PRIVATE_KEY=${key}'`,
      /holds a key for development: its `kid` begins with "dev-"/,
    ],
    [`POWERSYNC_URL='"http://localhost:8080"'`, /POWERSYNC_URL is http:\/\/localhost:8080, a URL of this/],
  ];
  for (const [line, refused] of lines) {
    const faults = await faultsOf(line);
    assert(faults.some((fault) => refused.test(fault)), faults.join());
  }
  await inFolder(async (folder) => {
    const quoted = await makeFile(folder);
    const line = `POWERSYNC_URL='"https://instance.powersync.example"'\n`;
    await Deno.writeTextFile(quoted, line, { append: true });
    assertEquals((await callCommand(main, [quoted])).code, 0);
  });
});

Deno.test("a file without a key or without the instance's URL may not be uploaded, and every fault has a line", async () => {
  assertEquals((await faultsOf("STRIPE_KEY=x")).map((line) => line.match(/POWERSYNC_\w+ is not set/)?.[0]), [
    "POWERSYNC_PRIVATE_KEY is not set",
    "POWERSYNC_URL is not set",
  ]);
  const lines = ["POWERSYNC_PRIVATE_KEY=e30=", "POWERSYNC_URL=https://<instance>", "POWERSYNC_TOKEN_TTL=1"];
  assertEquals((await faultsOf(...lines)).length, 3);
});

Deno.test("a file that is not an env file in UTF-8 is refused in one sentence", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "secrets.env");
    await Deno.writeFile(
      file,
      new Uint8Array(Uint16Array.from(POWERSYNC_URL, (c) => c.charCodeAt(0)).buffer),
    );
    assertRefused(await callCommand(main, [file]), /secrets\.env: it is UTF-16, .* Save it as UTF-8\.$/m);
  });
});

Deno.test("a missing file and too many are reported", async () => {
  assertRefused(
    await callCommand(main, ["nowhere.env"]),
    /^There is no file nowhere\.env: (deno|npx -y deno@2) task keys -- --env-file nowhere\.env creates it, or name another one\.$/m,
  );
  assertRefused(await callCommand(main, ["one.env", "two.env"]), /^Unexpected argument after the file/);
});

Deno.test("without a name, it checks the production file", async () => {
  await inFolder(async (folder) => {
    assertRefused(await runTask("check-secrets", [], { cwd: folder }), /no file \.env\.production/);
    const file = await makeFile(folder);
    await Deno.writeTextFile(file, POWERSYNC_URL, { append: true });
    await Deno.rename(file, join(folder, ".env.production"));
    const { stdout } = await runTask("check-secrets", [], { cwd: folder });
    assertEquals(stdout, ".env.production may be uploaded.\n");
  });
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
    const faults = await faultsOf(`${name}=${value}`);
    assert(faults.some((fault) => fault.includes(name)), faults.join());
    assertFalse(faults.some((fault) => fault.includes(hex) || fault.includes(key.slice(0, 100))));
  }
});
