import { assertEquals, assertFalse, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { EnvFileError } from "../../scripts/setup/env-faults.ts";
import { openEnvFile, readEnvFile, updateEnvFile } from "../../scripts/setup/env-file.ts";
import { inspect } from "../../scripts/setup/inspect.ts";
import { inFolder } from "../support/run_script.ts";

const { privateJwk } = await makeKeyPair("RS256");
const KEY = encodeSecret(privateJwk);
const JSON_LINES = JSON.stringify(privateJwk, null, 2);
const LIST = '[\n  {"issuer":"https://id.example"}\n]';
const PEM = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG\n".repeat(3)}-----END PRIVATE KEY-----`;
const URL_LINE = "POWERSYNC_URL=https://sync.example.org\n";
const NAME = "POWERSYNC_PRIVATE_KEY";
const inLines = (text: string, width = 64) => text.replace(new RegExp(`.{${width}}`, "g"), "$&\n").trim();

type Case = readonly [
  what: string,
  text: string | Uint8Array,
  /** Its ID, the line and the variable. */
  fault: string,
  /** What it becomes when it is mended, where that needs no person. */
  mended?: string,
];

const WRAPPED = [KEY, btoa(`${JSON_LINES} `), btoa(`${JSON_LINES}  `)].flatMap((value, padding) =>
  [64, 76].flatMap((width) =>
    ["", "\n"].map((start): Case => [
      `base64 in lines of ${width}, padding ${padding}${start && ", that begins on the next line"}`,
      `${URL_LINE}${NAME}=${start}${inLines(value, width)}\nA=1\n`,
      `wrapped-value 3 ${NAME}`,
      `${URL_LINE}${NAME}=${value}\nA=1\n`,
    ])
  )
);

const UTF16 = [`# Schlüssel\r\n${URL_LINE}`, `\ufeff${URL_LINE}`].flatMap((text) =>
  [true, false].map((littleEndian): Case => {
    const view = new DataView(new ArrayBuffer(text.length * 2));
    for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
    const what = `UTF-16${littleEndian ? "LE" : "BE"}${text.startsWith("\ufeff") ? " with a mark" : ""}`;
    return [what, new Uint8Array(view.buffer), "utf16", text.replace(/[\ufeff\r]/g, "")];
  })
);

const PADDED = `${JSON.stringify(privateJwk)}${" ".repeat(4 - JSON.stringify(privateJwk).length % 3)}`;
const LISTED = "POWERSYNC_IDENTITY_PROVIDERS";
const ISSUER = "POWERSYNC_ISSUER";

const CASES: readonly Case[] = [
  ...WRAPPED,
  ...UTF16,
  [
    "CRLF",
    `${NAME}=${inLines(KEY)}\n`.replaceAll("\n", "\r\n"),
    `wrapped-value 2 ${NAME}`,
    `${NAME}=${KEY}\n`,
  ],
  [
    "two lines of base64, of which the last ends in padding",
    `${NAME}=${inLines(btoa(PADDED), 1500)}`,
    `wrapped-value 2 ${NAME}`,
    `${NAME}=${btoa(PADDED)}\n`,
  ],
  ["base64 in lines that was cut", `${NAME}=${inLines(KEY.slice(0, 200))}\n`, `wrapped-value 2 ${NAME}`],
  [
    "JSON in lines",
    `${NAME}=${JSON_LINES}\nA=1\n`,
    `wrapped-value 2 ${NAME}`,
    `${NAME}=${btoa(JSON_LINES)}\nA=1\n`,
  ],
  ["JSON in lines that was cut", `A=1\n${NAME}=${JSON_LINES.slice(0, 50)}\n`, `wrapped-value 3 ${NAME}`],
  [
    "a list of providers in lines",
    `${LISTED}=${LIST}`,
    `wrapped-value 2 ${LISTED}`,
    `${LISTED}=${btoa(LIST)}\n`,
  ],
  ["a PEM in lines", `${NAME}=${PEM}\n`, `wrapped-value 2 ${NAME}`, `${NAME}="${PEM}"\n`],
  ["NAME: value", `A=1\n${ISSUER}: hunter2\n`, `line 2 ${ISSUER}`, `A=1\n${ISSUER}=hunter2\n`],
  ["NAME value", `${ISSUER} hunter2\n`, `line 1 ${ISSUER}`, `${ISSUER}=hunter2\n`],
  ["set NAME=value", `\nset ${ISSUER}=hunter2\n`, `line 2 ${ISSUER}`, `\n${ISSUER}=hunter2\n`],
  ["$env:NAME = 'value'", `$env:${ISSUER} = 'hunter2'`, `line 1 ${ISSUER}`, `${ISSUER}='hunter2'\n`],
  ["a name in small letters", 'powersync_issuer: "hunter2"', `line 1 ${ISSUER}`, `${ISSUER}="hunter2"\n`],
  [
    "a name with hyphens",
    "# a-b: x\npowersync-issuer=hunter2",
    `line 2 ${ISSUER}`,
    `# a-b: x\n${ISSUER}=hunter2\n`,
  ],
  ["JSON", `{\n  "${ISSUER}": "hunter2"\n}\n`, "line 1", `${ISSUER}="hunter2"\n`],
  ["JSON with another name", '{\n  "OTHER_NAME": "hunter2"\n}\n', "line 1"],
  ["another name", "OTHER_NAME: hunter2\n", "line 1"],
  ["text", "A=1\n# note\n\nhunter2\n", "line 4"],
  ["text behind a value of two lines", 'A="one\ntwo"\nhunter2\n', "line 3"],
  // Space that comes along from a web page belongs to the name.
  ["odd space before a name", "A=1\n\u00a0B=hunter2\n", "line 2"],
  ["odd space behind a name", "A=1\nB\u2009=hunter2\n", "line 2"],
  ["base64 behind a complete value", `${NAME}=${KEY}\nhunter2hunter2hunter2\n`, "line 2"],
  ["base64 behind a value without padding", `${NAME}=${btoa('{"a":12}')}\nhunter2hunter2hunter2\n`, "line 2"],
  ["an open quotation mark", `A=1\r\n${ISSUER}="hunter2\r\nA=1\n`, `open-quote 2 ${ISSUER}`],
];

for (const [what, text, fault, mended] of CASES) {
  Deno.test(`a file that cannot be read: ${what}`, async () => {
    const { error, after } = await readFaulty(text);
    const { id, line = [], variable = [], repairable = false } = error.fault;
    assertEquals([id.replace("env-file-", ""), line, variable].flat().join(" "), fault, error.message);
    assertEquals([repairable, after], [mended !== undefined, mended]);
  });
}

/** Why a file cannot be read, and what it is after it was mended; nothing of a secret is shown. */
async function readFaulty(
  text: string | Uint8Array,
): Promise<{ error: EnvFileError; after: string | undefined }> {
  let found: { error: EnvFileError; after: string | undefined } | undefined;
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    const error = await assertRejects(() => readEnvFile(path), EnvFileError);
    assertEquals(error.path, path);
    const { line } = error.fault;
    assertStringIncludes(error.message, `${path}${line === undefined ? "" : `, line ${line}`}: `);
    const file = await openEnvFile(path, { mend: true }).catch(() => undefined);
    if (file !== undefined) await updateEnvFile(file, {});
    found = { error, after: file && await Deno.readTextFile(path) };
  });
  if (found === undefined) throw new Error("The file was read.");
  assertFalse(/hunter2|eyJ|MII/.test(found.error.message), found.error.message);
  return found;
}

for (
  const [text, sentence] of [
    [
      `${NAME}=${inLines(KEY)}\n`,
      /line 2: the value of POWERSYNC_PRIVATE_KEY continues here without quotation marks\. Put it on one line\.$/,
    ],
    [`${NAME}=${PEM}\n`, /, which is a private key in PEM form, continues/],
    ["POWERSYNC_TTL: 600\n", /line 1: neither .* Write POWERSYNC_TOKEN_TTL=…$/],
    ['GONE="a\nA=1\n', /line 1: a quotation mark in GONE is never closed\. Close it\.$/],
    ["\0A\0=\x001", /: it is UTF-16, which cannot be uploaded\. Save it as UTF-8\.$/],
  ] as const
) {
  Deno.test(`the sentence says what is wrong and what to write instead: ${sentence}`, async () => {
    assertMatch((await readFaulty(text)).error.message, sentence);
  });
}

Deno.test("what other programs write, and the functions take, is not a fault", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    const expected = { POWERSYNC_PRIVATE_KEY: KEY, POWERSYNC_URL: "https://sync.example.org" };
    for (
      const text of [
        `${NAME}=${KEY}\n${URL_LINE}`,
        `\ufeff${NAME}=${KEY}\n${URL_LINE}`,
        `${NAME}=${KEY}\r\n${URL_LINE.trim()}\r\n`,
        `\ufeff${NAME}=“${KEY}”\r\nPOWERSYNC_URL=‘https://sync.example.org’\r\n`,
        `export ${NAME}="${KEY}"\n\n# url\n  POWERSYNC_URL = 'https://sync.example.org'  \n`,
        `${NAME}=${KEY}\nPOWERSYNC_URL=https://sync.example.org # mine`,
        `POWERSYNC_URL=old\n${NAME}=\`${KEY}\`\n${URL_LINE}`,
      ]
    ) {
      await Deno.writeTextFile(path, text);
      const variables = await readEnvFile(path) ?? {};
      assertEquals(variables, expected);
      assertEquals(await inspect(variables, { place: "deployment" }), []);
    }
    await Deno.writeTextFile(path, `${NAME}='${JSON_LINES}'\n${URL_LINE}POWERSYNC_AUDIENCE=\n`);
    assertEquals(await inspect(await readEnvFile(path) ?? {}, { place: "deployment" }), []);
    // What is not read as JSON is a fault of the value.
    await Deno.writeTextFile(path, `${NAME}=${JSON.stringify(privateJwk).replaceAll('"', "”")}\n`);
    const [finding] = await inspect(await readEnvFile(path) ?? {}, { place: "deployment" });
    assertEquals([finding?.id, finding?.mendable], ["KEY_MALFORMED", true]);
    assertMatch(`${finding?.message}`, /JSON whose quotation marks a shell or an editor removed or changed/);
  });
});
