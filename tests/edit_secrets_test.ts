import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { main } from "../scripts/edit-secrets.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { readEnvFile } from "../scripts/setup/env-file.ts";
import { inspect } from "../scripts/setup/inspect.ts";
import { decodeJsonSecret } from "../supabase/functions/_shared/powersync/secret.ts";
import { assertRefused, callCommand } from "./support/call_command.ts";
import { inFolder, type Ran, runTask } from "./support/run_script.ts";

const { privateJwk, publicJwk } = await makeKeyPair("ES256");
const [PRIVATE, PUBLIC] = [encodeSecret(privateJwk), encodeSecret(publicJwk)];
const URL_LINE = "POWERSYNC_URL=https://sync.example.org";

/** What the file is after the command, which succeeded. */
async function edited(before: string | Uint8Array, args: string[]): Promise<string> {
  const after: string[] = [];
  await edit(before, args, async (path, ran) => {
    assertEquals([ran.code, ran.stderr], [0, ""]);
    assertFalse(ran.stdout.includes(PRIVATE) || ran.stdout.includes(`${privateJwk.d}`));
    after.push(await Deno.readTextFile(path));
  });
  return after.join("");
}

/** The command was refused with one sentence, and the file is as it was. */
async function assertKept(before: string, args: string[], reason: RegExp): Promise<void> {
  await edit(before, args, async (path, ran) => {
    assertRefused(ran, reason);
    assertFalse(ran.stderr.includes(PRIVATE));
    assertEquals(await Deno.readTextFile(path), before);
  });
}

async function edit(
  before: string | Uint8Array,
  args: string[],
  check: (path: string, ran: Ran) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, "secrets.env");
    await Deno.writeFile(path, typeof before === "string" ? new TextEncoder().encode(before) : before);
    await check(path, await callCommand(main, ["--env-file", path, ...args]));
  });
}

Deno.test("a key is mended while it is renamed", async () => {
  const doubled = Buffer.from(PRIVATE).toString("base64");
  const after = await edited(`POWERSYNC_KEY=${doubled}\n${URL_LINE}\n`, [
    ...["--rename", "POWERSYNC_KEY=POWERSYNC_PRIVATE_KEY"],
  ]);
  assertEquals(after, `${URL_LINE}\nPOWERSYNC_PRIVATE_KEY=${PRIVATE}\n`);
});

Deno.test("it sets, removes and renames, and keeps every other line", async () => {
  const before =
    `# mine\nSTRIPE_KEY=sk\nPOWERSYNC_TTL=600\nPOWERSYNC_URL=x\nPOWERSYNC_PUBLIC_KEY=${PUBLIC}\n`;
  assertEquals(
    await edited(before, [
      "POWERSYNC_URL=https://sync.example.org",
      ...["--remove", "POWERSYNC_PUBLIC_KEY", "--rename", "POWERSYNC_TTL=POWERSYNC_TOKEN_TTL"],
    ]),
    `# mine\nSTRIPE_KEY=sk\nPOWERSYNC_TOKEN_TTL=600\n${URL_LINE}\n`,
  );
});

Deno.test("a renamed variable replaces what had its new name, and two may exchange their names", async () => {
  assertEquals(
    await edited(`POWERSYNC_URL=old\nPOWER_SYNC_URL="https://sync.example.org"\n`, [
      ...["--rename", "POWER_SYNC_URL=POWERSYNC_URL"],
    ]),
    `${URL_LINE}\n`,
  );
  const swapped = `POWERSYNC_PRIVATE_KEY=${PUBLIC}\nPOWERSYNC_PUBLIC_KEY=${PRIVATE}\n`;
  const names = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"] as const;
  assertEquals(
    await edited(swapped, ["--rename", names.join("="), "--rename", names.toReversed().join("=")]),
    `POWERSYNC_PUBLIC_KEY=${PUBLIC}\nPOWERSYNC_PRIVATE_KEY=${PRIVATE}\n`,
  );
});

Deno.test("a value that needs quotation marks gets them, and is read as it was given", async () => {
  const list = '[{"issuer":"https://id.example","audience":"app #1 $HOME"}]';
  const text = await edited("", [`POWERSYNC_IDENTITY_PROVIDERS=${list}`]);
  assertEquals(text, `POWERSYNC_IDENTITY_PROVIDERS='${list}'\n`);
  await edit(text, ["POWERSYNC_ISSUER=a = b"], async (path) => {
    const { POWERSYNC_IDENTITY_PROVIDERS, POWERSYNC_ISSUER } = await readEnvFile(path) ?? {};
    assertEquals([POWERSYNC_IDENTITY_PROVIDERS, POWERSYNC_ISSUER], [list, "a = b"]);
  });
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
    assertRefused(await runTask("edit-secrets", set, { cwd }), /^Git would commit \.env\.production/m);
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
    await assertKept(before, [...args], reason);
  }
  await assertKept('A="open\n', ["--remove", "A"], /line 1: a quotation mark in A is never closed/);
  await inFolder(async (folder) => {
    const nowhere = join(folder, "nowhere.env");
    assertRefused(await callCommand(main, ["--env-file", nowhere]), /^There is no file .*nowhere\.env/m);
  });
});

Deno.test("with nothing to change, a good file is not touched", async () => {
  await edit(`${URL_LINE}\r\n`, [], async (path, ran) => {
    assertEquals([ran.code, ran.stdout], [0, `${path}: nothing to change.\n`]);
    assertEquals(await Deno.readTextFile(path), `${URL_LINE}\r\n`);
  });
});

function utf16(text: string, { littleEndian, mark }: { littleEndian: boolean; mark: boolean }): Uint8Array {
  const units = mark ? `\ufeff${text}` : text;
  const view = new DataView(new ArrayBuffer(units.length * 2));
  for (let i = 0; i < units.length; i++) view.setUint16(2 * i, units.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
}

Deno.test("a file in UTF-16 is written in UTF-8", async () => {
  const text = `# Schlüssel\r\n${URL_LINE}\r\nPOWERSYNC_PRIVATE_KEY=${PRIVATE}\r\n`;
  for (const littleEndian of [true, false]) {
    for (const mark of [true, false]) {
      const written = await edited(utf16(text, { littleEndian, mark }), []);
      assertEquals(written, text.replaceAll("\r", ""));
    }
  }
});

const LINES = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, "g"), "$&\n").trim();

Deno.test("a wrapped key is written in one line: base64 of any width, with padding, and JSON", async () => {
  const json = JSON.stringify(privateJwk, null, 2);
  for (const value of [PRIVATE, btoa(`${json} `), btoa(`${json}  `)]) {
    for (const width of [64, 76]) {
      for (const start of ["", "\n"]) {
        const wrapped = `${URL_LINE}\nPOWERSYNC_PRIVATE_KEY=${start}${LINES(value, width)}\nA=1\n`;
        assertEquals(await edited(wrapped, []), `${URL_LINE}\nPOWERSYNC_PRIVATE_KEY=${value}\nA=1\n`);
      }
    }
  }
  const written = await edited(`POWERSYNC_PRIVATE_KEY=${json}\n${URL_LINE}\n`, []);
  assertEquals(written, `POWERSYNC_PRIVATE_KEY=${btoa(json)}\n${URL_LINE}\n`);
});

const pem = async (format: "pkcs8" | "spki") => {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = Buffer.from(await crypto.subtle.exportKey(format, format === "spki" ? publicKey : privateKey));
  const label = format === "spki" ? "PUBLIC KEY" : "PRIVATE KEY";
  return `-----BEGIN ${label}-----\n${LINES(der.toString("base64"), 64)}\n-----END ${label}-----`;
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
    const text = await edited(`POWERSYNC_PRIVATE_KEY=${value}\n${URL_LINE}\n`, []);
    const variables = parseEnv(text);
    assertEquals(await inspect(variables, { place: "deployment" }), []);
    if (!value.includes("PRIVATE KEY")) {
      const { value: jwk } = { value: undefined, ...decodeJsonSecret(`${variables.POWERSYNC_PRIVATE_KEY}`) };
      assertEquals(jwk, privateJwk);
    }
  }
  const list = "[{'issuer':'https://id.example','audience':'app'}]";
  const text = await edited(`POWERSYNC_IDENTITY_PROVIDERS="${list}"\n`, []);
  assertEquals(text, `POWERSYNC_IDENTITY_PROVIDERS=${btoa(list.replaceAll("'", '"'))}\n`);
});

Deno.test("a key that cannot be told for certain, or is not broken, stays as it is", async () => {
  for (const value of [PRIVATE.slice(0, 100), "00".repeat(32), PUBLIC, PRIVATE, `"${await pem("spki")}"`]) {
    const before = `POWERSYNC_PRIVATE_KEY=${value}\n`;
    await edit(before, [], async (path, { stdout }) => {
      assertEquals(stdout, `${path}: nothing to change.\n`);
      assertEquals(await Deno.readTextFile(path), before);
    });
  }
});

Deno.test("lines as other tools write them get their equals sign, and comments stay", async () => {
  const before = [
    "# POWERSYNC_URL: commented",
    "POWERSYNC_URL: https://sync.example.org",
    'powersync_issuer: "mine"',
    "set POWERSYNC_TOKEN_TTL=600",
    "$env:POWERSYNC_SESSION_CHECK = 'server'",
  ];
  const text = await edited(before.join("\n"), []);
  assertEquals(
    text,
    `# POWERSYNC_URL: commented\n${URL_LINE}\nPOWERSYNC_ISSUER="mine"\nPOWERSYNC_TOKEN_TTL=600\nPOWERSYNC_SESSION_CHECK='server'\n`,
  );
  await assertKept("hunter2 secret\n", [], /line 1: neither NAME=value nor a comment/);
});

Deno.test("--help lists the flags", async () => {
  const { code, stdout } = await callCommand(main, ["--help"]);
  assertEquals(code, 0);
  for (const flag of ["--env-file", "--remove", "--rename"]) assertMatch(stdout, new RegExp(`${flag} `));
});
