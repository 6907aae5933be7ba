import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { main } from "../scripts/edit-secrets.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { inspect } from "../scripts/setup/inspect.ts";
import { decodeJsonSecret } from "../supabase/functions/_shared/powersync/secret.ts";
import { assertRefused, callCommand, callWithFile } from "./support/call_command.ts";
import { inFolder, runTask } from "./support/run_script.ts";

const { privateJwk, publicJwk } = await makeKeyPair("ES256");
const [PRIVATE, PUBLIC] = [encodeSecret(privateJwk), encodeSecret(publicJwk)];
const URL_LINE = "POWERSYNC_URL=https://sync.example.org";

const edit = (before: string | Uint8Array | undefined, ...args: string[]) => callWithFile(main, args, before);

/** What the file is after the command, which succeeded. */
async function edited(before: string | Uint8Array, ...args: string[]): Promise<string> {
  const { code, stdout, stderr, text } = await edit(before, ...args);
  assertEquals([code, stderr], [0, ""]);
  assertFalse(stdout.includes(PRIVATE) || stdout.includes(`${privateJwk.d}`));
  return text;
}

/** The command was refused with one sentence, and the file is as it was. */
async function assertKept(before: string, args: readonly string[], reason: RegExp): Promise<void> {
  const ran = await edit(before, ...args);
  assertRefused(ran, reason);
  assertFalse(ran.stderr.includes(PRIVATE));
  assertEquals(ran.text, before);
}

Deno.test("a key is mended while it is renamed", async () => {
  const doubled = Buffer.from(PRIVATE).toString("base64");
  const rename = ["--rename", "POWERSYNC_KEY=POWERSYNC_PRIVATE_KEY"];
  assertEquals(
    await edited(`POWERSYNC_KEY=${doubled}\n${URL_LINE}\n`, ...rename),
    `${URL_LINE}\nPOWERSYNC_PRIVATE_KEY=${PRIVATE}\n`,
  );
});

Deno.test("it sets, removes and renames, and keeps every other line", async () => {
  const before =
    `# mine\nSTRIPE_KEY=sk\nPOWERSYNC_TTL=600\nPOWERSYNC_URL=x\nPOWERSYNC_PUBLIC_KEY=${PUBLIC}\n`;
  assertEquals(
    await edited(
      before,
      "POWERSYNC_URL=https://sync.example.org",
      ...["--remove", "POWERSYNC_PUBLIC_KEY", "--rename", "POWERSYNC_TTL=POWERSYNC_TOKEN_TTL"],
    ),
    `# mine\nSTRIPE_KEY=sk\nPOWERSYNC_TOKEN_TTL=600\n${URL_LINE}\n`,
  );
});

Deno.test("a renamed variable replaces what had its new name, and two may exchange their names", async () => {
  assertEquals(
    await edited(
      `POWERSYNC_URL=old\nPOWER_SYNC_URL="https://sync.example.org"\n`,
      ...["--rename", "POWER_SYNC_URL=POWERSYNC_URL"],
    ),
    `${URL_LINE}\n`,
  );
  const swapped = `POWERSYNC_PRIVATE_KEY=${PUBLIC}\nPOWERSYNC_PUBLIC_KEY=${PRIVATE}\n`;
  const names = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"] as const;
  assertEquals(
    await edited(swapped, "--rename", names.join("="), "--rename", names.toReversed().join("=")),
    `POWERSYNC_PUBLIC_KEY=${PUBLIC}\nPOWERSYNC_PRIVATE_KEY=${PRIVATE}\n`,
  );
});

Deno.test("a value that needs quotation marks gets them, and is read as it was given", async () => {
  const list = '[{"issuer":"https://id.example","audience":"app #1 $HOME"}]';
  const text = await edited("", `POWERSYNC_IDENTITY_PROVIDERS=${list}`, "POWERSYNC_ISSUER=a = b");
  assertEquals(text, `POWERSYNC_IDENTITY_PROVIDERS='${list}'\nPOWERSYNC_ISSUER='a = b'\n`);
  const { POWERSYNC_IDENTITY_PROVIDERS, POWERSYNC_ISSUER } = parseEnv(text);
  assertEquals([POWERSYNC_IDENTITY_PROVIDERS, POWERSYNC_ISSUER], [list, "a = b"]);
});

Deno.test("the default file is .env.production, it may be missing, only its owner may read it, and git ignores it", async () => {
  await inFolder(async (cwd) => {
    const set = ["POWERSYNC_URL=https://sync.example.org"];
    const ran = await runTask("edit-secrets", ["--", ...set], { cwd });
    assertEquals([ran.code, ran.stdout], [0, ".env.production: set POWERSYNC_URL.\n"], ran.stderr);
    const path = join(cwd, ".env.production");
    assertEquals(await Deno.readTextFile(path), `${URL_LINE}\n`);
    if (Deno.build.os !== "windows") assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    await new Deno.Command("git", { args: ["init", "-q"], cwd }).output();
    const ofFile = [...set, "--env-file", path];
    assertRefused(await callCommand(main, ofFile), /^Git would commit \S+\/\.env\.production/m);
  });
});

Deno.test("what would lose a value or break the file is refused, and the file stays", async () => {
  const before = `POWERSYNC_PRIVATE_KEY=${PRIVATE}\n`;
  for (
    const [args, reason] of [
      [["POWER_SYNC_URL=https://sync.example.org"], /did you mean POWERSYNC_URL\?/],
      [["STRIPE_KEY=x"], /do not read STRIPE_KEY/],
      [["--rename", "POWERSYNC_PRIVATE_KEY=STRIPE_KEY"], /do not read STRIPE_KEY/],
      [["POWERSYNC_URL="], /must be NAME=value/],
      [["=x"], /must be NAME=value/],
      [["POWERSYNC_URL"], /must be NAME=value/],
      [["POWERSYNC_ISSUER=a\nB=c"], /on one line/],
      [["--rename", "POWERSYNC_PRIVATE_KEY"], /--rename must be OLD=NEW/],
      [["--remove", "POWERSYNC_URL"], /has no POWERSYNC_URL/],
      [["--remove", ""], /--remove is empty/],
      [["--rename", "POWERSYNC_URI=POWERSYNC_URL"], /has no POWERSYNC_URI/],
      [["POWERSYNC_URL=https://<instance>.powersync.journeyapps.com"], /placeholder/],
      [["POWERSYNC_TOKEN_TTL=1h"], /POWERSYNC_TOKEN_TTL cannot be used/],
      [[`POWERSYNC_PUBLIC_KEY=${PRIVATE}`], /is a private key/],
      [["POWERSYNC_ISSUER=it's # mine"], /quotation mark/],
      [["--delete", "X"], /--delete/],
    ] as const
  ) {
    await assertKept(before, args, reason);
  }
  await assertKept('A="open\n', ["--remove", "A"], /line 1: a quotation mark in A is never closed/);
  assertRefused(await edit(undefined), /^There is no file .*\.env: /m);
});

Deno.test("with nothing to change, a good file is not touched", async () => {
  const { code, stdout, text, path } = await edit(`${URL_LINE}\r\n`);
  assertEquals([code, stdout, text], [0, `${path}: nothing to change.\n`, `${URL_LINE}\r\n`]);
});

Deno.test("what cannot be read is repaired where nothing need be guessed: env_faults_test.ts has every form", async () => {
  const utf16 = new Uint8Array(Uint16Array.from(`${URL_LINE}\r\n`, (c) => c.charCodeAt(0)).buffer);
  assertEquals(await edited(utf16), `${URL_LINE}\n`);
  const { stdout, text } = await edit(`POWERSYNC_PRIVATE_KEY=${inLines(PRIVATE)}\n`);
  assertMatch(stdout, /: repaired its format\.$/m);
  assertEquals(text, `POWERSYNC_PRIVATE_KEY=${PRIVATE}\n`);
  await assertKept("hunter2 secret\n", [], /line 1: neither NAME=value nor a comment/);
});

const inLines = (text: string) => text.replace(/.{64}/g, "$&\n").trim();

const pem = async (format: "pkcs8" | "spki") => {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = Buffer.from(await crypto.subtle.exportKey(format, format === "spki" ? publicKey : privateKey));
  const label = format === "spki" ? "PUBLIC KEY" : "PRIVATE KEY";
  return `-----BEGIN ${label}-----\n${inLines(der.toString("base64"))}\n-----END ${label}-----`;
};

Deno.test("a key that was changed on its way is changed back, and then it is usable", async () => {
  const json = JSON.stringify(privateJwk);
  const pkcs8 = await pem("pkcs8");
  for (
    const value of [
      btoa(PRIVATE),
      Buffer.from(json, "utf16le").toString("base64"),
      Buffer.from(`\ufeff${json}`, "utf16le").toString("base64"),
      json.replaceAll('"', "“"),
      `'${json.replaceAll('"', "”")}'`,
      `"${json.replaceAll('"', "'")}"`,
      json.replaceAll('"', ""),
      `"${pkcs8}"`,
      pkcs8,
      pkcs8.replaceAll("\n", "\\n"),
    ]
  ) {
    const text = await edited(`POWERSYNC_PRIVATE_KEY=${value}\n${URL_LINE}\n`);
    const variables = parseEnv(text);
    assertEquals(await inspect(variables, { place: "deployment" }), []);
    if (!value.includes("PRIVATE KEY")) {
      const { value: jwk } = { value: undefined, ...decodeJsonSecret(`${variables.POWERSYNC_PRIVATE_KEY}`) };
      assertEquals(jwk, privateJwk);
    }
  }
  const list = "[{'issuer':'https://id.example','audience':'app'}]";
  const text = await edited(`POWERSYNC_IDENTITY_PROVIDERS="${list}"\n`);
  assertEquals(text, `POWERSYNC_IDENTITY_PROVIDERS=${btoa(list.replaceAll("'", '"'))}\n`);
});

Deno.test("a key that cannot be told for certain, or is not broken, stays as it is", async () => {
  for (const value of [PRIVATE.slice(0, 100), "00".repeat(32), PUBLIC, PRIVATE, `"${await pem("spki")}"`]) {
    const before = `POWERSYNC_PRIVATE_KEY=${value}\n`;
    const { stdout, path, text } = await edit(before);
    assertEquals([stdout, text], [`${path}: nothing to change.\n`, before]);
  }
});
