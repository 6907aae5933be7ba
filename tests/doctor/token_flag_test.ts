import { assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { readFlags } from "../../scripts/cli/flags.ts";
import { readHidden } from "../../scripts/cli/hidden-input.ts";
import {
  readTokenFlags,
  type TokenFlags,
  type TokenInput,
  withTokenFlags,
} from "../../scripts/doctor/tokens/token-flag.ts";
import { userToken } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";

const token = await userToken();

/** What a person or a pipe gives, and what was asked. */
function inputOf({ piped = "", typed }: { piped?: string | Uint8Array; typed?: string }) {
  const asked: string[] = [];
  const input: Partial<TokenInput> = {
    isTerminal: typed !== undefined,
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(typed ?? "");
    },
    stream: new Blob([piped as BlobPart]).stream(),
  };
  return { input, asked };
}

/** Reads flags as the doctor does, and keeps what goes to standard error. */
async function read(
  args: readonly string[],
  { input } = inputOf({}),
): Promise<TokenFlags & { warned: string }> {
  const warned: string[] = [];
  const { error } = console;
  console.error = (text: string) => void warned.push(text);
  try {
    const flags = readFlags(withTokenFlags(args), {
      token: { type: "string" },
      "user-token": { type: "string" },
      json: { type: "boolean" },
    });
    return { ...await readTokenFlags(flags, input), warned: warned.join("\n") };
  } finally {
    console.error = error;
  }
}

async function refused(args: readonly string[], reason: RegExp, given = inputOf({})): Promise<void> {
  const { message } = await assertRejects(() => read(args, given), CommandError);
  assertMatch(message, reason);
  for (const arg of args.filter((arg) => arg.length > 20)) assertFalse(message.includes(arg));
}

Deno.test("a token comes from a file, whatever the file is called", async () => {
  await inFolder(async (folder) => {
    for (const name of ["token.txt", "token", "ey file"]) {
      await Deno.writeTextFile(`${folder}/${name}`, `${token}\n`);
      const { token: found, warned } = await read(["--token", `${folder}/${name}`]);
      assertEquals([found, warned], [`${token}\n`, ""]);
    }
    // PowerShell 5 writes UTF-16 with a byte order mark.
    const utf16 = new Uint8Array([
      0xff,
      0xfe,
      ...new Uint8Array(Uint16Array.from(token, (c) => c.charCodeAt(0)).buffer),
    ]);
    await Deno.writeFile(`${folder}/utf16`, utf16);
    assertEquals((await read(["--user-token", `${folder}/utf16`]))["user-token"], token);
    await Deno.writeTextFile(`${folder}/empty`, "\n");
    await refused(["--token", `${folder}/empty`], /--token is empty/);
    await Deno.writeTextFile(`${folder}/large`, "x".repeat(300_000));
    await refused(["--token", `${folder}/large`], /--token holds more than 256 KB/);
    await refused(["--token", folder], /folder/);
    await refused(["--token", `${folder}/missing`], /names a file that does not exist/);
  });
});

Deno.test("a hyphen reads standard input, for one of the flags", async () => {
  const found = await read(["--token", "-", "--json"], inputOf({ piped: `Bearer ${token}\n` }));
  assertEquals([found.token, found.warned], [`Bearer ${token}\n`, ""]);
  await refused(
    ["--token", "-", "--user-token", "-"],
    /Standard input holds one token/,
    inputOf({ piped: token }),
  );
  await refused(["--user-token", "-"], /--user-token is empty/, inputOf({ piped: "" }));
  await refused(["--token", "-"], /more than 256 KB/, inputOf({ piped: "x".repeat(300_000) }));
});

Deno.test("a flag without value asks at the prompt, wherever it stands", async () => {
  for (
    const args of [["--token"], ["--token", "--json"], ["--json", "--token"], ["--", "--token", "--json"]]
  ) {
    const given = inputOf({ typed: token });
    const { token: found, warned } = await read(args, given);
    assertEquals([found, warned, given.asked.length], [token, "", 1]);
    assertMatch(given.asked[0] ?? "", /--token/);
  }
  const both = inputOf({ typed: token });
  assertEquals((await read(["--token", "--user-token"], both))["user-token"], token);
  assertEquals(both.asked.length, 2);
  // On a terminal, standard input is the prompt too.
  assertEquals((await read(["--token", "-", "--user-token", "-"], inputOf({ typed: token }))).token, token);
  await refused(["--token"], /no terminal for a prompt: pass a file, or - for standard input/);
  await refused(["--token"], /Nothing was entered/, inputOf({ typed: "\n" }));
});

Deno.test("a typed token works, with one line that says why not", async () => {
  for (
    const typed of [
      token,
      `Bearer ${token}`,
      JSON.stringify({ token, powersync_url: "https://a.example/" }),
      "sb_secret_a/b",
      "k7zq3bwtw2xh",
      `https://a.example/#access_token=${token}`,
    ]
  ) {
    const { token: found, warned } = await read(["--token", typed]);
    assertEquals(found, typed);
    assertMatch(warned, /^--token: .*history.*CI logs.*task runner prints it\.$/);
    assertFalse(warned.includes(typed));
  }
  assertEquals((await read(["--json"])).warned, "");
  await refused(["--token", ""], /--token is empty: the shell's variable may not be set/);
  for (const path of ["./token.jwt", "~/token", "secrets\\token", "token.txt", "/dev/stdin"]) {
    await refused(["--token", path], /a file that does not exist|a device/);
  }
});

/** A terminal that gives its reader these pieces, and tells how it was left. */
function terminalOf(...pieces: string[]) {
  const raw: boolean[] = [];
  return {
    raw,
    setRaw: (on: boolean) => void raw.push(on),
    read(buffer: Uint8Array) {
      const piece = pieces.shift();
      return Promise.resolve(
        piece === undefined ? null : new TextEncoder().encodeInto(piece, buffer).written,
      );
    },
  };
}

Deno.test("the prompt reads to Enter, however long and in how many pieces", async () => {
  const long = "x".repeat(20_000);
  const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;
  const cases: readonly (readonly [string[], string])[] = [
    [[`${long.slice(0, 4_095)}`, long.slice(4_095), "\r"], long],
    [[`${token}\n`], token],
    // Lines in a paste are not Enter, also where its end comes in two pieces.
    [[paste('{\r"token":1\r}'), "\r"], '{\n"token":1\n}'],
    [["\x1b[200~a\r", "b\r\x1b[20", "1~", "\r"], "a\nb"],
    [["ab\x7fc\r"], "ac"],
    [["wrong\x15right\r"], "right"],
    [["abc", "\x04"], "abc"],
    [["abc"], "abc"],
  ];
  for (const [pieces, wanted] of cases) {
    const terminal = terminalOf(...pieces);
    assertEquals((await readHidden("", terminal)).trimEnd(), wanted);
    assertEquals(terminal.raw, [true, false]);
  }
});

Deno.test("Ctrl-C leaves the prompt, and the terminal as it was", async () => {
  const terminal = terminalOf("abc", "\x03");
  await assertRejects(() => readHidden("", terminal), CommandError, "Interrupted");
  assertEquals(terminal.raw, [true, false]);
  await assertRejects(
    () => readHidden("", terminalOf(...Array(10).fill("x".repeat(60_000)))),
    CommandError,
    "too long",
  );
});
