import { assert, assertEquals, assertFalse } from "@std/assert";
import { main } from "../scripts/check-secrets.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { assertRefused, callCommand, callWithFile } from "./support/call_command.ts";
import { inFolder, runTask } from "./support/run_script.ts";

const KEY = encodeSecret((await makeKeyPair("ES256")).privateJwk);
const DEV_KEY = encodeSecret((await makeKeyPair("ES256", { prefix: "dev-" })).privateJwk);
const HEX = "00".repeat(32);
const POWERSYNC_URL = "POWERSYNC_URL=https://instance.powersync.example";
const GOOD = `POWERSYNC_PRIVATE_KEY=${KEY}\n${POWERSYNC_URL}\n`;

const check = (text: string | Uint8Array) => callWithFile(main, (path) => [path], text);

const IS_DEV = /^- POWERSYNC_PRIVATE_KEY holds a key for development: its `kid` begins with "dev-"\.$/;
const IS_LOCAL = /^- POWERSYNC_URL is http:\/\/localhost:8080, a URL of this computer\./;
const NO_KEY = /^- POWERSYNC_PRIVATE_KEY is not set/;
const [BAD_KEY, BAD_URL] = [/^- .*POWERSYNC_PRIVATE_KEY/, /^- POWERSYNC_URL /];

for (
  const [what, lines, ...faults] of [
    [
      "a dev- key and a loopback URL",
      [`POWERSYNC_PRIVATE_KEY=${DEV_KEY}`, "POWERSYNC_URL=http://localhost:8080"],
      IS_LOCAL,
      IS_DEV,
    ],
    ["a dev- key in quotes", [`POWERSYNC_PRIVATE_KEY='"${DEV_KEY}"'`, POWERSYNC_URL], IS_DEV],
    ["a dev- key in a whole line", [
      `POWERSYNC_PRIVATE_KEY='POWERSYNC_PRIVATE_KEY=${DEV_KEY}'`,
      POWERSYNC_URL,
    ], IS_DEV],
    [
      "a loopback URL in quotes",
      [`POWERSYNC_PRIVATE_KEY=${KEY}`, `POWERSYNC_URL='"http://localhost:8080"'`],
      IS_LOCAL,
    ],
    ["neither key nor URL", ["STRIPE_KEY=x"], NO_KEY, /^- POWERSYNC_URL is not set/],
    [
      "three faults",
      ["POWERSYNC_PRIVATE_KEY=e30=", "POWERSYNC_URL=https://<instance>", "POWERSYNC_TOKEN_TTL=1"],
      BAD_KEY,
      /^- POWERSYNC_TOKEN_TTL /,
      BAD_URL,
    ],
    ["a PEM's first line", ["POWERSYNC_PRIVATE_KEY=-----BEGIN PRIVATE KEY-----", POWERSYNC_URL], BAD_KEY],
    ["a key that was cut", [`POWERSYNC_PRIVATE_KEY=${KEY.slice(0, 100)}`, POWERSYNC_URL], BAD_KEY],
    ["hex", [`POWERSYNC_PRIVATE_KEY=${HEX}`, POWERSYNC_URL], BAD_KEY],
    ["a private key as the public one", [GOOD, `POWERSYNC_PUBLIC_KEY=${KEY}`], /^- .*POWERSYNC_PUBLIC_KEY/],
    ["a host", [`POWERSYNC_PRIVATE_KEY=${KEY}`, "POWERSYNC_URL=instance.powersync.example"], BAD_URL],
    ["a placeholder", [
      `POWERSYNC_PRIVATE_KEY=${KEY}`,
      "POWERSYNC_URL=https://<instance>.powersync.journeyapps.com",
    ], BAD_URL],
    ["a lifetime in words", [GOOD, "POWERSYNC_TOKEN_TTL=1h"], /^- POWERSYNC_TOKEN_TTL /],
    [
      "a provider without members",
      [GOOD, "POWERSYNC_IDENTITY_PROVIDERS=[{}]"],
      /^- POWERSYNC_IDENTITY_PROVIDERS /,
    ],
  ] as const
) {
  Deno.test(`a file with ${what} may not be uploaded; every fault has a line, and no secret is shown`, async () => {
    const { code, stdout, stderr, path } = await check(lines.join("\n"));
    const [first, ...found] = stderr.trimEnd().split("\n");
    assertEquals([code, stdout, first], [1, "", `${path}: do not upload it.`]);
    assertEquals(found.length, faults.length, stderr);
    for (const [index, fault] of faults.entries()) assert(fault.test(found[index] ?? ""), stderr);
    for (const secret of [DEV_KEY, HEX, KEY.slice(0, 100)]) assertFalse(stderr.includes(secret), stderr);
  });
}

Deno.test("a file with a deployment's secrets may be uploaded, also with quotes around a value", async () => {
  for (const text of [GOOD, GOOD.replace(/URL=(.*)/, `URL='"$1"'`)]) {
    const { code, stdout, path } = await check(text);
    assertEquals([code, stdout], [0, `${path} may be uploaded.\n`]);
  }
});

Deno.test("a file that is not an env file in UTF-8 is refused in one sentence", async () => {
  const utf16 = new Uint8Array(Uint16Array.from(GOOD, (c) => c.charCodeAt(0)).buffer);
  assertRefused(await check(utf16), /\.env: it is UTF-16, .* Save it as UTF-8\.$/m);
});

Deno.test("a missing file and too many are reported", async () => {
  assertRefused(
    await callCommand(main, ["nowhere.env"]),
    /^There is no file nowhere\.env: (deno|npx -y deno@2) task keys -- --env-file nowhere\.env creates it, or name another one\.$/m,
  );
  assertRefused(await callCommand(main, ["one.env", "two.env"]), /^Unexpected argument after the file/);
});

Deno.test("as a task, without a name, it checks the production file", async () => {
  await inFolder(async (cwd) => {
    assertRefused(await runTask("check-secrets", [], { cwd }), /no file \.env\.production/);
    await Deno.writeTextFile(`${cwd}/.env.production`, GOOD);
    const { stdout } = await runTask("check-secrets", [], { cwd });
    assertEquals(stdout, ".env.production may be uploaded.\n");
  });
});
