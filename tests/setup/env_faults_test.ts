import { assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { EnvFileError } from "../../scripts/setup/env-faults.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { inspect } from "../../scripts/setup/inspect.ts";
import { inFolder } from "../support/run_script.ts";

const { privateJwk } = await makeKeyPair("RS256");
const KEY = encodeSecret(privateJwk);
const JSON_LINES = JSON.stringify(privateJwk, null, 2);
const PEM = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG\n".repeat(3)}-----END PRIVATE KEY-----`;
const URL_LINE = "POWERSYNC_URL=https://sync.example.org\n";
const inLines = (text: string, width = 64) => text.replace(new RegExp(`.{${width}}`, "g"), "$&\n").trim();

async function errorOf(text: string | Uint8Array): Promise<EnvFileError> {
  const errors: EnvFileError[] = [];
  await inFolder(async (folder) => {
    const path = join(folder, ".env");
    await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    const error = await assertRejects(() => readEnvFile(path), EnvFileError);
    assertEquals(error.path, path);
    assertMatch(
      error.message,
      new RegExp(`^${path}${error.line === undefined ? "" : `, line ${error.line}`}: `),
    );
    errors.push(error);
  });
  const [error] = errors;
  if (error === undefined) throw new Error("The file was read.");
  assertFalse(/hunter2|eyJ|MII/.test(error.message), error.message);
  return error;
}

for (
  const [what, text, expected] of [
    ["base64 in lines", `# k\nPOWERSYNC_PRIVATE_KEY=${inLines(KEY)}\n`, [
      "wrapped-value",
      3,
      "POWERSYNC_PRIVATE_KEY",
      true,
    ]],
    ["base64 in lines with CRLF", `POWERSYNC_PRIVATE_KEY=${inLines(KEY)}\n`.replaceAll("\n", "\r\n"), [
      ...["wrapped-value", 2, "POWERSYNC_PRIVATE_KEY", true],
    ]],
    ["base64 that begins on the next line", `POWERSYNC_PRIVATE_KEY=\n${inLines(KEY, 76)}\n${URL_LINE}`, [
      ...["wrapped-value", 2, "POWERSYNC_PRIVATE_KEY", true],
    ]],
    [
      "two lines of base64, of which the last ends in padding",
      `${URL_LINE}POWERSYNC_PRIVATE_KEY=${
        inLines(
          btoa(`${JSON.stringify(privateJwk)}${" ".repeat(4 - JSON.stringify(privateJwk).length % 3)}`),
          1500,
        )
      }\n`,
      ["wrapped-value", 3, "POWERSYNC_PRIVATE_KEY", true],
    ],
    ["base64 in lines that was cut", `POWERSYNC_PRIVATE_KEY=${inLines(KEY.slice(0, 200))}\n`, [
      ...["wrapped-value", 2, "POWERSYNC_PRIVATE_KEY", false],
    ]],
    ["JSON in lines", `POWERSYNC_PRIVATE_KEY=${JSON_LINES}\n${URL_LINE}`, [
      ...["wrapped-value", 2, "POWERSYNC_PRIVATE_KEY", true],
    ]],
    ["JSON in lines that was cut", `${URL_LINE}POWERSYNC_PRIVATE_KEY=${JSON_LINES.slice(0, 50)}\n`, [
      ...["wrapped-value", 3, "POWERSYNC_PRIVATE_KEY", false],
    ]],
    [
      "a list of identity providers in lines",
      `POWERSYNC_IDENTITY_PROVIDERS=[\n  {"issuer":"https://id.example"}\n]\n`,
      [
        ...["wrapped-value", 2, "POWERSYNC_IDENTITY_PROVIDERS", true],
      ],
    ],
    ["a PEM in lines", `POWERSYNC_PRIVATE_KEY=${PEM}\n`, ["wrapped-value", 2, "POWERSYNC_PRIVATE_KEY", true]],
    ["NAME: value", `${URL_LINE}POWERSYNC_ISSUER: hunter2\n`, ["line", 2, "POWERSYNC_ISSUER", true]],
    ["NAME value", "POWERSYNC_ISSUER hunter2\n", ["line", 1, "POWERSYNC_ISSUER", true]],
    ["set NAME=value", "\nset POWERSYNC_ISSUER=hunter2\n", ["line", 2, "POWERSYNC_ISSUER", true]],
    ["a name with hyphens", "powersync-issuer=hunter2\n", ["line", 1, "POWERSYNC_ISSUER", true]],
    ["JSON", '{\n  "POWERSYNC_ISSUER": "hunter2"\n}\n', ["line", 1, undefined, true]],
    ["JSON with another name", '{\n  "OTHER_NAME": "hunter2"\n}\n', ["line", 1, undefined, false]],
    ["another name", "OTHER_NAME: hunter2\n", ["line", 1, undefined, false]],
    ["text", `${URL_LINE}hunter2\n`, ["line", 2, undefined, false]],
    ["base64 behind a complete value", `POWERSYNC_PRIVATE_KEY=${KEY}\nhunter2hunter2hunter2\n`, [
      ...["line", 2, undefined, false],
    ]],
    [
      "base64 behind a complete value without padding",
      `POWERSYNC_PRIVATE_KEY=${btoa('{"a":12}')}\nhunter2hunter2hunter2\n`,
      [
        ...["line", 2, undefined, false],
      ],
    ],
    ["an open quotation mark", `${URL_LINE}POWERSYNC_ISSUER="hunter2\nA=1\n`, [
      ...["open-quote", 2, "POWERSYNC_ISSUER", false],
    ]],
  ] as const
) {
  Deno.test(`a file that cannot be read: ${what}`, async () => {
    const { id, line, variable, repairable, message } = await errorOf(text);
    assertEquals([id.replace("env-file-", ""), line, variable, repairable], [...expected], message);
  });
}

Deno.test("the sentence says what is wrong and what to write instead", async () => {
  assertMatch(
    (await errorOf(`POWERSYNC_PRIVATE_KEY=${inLines(KEY)}\n`)).message,
    /line 2: the value of POWERSYNC_PRIVATE_KEY continues here without quotation marks\. Put it on one line\.$/,
  );
  assertMatch(
    (await errorOf(`POWERSYNC_PRIVATE_KEY=${PEM}\n`)).message,
    /, which is a private key in PEM form, continues/,
  );
  assertMatch(
    (await errorOf("POWERSYNC_TTL: 600\n")).message,
    /line 1: neither .* Write POWERSYNC_TOKEN_TTL=…$/,
  );
});

Deno.test("UTF-16 is named as such, with and without a byte order mark", async () => {
  for (const text of [URL_LINE, `\ufeff${URL_LINE}`]) {
    for (const littleEndian of [true, false]) {
      const view = new DataView(new ArrayBuffer(text.length * 2));
      for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
      const { id, line, repairable, message } = await errorOf(new Uint8Array(view.buffer));
      assertEquals([id, line, repairable], ["env-file-utf16", undefined, true]);
      assertMatch(message, /: it is UTF-16, which cannot be uploaded\. Save it as UTF-8\.$/);
    }
  }
});

Deno.test("what other programs write, and the functions take, is not a fault", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, ".env");
    const expected = { POWERSYNC_PRIVATE_KEY: KEY, POWERSYNC_URL: "https://sync.example.org" };
    for (
      const text of [
        `POWERSYNC_PRIVATE_KEY=${KEY}\n${URL_LINE}`,
        `\ufeffPOWERSYNC_PRIVATE_KEY=${KEY}\n${URL_LINE}`,
        `POWERSYNC_PRIVATE_KEY=${KEY}\r\n${URL_LINE.trim()}\r\n`,
        `\ufeffPOWERSYNC_PRIVATE_KEY=“${KEY}”\r\nPOWERSYNC_URL=‘https://sync.example.org’\r\n`,
        `export POWERSYNC_PRIVATE_KEY="${KEY}"\n\n# url\n  POWERSYNC_URL = 'https://sync.example.org'  \n`,
        `POWERSYNC_PRIVATE_KEY=${KEY}\nPOWERSYNC_URL=https://sync.example.org # mine`,
        `POWERSYNC_URL=old\nPOWERSYNC_PRIVATE_KEY=\`${KEY}\`\n${URL_LINE}`,
      ]
    ) {
      await Deno.writeTextFile(path, text);
      const variables = await readEnvFile(path) ?? {};
      assertEquals(variables, expected);
      assertEquals(await inspect(variables, { place: "deployment" }), []);
    }
    await Deno.writeTextFile(path, `POWERSYNC_PRIVATE_KEY='${JSON_LINES}'\n${URL_LINE}POWERSYNC_AUDIENCE=\n`);
    assertEquals(await inspect(await readEnvFile(path) ?? {}, { place: "deployment" }), []);
  });
});

Deno.test("JSON with typographic quotation marks inside is a fault, and the message says so", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, ".env");
    await Deno.writeTextFile(
      path,
      `POWERSYNC_PRIVATE_KEY=${JSON.stringify(privateJwk).replaceAll('"', "”")}\n`,
    );
    const [finding] = await inspect(await readEnvFile(path) ?? {}, { place: "deployment" });
    assertEquals([finding?.id, finding?.mendable], ["KEY_MALFORMED", true]);
    assertMatch(`${finding?.message}`, /JSON whose quotation marks a shell or an editor removed or changed/);
  });
});
