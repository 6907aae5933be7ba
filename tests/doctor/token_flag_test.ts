import { assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { readFlags } from "../../scripts/cli/flags.ts";
import { readHidden } from "../../scripts/cli/hidden-input.ts";
import { readTokenFlags, type TokenFlags, withTokenFlags } from "../../scripts/doctor/tokens/token-flag.ts";
import { userToken } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";

const token = await userToken();

/** What a pipe gives, or a person at a terminal. */
interface Given {
  readonly piped?: string;
  readonly typed?: string;
}

/** Reads flags as the doctor does, and keeps what goes to standard error and what is asked. */
async function read(
  args: readonly string[],
  { piped = "", typed }: Given = {},
): Promise<TokenFlags & { warned: string; asked: string[] }> {
  const [warned, asked]: [string[], string[]] = [[], []];
  const { error } = console;
  console.error = (text: string) => void warned.push(text);
  try {
    const flags = readFlags(withTokenFlags(args), {
      token: { type: "string" },
      "user-token": { type: "string" },
      json: { type: "boolean" },
    });
    const found = await readTokenFlags(flags, {
      isTerminal: typed !== undefined,
      ask: (question) => Promise.resolve((asked.push(question), typed ?? "")),
      stream: new Blob([piped]).stream(),
    });
    return { ...found, warned: warned.join("\n"), asked };
  } finally {
    console.error = error;
  }
}

async function refused(args: readonly string[], reason: RegExp, given?: Given): Promise<void> {
  const { message } = await assertRejects(() => read(args, given), CommandError);
  assertMatch(message, reason);
  for (const arg of args) if (arg.length > 20) assertFalse(message.includes(arg));
}

Deno.test("a token comes from a file, whatever the file is called", async () => {
  await inFolder(async (folder) => {
    // PowerShell 5 writes UTF-16 with a byte order mark.
    const utf16 = Uint16Array.from(`\ufeff${token}`, (unit) => unit.charCodeAt(0));
    await Deno.writeFile(`${folder}/utf16`, new Uint8Array(utf16.buffer));
    assertEquals((await read(["--user-token", `${folder}/utf16`]))["user-token"], token);
    for (const name of ["token.txt", "token", "ey file"]) {
      await Deno.writeTextFile(`${folder}/${name}`, `${token}\n`);
      const { token: found, warned } = await read(["--token", `${folder}/${name}`]);
      assertEquals([found, warned], [`${token}\n`, ""]);
    }
    await Deno.writeTextFile(`${folder}/empty`, "\n");
    await Deno.writeTextFile(`${folder}/large`, "x".repeat(300_000));
    await refused(["--token", `${folder}/empty`], /--token is empty/);
    await refused(["--token", `${folder}/large`], /--token holds more than 256 KB/);
    await refused(["--token", folder], /folder/);
    await refused(["--token", `${folder}/missing`], /names a file that does not exist/);
  });
});

Deno.test("a hyphen reads standard input, for one of the flags", async () => {
  const piped = `Bearer ${token}\n`;
  const found = await read(["--token", "-", "--json"], { piped });
  assertEquals([found.token, found.warned], [piped, ""]);
  await refused(["--token", "-", "--user-token", "-"], /Standard input holds one token/, { piped });
  await refused(["--user-token", "-"], /--user-token is empty/);
  await refused(["--token", "-"], /more than 256 KB/, { piped: "x".repeat(300_000) });
});

Deno.test("a flag without value asks at the prompt, wherever it stands", async () => {
  const cases: readonly (readonly [args: string[], asked: number])[] = [
    [["--token"], 1],
    [["--token", "--json"], 1],
    [["--json", "--token"], 1],
    [["--", "--token", "--json"], 1],
    [["--token", "--user-token"], 2],
    // On a terminal, standard input is the prompt too.
    [["--token", "-", "--user-token", "-"], 2],
  ];
  for (const [args, count] of cases) {
    const { asked, warned, ...found } = await read(args, { typed: token });
    assertEquals([found.token, warned, asked.length], [token, "", count]);
    assertMatch(asked[0] ?? "", /--token/);
    if (count === 2) assertEquals(found["user-token"], token);
  }
  await refused(["--token"], /no terminal for a prompt: pass a file, or - for standard input/);
  await refused(["--token"], /Nothing was entered/, { typed: "\n" });
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
  const cases: readonly (readonly [pieces: string[], read: string])[] = [
    [[long.slice(0, 4_095), long.slice(4_095), "\r"], long],
    [[`${token}\n`], token],
    // Lines in a paste are not Enter, also where its end comes in two pieces.
    [['\x1b[200~{\r"token":1\r}\x1b[201~', "\r"], '{\n"token":1\n}'],
    [["\x1b[200~a\r", "b\r\x1b[20", "1~", "\r"], "a\nb"],
    [["ab\x7fc\r"], "ac"],
    [["wrong\x15right\r"], "right"],
    [["abc", "\x04"], "abc"],
    [["abc"], "abc"],
  ];
  for (const [pieces, wanted] of cases) {
    const terminal = terminalOf(...pieces);
    assertEquals([(await readHidden("", terminal)).trimEnd(), terminal.raw], [wanted, [true, false]]);
  }
});

Deno.test("Ctrl-C leaves the prompt, and the terminal as it was", async () => {
  const terminal = terminalOf("abc", "\x03");
  await assertRejects(() => readHidden("", terminal), CommandError, "Interrupted");
  assertEquals(terminal.raw, [true, false]);
  const endless = terminalOf(...Array(10).fill("x".repeat(60_000)));
  await assertRejects(() => readHidden("", endless), CommandError, "too long");
});
